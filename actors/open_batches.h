// The batches in the stream that the peer has not acknowledged, and what it has acknowledged of
// each shard.
//
// Pure; owned by the LINK while it is source. Positions are the stream's, sequence numbers the
// shard's. Bounds: the window (kWindowBytesMax) stops the clients before there are too many.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>

#include "actors/stream_messages.h"

namespace twincached {

class OpenBatches {
 public:
  explicit OpenBatches(uint32_t shard_count) : acknowledged_(shard_count, 0) {}

  // The batch `seq` of `shard` got `position`, higher than every earlier one. now_ms is running
  // time.
  void Add(uint64_t position, uint32_t shard, uint64_t seq, int64_t now_ms);
  // Everything up to `position` is acknowledged. False when that is no news.
  bool Acknowledge(uint64_t position, int64_t now_ms);
  // Batch `seq` of `shard` needs nobody's acknowledgement: this node answers alone.
  void Skip(uint32_t shard, uint64_t seq) {
    acknowledged_[shard] = std::max(acknowledged_[shard], seq);
  }
  // None of those that are open needs it any more.
  void SkipAll();

  const Acknowledged& acknowledged() const { return acknowledged_; }
  // How long there has been something to acknowledge and no progress; 0 when there is nothing.
  int64_t StuckMs(int64_t now_ms) const { return batches_.empty() ? 0 : now_ms - progress_ms_; }

 private:
  struct Batch {
    uint64_t position;
    uint64_t seq;
    uint32_t shard;
  };

  std::deque<Batch> batches_;
  Acknowledged acknowledged_;  // by shard
  int64_t progress_ms_ = 0;
};

}  // namespace twincached
