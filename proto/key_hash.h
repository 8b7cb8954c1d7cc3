// The seeded hash that places a key: its slot (one of 64), and its place in a shard's index.
//
// The seed belongs to the lineage of the data (replication.proto, Verdict): both nodes of a pair
// hash alike, a stranger cannot aim keys at one bucket.
#pragma once

#include <cstdint>

#include "absl/strings/string_view.h"

namespace twincached {

inline constexpr uint32_t kSlotCount = 64;

// XXH3, 64 bit.
uint64_t HashKey(absl::string_view key, uint64_t seed);

// The top six bits choose the slot, so that the low ones stay free for the index.
inline uint32_t SlotOf(uint64_t hash) { return static_cast<uint32_t>(hash >> 58); }

// The hashes of a slot.
inline uint64_t FirstHashOf(uint32_t slot) { return uint64_t{slot} << 58; }
inline uint64_t LastHashOf(uint32_t slot) { return FirstHashOf(slot) | ((uint64_t{1} << 58) - 1); }

// A part of one slot; both ends are in it.
struct HashRange {
  uint64_t first = 0;
  uint64_t last = 0;
};

// Shards own whole slots: slot s belongs to shard s % shard_count.
inline uint32_t ShardOfSlot(uint32_t slot, uint32_t shard_count) { return slot % shard_count; }

}  // namespace twincached
