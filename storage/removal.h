// Removing an item and telling so: what delete, expiry and eviction have in common.
#pragma once

#include "storage/item_store.h"
#include "storage/shard_call.h"
#include "storage/shard_stats.h"

namespace twincached {

// Removes the live item at `location`, tells call.records and counts it. REQUIRES: call.deciding().
inline void RemoveAndTell(uint64_t hash, Location location, replication::Remove::Cause cause,
                          const ShardCall& call, ItemStore* store, ShardStats* stats) {
  const ItemHeader& item = *store->At(location);
  const bool fetched = (item.state & kItemFetched) != 0;
  if (cause == replication::Remove::EVICTED) {
    ++stats->evictions;
    if (!fetched) ++stats->evicted_unfetched;
  } else if (cause == replication::Remove::EXPIRED) {
    ++stats->reclaimed;
    if (!fetched) ++stats->expired_unfetched;
  }
  call.records->Remove(item.key(), cause);
  store->Remove(hash, location);
}

}  // namespace twincached
