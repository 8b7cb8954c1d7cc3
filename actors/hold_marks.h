// Which bytes of one connection's output may leave.
//
// Pure; one per client of a LISTENER. A mark says: from this offset on, nothing leaves before the
// shard's batch of that number is acknowledged. Marks are in the order of the output, so one
// comparison tells how far the client may be answered. Bounds: one mark per un-acknowledged (shard,
// batch) and connection; the connection's output bound bounds those.
#pragma once

#include <cstdint>
#include <vector>

#include "actors/stream_messages.h"
#include "net/connection.h"

namespace twincached {

class HoldMarks {
 public:
  // Bytes from `offset` on wait for `seq` of `shard`.
  void Add(uint64_t offset, uint32_t shard, uint64_t seq);
  // Drops what is satisfied; returns the first offset that must not leave, net::kNoSendLimit when
  // all may.
  uint64_t Release(const Acknowledged& acknowledged);
  void Clear();
  bool empty() const { return first_ == marks_.size(); }

 private:
  struct Mark {
    uint64_t offset;
    uint64_t seq;
    uint32_t shard;
  };

  std::vector<Mark> marks_;
  size_t first_ = 0;  // marks before it are satisfied
};

}  // namespace twincached
