// LatencyHistogram: how long many operations took, in a fixed 18 KiB.
//
// What it is: counts in logarithmic buckets, 64 to each power of two, so a percentile is at most
// 1.6 % above the true value. What it is not: a list of samples, thread-safe, or a clock.
// Owned by whoever measures; recording allocates nothing.
//
// Bounds: values are nanoseconds below 2^40 (18 minutes); a larger one counts in the last bucket,
// while max_ns() stays exact.
//
// Invariants: (1) count() is the sum of the buckets; (2) a percentile never exceeds max_ns();
// (3) percentiles grow with their argument.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace twincached::bench {

class LatencyHistogram {
 public:
  void Record(uint64_t ns);

  // Adds everything that `other` has recorded.
  void Merge(const LatencyHistogram& other);

  void Reset() { *this = LatencyHistogram(); }

  // The smallest bucket bound under which at least `percent` of the values lie; 0 when empty.
  // REQUIRES: 0 <= percent <= 100.
  uint64_t PercentileNs(double percent) const;

  uint64_t MeanNs() const { return count_ == 0 ? 0 : sum_ns_ / count_; }
  uint64_t max_ns() const { return max_ns_; }
  uint64_t count() const { return count_; }

 private:
  static constexpr int kSubBucketBits = 6;
  static constexpr int kValueBits = 40;
  static constexpr size_t kSubBuckets = size_t{1} << kSubBucketBits;
  static constexpr size_t kBuckets = (kValueBits - kSubBucketBits + 1) * kSubBuckets;

  static size_t BucketOf(uint64_t ns);
  static uint64_t UpperBoundNs(size_t bucket);

  std::array<uint64_t, kBuckets> buckets_ = {};
  uint64_t count_ = 0;
  uint64_t sum_ns_ = 0;
  uint64_t max_ns_ = 0;
};

}  // namespace twincached::bench
