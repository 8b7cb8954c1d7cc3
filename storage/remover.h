// Removes an item and tells so: what delete, expiry and eviction have in common.
//
// Holds no state of its own; store and stats are the shard's.
#pragma once

#include "storage/item_store.h"
#include "storage/shard_call.h"
#include "storage/shard_stats.h"

namespace twincached {

class Remover {
 public:
  Remover(ItemStore* store, ShardStats* stats) : store_(store), stats_(stats) {}

  // Removes the live item at `location`, tells call.records and counts it.
  // REQUIRES: call.deciding().
  void Remove(uint64_t hash, Location location, replication::Remove::Cause cause,
              const ShardCall& call) {
    const ItemHeader& item = *store_->At(location);
    const bool fetched = item.fetched();
    if (cause == replication::Remove::EVICTED) {
      ++stats_->evictions;
      if (!fetched) ++stats_->evicted_unfetched;
    } else if (cause == replication::Remove::EXPIRED) {
      ++stats_->reclaimed;
      if (!fetched) ++stats_->expired_unfetched;
    }
    call.records->Remove(item.key(), cause);
    store_->Remove(hash, location);
  }

 private:
  ItemStore* const store_;
  ShardStats* const stats_;
};

}  // namespace twincached
