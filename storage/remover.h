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
    if (cause == replication::Remove::EVICTED) {
      CountEvicted(item);
    } else if (cause == replication::Remove::EXPIRED) {
      CountExpired(item);
    }
    call.records->Remove(item.key(), cause);
    store_->Remove(hash, location);
  }

 private:
  void CountEvicted(const ItemHeader& item) {
    SizeClassStats& by_size = stats_->ClassOf(store_->FootprintOf(item).total());
    ++stats_->evictions;
    ++by_size.evicted;
    if (item.expiry_ms() != kNever) ++by_size.evicted_nonzero;
    if (item.fetched()) return;
    ++stats_->evicted_unfetched;
    ++by_size.evicted_unfetched;
  }
  void CountExpired(const ItemHeader& item) {
    SizeClassStats& by_size = stats_->ClassOf(store_->FootprintOf(item).total());
    ++stats_->reclaimed;
    ++by_size.reclaimed;
    if (item.fetched()) return;
    ++stats_->expired_unfetched;
    ++by_size.expired_unfetched;
  }

  ItemStore* const store_;
  ShardStats* const stats_;
};

}  // namespace twincached
