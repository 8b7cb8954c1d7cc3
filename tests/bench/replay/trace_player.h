// TracePlayer: plays one trace on several servers at once and counts what each of them has.
//
// What it is: a cache's client, in lock step: for every batch of requests it asks all targets for
// the batch's distinct keys, reads the answers, sets on each target what that one missed, and
// reads those answers; then comes the next batch. So all see the same requests at the same time,
// and a time to live means the same to all. What it is not: a load; it measures no speed.
// One thread; owned by main. Bounds: every wait ends (TargetConnection).
//
// Hits and misses are of requests. A key's further requests within a batch are not sent: they count
// as hits, because the first one found the key, or brought it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/bench/replay/multiget_answer.h"
#include "tests/bench/replay/target_connection.h"
#include "tests/bench/replay/trace_batch.h"
#include "tests/bench/replay/trace_source.h"

namespace twincached::bench {

struct PlayLength {
  uint64_t requests = 0;
  uint64_t warm_up = 0;  // of these, at the beginning: not counted
  size_t batch = 32;
};

struct TargetCounts {
  // After the warm-up.
  uint64_t hits = 0;
  uint64_t misses = 0;
  // From the first request on.
  uint64_t stored = 0;
  uint64_t refused = 0;  // sets that were answered with anything but STORED
  std::string first_refusal;
};

class TracePlayer {
 public:
  TracePlayer(const std::vector<TargetAddress>& targets, int timeout_ms);

  // Both return false with one line in `*error`. A player whose Play failed is not used again.
  bool Connect(std::string* error);
  bool Play(TraceSource* source, const PlayLength& length, std::string* error);

  size_t targets() const { return targets_.size(); }
  const TargetAddress& address(size_t target) const { return targets_[target]->link.address(); }
  const TargetCounts& counts(size_t target) const { return targets_[target]->counts; }

 private:
  struct Target {
    Target(const TargetAddress& address, int timeout_ms) : link(address, timeout_ms) {}

    TargetConnection link;
    MultigetAnswer answer;
    std::string sets;  // of this batch
    size_t sets_sent = 0;
    TargetCounts counts;
  };

  bool PlayBatch(bool counted, std::string* error);
  bool ReadGetAnswer(Target* target, std::string* error);
  bool ReadSetAnswers(Target* target, std::string* error);
  void CountAndMakeSets(bool counted, Target* target) const;

  // Owned here.
  std::vector<std::unique_ptr<Target>> targets_;
  TraceBatch batch_;
};

}  // namespace twincached::bench
