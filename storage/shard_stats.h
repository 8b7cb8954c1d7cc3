// What a shard counts. `items` to `memory_bytes`, `memory` and the classes' items say what is, the
// others what happened since the last reset.
#pragma once

#include <array>
#include <cstdint>

#include "storage/size_class.h"

namespace twincached {

// Of one range of sizes.
struct SizeClassStats {
  uint64_t items = 0, bytes = 0;  // that are there, as ShardStats has them for all
  // What happened since the last reset.
  uint64_t evicted = 0, evicted_nonzero = 0, evicted_unfetched = 0;  // nonzero: with an expiry
  uint64_t expired_unfetched = 0, reclaimed = 0;
  uint64_t no_memory = 0;  // found no room
};

// Where the memory is, in bytes unless it says otherwise. Segments are those that have memory.
struct MemoryStats {
  uint64_t segments = 0, free_segments = 0;  // how many; the free ones are among the first
  uint64_t segment_bytes = 0;                // of all segments
  uint64_t used_bytes = 0;                   // of these, items live and dead
  uint64_t live_bytes = 0;                   // of these, live items
  uint64_t outside_bytes = 0;                // pages of large values, a flush may have taken some
  uint64_t index_bytes = 0;
  uint64_t ghost_bytes = 0;  // what is remembered of evicted keys
};

struct ShardStats {
  uint64_t items = 0;
  uint64_t bytes = 0;         // of live items: header, key and value, as counted against the bound
  uint64_t memory_bytes = 0;  // everything counted against the bound, index and dead items included
  uint64_t total_items = 0;   // ever stored
  uint64_t evictions = 0;
  uint64_t expired_unfetched = 0;
  uint64_t evicted_unfetched = 0;
  uint64_t reclaimed = 0;  // expired items whose room was taken back
  uint64_t get_hits = 0, get_misses = 0, get_expired = 0;
  uint64_t cmd_get = 0, cmd_set = 0, cmd_touch = 0, cmd_flush = 0;
  uint64_t delete_hits = 0, delete_misses = 0;
  uint64_t incr_hits = 0, incr_misses = 0, decr_hits = 0, decr_misses = 0;
  uint64_t cas_hits = 0, cas_misses = 0, cas_badval = 0;
  uint64_t touch_hits = 0, touch_misses = 0;
  uint64_t store_too_large = 0, store_no_memory = 0;
  MemoryStats memory;
  std::array<SizeClassStats, kSizeClasses> classes;

  SizeClassStats& ClassOf(size_t item_bytes) { return classes[SizeClassOf(item_bytes)]; }
  // An item of so many bytes found no room.
  void NoteNoMemory(size_t item_bytes) {
    ++store_no_memory;
    ++ClassOf(item_bytes).no_memory;
  }
};

}  // namespace twincached
