// TraceSource: the requests of a synthetic cache trace, one after another.
//
// What it is: a deterministic generator: shape, number of keys and seed say everything. What it is
// not: a client; a trace says what is wanted, the player (TracePlayer) asks for it and sets what
// is missing. (tests/bench/trace.py reads something else, the times of a load's replies.)
// Pure; owned by whoever plays the trace. It needs a few words of memory, whatever the trace.
//
// The shapes, with `keys` distinct keys:
//   zipf-0.8, zipf-0.99, zipf-1.2  key r - 1 is asked for with probability ~ r^-exponent
//   scan   zipf-0.99, interrupted: after 2L such requests come L requests for L keys in a row that
//          were never asked for before and never are again; L is an eighth of `keys`
//   shift  zipf-0.99 over the ranks of a window of `keys` keys. Every kShiftRequests requests a new
//          key comes in as the most popular one, the others go down by one rank, the last drops out
//   mixed  zipf-0.99, with values of 20 to 4000 bytes and times to live
//
// Invariants:
//   1. A key's size and time to live depend on shape, seed and key only.
//   2. A request with `once` set has a key that no other request has.
#pragma once

#include <cstdint>

#include "absl/strings/string_view.h"
#include "tests/bench/replay/random_bits.h"
#include "tests/bench/replay/zipf.h"

namespace twincached::bench {

// Values of the mixed shape: a bounded Pareto distribution with exponent 1/2, half of them below
// 70 bytes, 283 bytes on average. Those of the others are equally likely in their range.
constexpr uint32_t kMixedValueBytesMin = 20;
constexpr uint32_t kMixedValueBytesMax = 4000;
constexpr uint32_t kPlainValueBytesMin = 50;
constexpr uint32_t kPlainValueBytesMax = 150;

// A new key in every twentieth request: in as many requests as there are keys, the 5 % most popular
// ones, which get four fifths of the requests, have been replaced.
constexpr uint32_t kShiftRequests = 20;
// Of `keys`, in one scan.
constexpr uint32_t kScanShare = 8;

// Key numbers are 32 bits: `keys`, and the new ones of a trace that has so many requests.
constexpr uint32_t kTraceKeysMax = 1u << 31;
constexpr uint64_t kTraceRequestsMax = 1u << 31;

struct TraceShape {
  absl::string_view name;
  double exponent;
  bool has_scans = false;
  bool shifts = false;
  bool is_mixed = false;
};

constexpr TraceShape kTraceShapes[] = {
    {"zipf-0.8", 0.8},
    {"zipf-0.99", 0.99},
    {"zipf-1.2", 1.2},
    {"scan", 0.99, true, false, false},
    {"shift", 0.99, false, true, false},
    {"mixed", 0.99, false, false, true},
};

// The shape of that name, or nullptr.
const TraceShape* FindTraceShape(absl::string_view name);

struct TraceRequest {
  uint32_t key = 0;
  uint32_t value_bytes = 0;
  uint32_t ttl_seconds = 0;  // 0: never expires
  bool once = false;         // of a scan: never asked for again
};

class TraceSource {
 public:
  // REQUIRES: 1 <= keys <= kTraceKeysMax. `shape` outlives the source.
  TraceSource(const TraceShape* shape, uint32_t keys, uint64_t seed);

  // The next request; a trace has no end. REQUIRES: at most kTraceRequestsMax calls.
  TraceRequest Next();

 private:
  uint32_t NextKey();
  uint32_t ValueBytes(uint64_t key_bits) const;
  uint32_t TtlSeconds(uint64_t key_bits) const;

  // Fixed at construction.
  const TraceShape* shape_;
  uint32_t keys_;
  uint64_t scan_keys_;  // L
  uint64_t key_salt_;
  Zipf zipf_;
  // Owned here.
  RandomBits random_;
  uint64_t requests_ = 0;
  uint32_t keys_scanned_ = 0;
};

// Sums the key and value bytes of all distinct keys of the next `requests` requests, without those
// that are asked for `once`: the trace's working set. Takes a bit of memory per key.
uint64_t WorkingSetBytes(TraceSource source, uint64_t requests, uint64_t key_bytes);

}  // namespace twincached::bench
