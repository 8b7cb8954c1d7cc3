#include "storage/slot_copy.h"

#include <vector>

#include "proto/check.h"

namespace twincached {

uint64_t ReadSlotPart(const ItemStore& store, uint64_t first, size_t bytes_max,
                      RecordWriter* records) {
  uint64_t last = 0;
  const std::vector<HashedLocation> items = store.ItemsFrom(first, &last);
  const size_t bytes_before = records->bytes().size();
  for (size_t i = 0; i < items.size(); ++i) {
    const bool full = records->bytes().size() - bytes_before >= bytes_max;
    // Keys with the same hash stay together.
    if (i > 0 && full && items[i].hash != items[i - 1].hash) return items[i - 1].hash;
    records->PutWithHeat(store.ViewOf(items[i].location));
  }
  return last;
}

void DropAllBut(const absl::flat_hash_set<std::string>& keys, const HashRange& range,
                ItemStore* store) {
  CHECK_EQ(SlotOf(range.first), SlotOf(range.last));
  uint64_t part_last = 0;
  for (uint64_t first = range.first; first <= range.last; first = part_last + 1) {
    for (const HashedLocation& item : store->ItemsFrom(first, &part_last)) {
      if (item.hash > range.last) break;
      const absl::string_view key = store->At(item.location)->key();
      if (!keys.contains(std::string(key.data(), key.size()))) {
        store->Remove(item.hash, item.location);
      }
    }
    if (part_last >= range.last) break;  // also where the next one would be beyond 64 bits
  }
}

}  // namespace twincached
