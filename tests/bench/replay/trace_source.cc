#include "tests/bench/replay/trace_source.h"

#include <algorithm>
#include <vector>

#include "proto/check.h"

namespace twincached::bench {
namespace {

// Of ten keys of the mixed shape.
constexpr uint32_t kTtlSeconds[] = {0, 0, 0, 0, 2, 2, 10, 10, 60, 60};

}  // namespace

const TraceShape* FindTraceShape(absl::string_view name) {
  for (const TraceShape& shape : kTraceShapes) {
    if (shape.name == name) return &shape;
  }
  return nullptr;
}

TraceSource::TraceSource(const TraceShape* shape, uint32_t keys, uint64_t seed)
    : shape_(shape),
      keys_(keys),
      scan_keys_(std::max<uint64_t>(1, keys / kScanShare)),
      key_salt_(MixBits(~seed)),
      zipf_(keys, shape->exponent),
      random_(seed) {
  CHECK_LE(keys, kTraceKeysMax);
}

TraceRequest TraceSource::Next() {
  DCHECK_LT(requests_, kTraceRequestsMax);
  const uint32_t scanned_before = keys_scanned_;
  TraceRequest request;
  request.key = NextKey();
  request.once = keys_scanned_ != scanned_before;
  // Two hashes: the size of a key says nothing of its time to live.
  const uint64_t key_bits = MixBits(key_salt_ + request.key * kGoldenGamma);
  request.value_bytes = ValueBytes(key_bits);
  request.ttl_seconds = TtlSeconds(MixBits(key_bits));
  ++requests_;
  return request;
}

uint32_t TraceSource::NextKey() {
  if (shape_->has_scans && requests_ % (3 * scan_keys_) >= 2 * scan_keys_) {
    return keys_ + keys_scanned_++;
  }
  const uint32_t rank = zipf_.Next(&random_);
  if (!shape_->shifts) return rank - 1;
  return static_cast<uint32_t>(requests_ / kShiftRequests) + keys_ - rank;
}

uint32_t TraceSource::ValueBytes(uint64_t key_bits) const {
  const double unit = UnitFromBits(key_bits);
  if (!shape_->is_mixed) {
    constexpr uint32_t kSizes = kPlainValueBytesMax - kPlainValueBytesMin + 1;
    return kPlainValueBytesMin + static_cast<uint32_t>(unit * kSizes);
  }
  // The share of sizes up to x is (1 - sqrt(min / x)) / (1 - sqrt(min / max)); this is its inverse.
  // 0.0707 is the square root of 20 / 4000.
  constexpr double kRootOfRange = 0.070710678118654752;
  const double root = 1 - unit * (1 - kRootOfRange);
  const uint32_t bytes = static_cast<uint32_t>(kMixedValueBytesMin / (root * root));
  return std::min(bytes, kMixedValueBytesMax);
}

uint32_t TraceSource::TtlSeconds(uint64_t key_bits) const {
  if (!shape_->is_mixed) return 0;
  return kTtlSeconds[static_cast<size_t>(UnitFromBits(key_bits) * std::size(kTtlSeconds))];
}

uint64_t WorkingSetBytes(TraceSource source, uint64_t requests, uint64_t key_bytes) {
  std::vector<bool> seen;
  uint64_t bytes = 0;
  for (uint64_t i = 0; i < requests; ++i) {
    const TraceRequest request = source.Next();
    if (request.once) continue;
    if (request.key >= seen.size()) seen.resize(std::max<size_t>(request.key + 1, seen.size() * 2));
    if (seen[request.key]) continue;
    seen[request.key] = true;
    bytes += key_bytes + request.value_bytes;
  }
  return bytes;
}

}  // namespace twincached::bench
