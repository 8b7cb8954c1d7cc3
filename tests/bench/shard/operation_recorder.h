// OperationRecorder: what operations of one kind cost, and which of them took too long.
//
// What it is: a histogram of thread CPU times, and the operations over the limit one by one. The
// same workload makes the same operations in the same order, so one that took too long in every
// round was slow by itself; one that did so once may have met an interrupt, or a host that took the
// core. What it is not: a clock; it is told.
// Bounds: kSuspectsMax operations over the limit are kept, further ones only counted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "tests/bench/latency_histogram.h"

namespace twincached::bench {

struct Operation {
  uint64_t cpu_ns = 0;
  uint64_t wall_ns = 0;
  // Of all operations that were executed together with this one.
  uint64_t minor_faults = 0;
  uint64_t preemptions = 0;
};

class OperationRecorder {
 public:
  static constexpr size_t kSuspectsMax = 100'000;

  struct Suspect {
    uint64_t number = 0;  // which one of this kind it was, from 0
    Operation operation;
  };

  explicit OperationRecorder(uint64_t limit_ns) : limit_ns_(limit_ns) {}

  void Record(const Operation& operation);
  // Of the suspects, only those remain that are suspects there too, with the lesser times of both.
  void Confirm(const OperationRecorder& other_round);

  const LatencyHistogram& cpu() const { return cpu_; }
  uint64_t wall_max_ns() const { return wall_max_ns_; }
  uint64_t over_limit() const { return over_limit_; }  // in this round
  // In every round, in order of their numbers.
  const std::vector<Suspect>& suspects() const { return suspects_; }
  // The slowest of them first.
  std::vector<Suspect> Slowest(size_t count_max) const;

 private:
  const uint64_t limit_ns_;

  LatencyHistogram cpu_;
  uint64_t wall_max_ns_ = 0;
  uint64_t over_limit_ = 0;
  std::vector<Suspect> suspects_;
};

}  // namespace twincached::bench
