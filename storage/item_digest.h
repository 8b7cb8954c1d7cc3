// What two nodes compare instead of an item: 64 bits made from its key's hash and its header.
//
// What it is: a pure function. The digest of a slot is the sum, modulo 2^64, of its items' digests,
// so that no order matters and one change costs one digest. What it is not: a checksum of values. A
// version names one value for ever, so version, length, client flags, marks and expiry say what a
// value is; expiry is in it because a touch changes nothing else. What only this node knows (where
// the item lies, whether it was read) is not.
//
// Invariant: two items that differ in one of these fields, or in the key's hash alone, have
// different digests: each step is a bijection of what it mixes in.
#pragma once

#include <cstdint>

#include "storage/item.h"

namespace twincached {

struct DigestInput {
  uint64_t hash = 0;  // the one that places the key (HashKey): seeded alike on both nodes
  uint64_t version = 0;
  int64_t expiry_ms = kNever;  // up to 48 bits
  uint32_t client_flags = 0;
  uint32_t value_bytes = 0;
  uint8_t marks = 0;  // stale and won: two bits
};

inline uint64_t DigestOf(const DigestInput& item) {
  constexpr uint64_t kFactor = 0x9fb21c651e98df25;  // odd; from XXH3's rrmxmx
  constexpr int kMarksBit = 62;
  const auto mix = [](uint64_t value) {
    value *= kFactor;
    return value ^ value >> 32;
  };
  uint64_t digest = mix(item.hash ^ (uint64_t{item.client_flags} << 32 | item.value_bytes));
  digest = mix(digest ^ item.version);
  digest = mix(digest ^ static_cast<uint64_t>(item.expiry_ms) ^ uint64_t{item.marks} << kMarksBit);
  digest *= kFactor;
  return digest ^ digest >> 29;
}

inline uint64_t DigestOf(uint64_t hash, const ItemHeader& item) {
  return DigestOf({hash, item.version(), item.expiry_ms(), item.client_flags(), item.value_bytes(),
                   item.marks()});
}

}  // namespace twincached
