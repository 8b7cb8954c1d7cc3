#include "tests/bench/latency_histogram.h"

#include <algorithm>
#include <cmath>

#include "proto/check.h"

namespace twincached::bench {

// Values below 2 * kSubBuckets have a bucket each. Above, the top kSubBucketBits + 1 bits choose
// the bucket: `shift` low bits are dropped, and each further power of two adds kSubBuckets.
size_t LatencyHistogram::BucketOf(uint64_t ns) {
  const uint64_t value = std::min<uint64_t>(ns, (uint64_t{1} << kValueBits) - 1);
  if (value < 2 * kSubBuckets) return value;
  const int highest_bit = 63 - __builtin_clzll(value);
  const int shift = highest_bit - kSubBucketBits;
  return static_cast<size_t>(shift) * kSubBuckets + (value >> shift);
}

uint64_t LatencyHistogram::UpperBoundNs(size_t bucket) {
  if (bucket < 2 * kSubBuckets) return bucket;
  const size_t shift = bucket / kSubBuckets - 1;
  const uint64_t top_bits = bucket - shift * kSubBuckets;
  return ((top_bits + 1) << shift) - 1;
}

void LatencyHistogram::Record(uint64_t ns) {
  const size_t bucket = BucketOf(ns);
  DCHECK_LT(bucket, kBuckets);
  ++buckets_[bucket];
  ++count_;
  sum_ns_ += ns;
  max_ns_ = std::max(max_ns_, ns);
}

void LatencyHistogram::Merge(const LatencyHistogram& other) {
  for (size_t i = 0; i < kBuckets; ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  sum_ns_ += other.sum_ns_;
  max_ns_ = std::max(max_ns_, other.max_ns_);
}

uint64_t LatencyHistogram::PercentileNs(double percent) const {
  DCHECK_GE(percent, 0.0);
  DCHECK_LE(percent, 100.0);
  if (count_ == 0) return 0;
  const double exact_rank = std::ceil(percent / 100.0 * static_cast<double>(count_));
  const uint64_t rank = std::max<uint64_t>(1, static_cast<uint64_t>(exact_rank));
  uint64_t seen = 0;
  for (size_t i = 0; i < kBuckets; ++i) {
    seen += buckets_[i];
    if (seen >= rank) return std::min(UpperBoundNs(i), max_ns_);
  }
  return max_ns_;
}

}  // namespace twincached::bench
