// What a shard counts. `items` to `memory_bytes` say what is, the others what happened since the
// last reset.
#pragma once

#include <cstdint>

namespace twincached {

struct ShardStats {
  uint64_t items = 0;
  uint64_t bytes = 0;         // of live items: header, key and value, as counted against the bound
  uint64_t memory_bytes = 0;  // everything counted against the bound, index and dead items included
  uint64_t total_items = 0;   // ever stored
  uint64_t evictions = 0;
  uint64_t expired_unfetched = 0;
  uint64_t evicted_unfetched = 0;
  uint64_t reclaimed = 0;  // expired items whose room was taken back
  uint64_t get_hits = 0, get_misses = 0, get_expired = 0, get_flushed = 0;
  uint64_t cmd_get = 0, cmd_set = 0, cmd_touch = 0, cmd_flush = 0;
  uint64_t delete_hits = 0, delete_misses = 0;
  uint64_t incr_hits = 0, incr_misses = 0, decr_hits = 0, decr_misses = 0;
  uint64_t cas_hits = 0, cas_misses = 0, cas_badval = 0;
  uint64_t touch_hits = 0, touch_misses = 0;
  uint64_t store_too_large = 0, store_no_memory = 0;
};

}  // namespace twincached
