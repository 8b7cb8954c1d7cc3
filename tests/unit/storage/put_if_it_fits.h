// Puts an item into an ItemStore when that gives nothing up, for tests.
#pragma once

#include "storage/item_store.h"

namespace twincached {

// kNoLocation when it does not fit.
inline Location PutIfItFits(const ItemView& item, ItemStore* store) {
  const uint64_t hash = store->HashOf(item.key);
  const Location old = store->Find(hash, item.key);
  const Placement placement = store->PlacementFor(hash, old, item);
  while (!store->Fits(hash, placement)) {
    if (!store->TryToFit(hash, placement)) return kNoLocation;
  }
  return store->Put(hash, old, item, placement);
}

}  // namespace twincached
