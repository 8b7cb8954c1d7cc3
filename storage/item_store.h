// The items of a shard: log, index and per-slot account as one thing that is always consistent.
//
// What it is: find, put, move, remove and flush items, and the arithmetic of the memory bound. What
// it is not: it decides nothing, knows no time and tells nobody (RECLAIMER, Executor and Applier
// do). Owned by a shard, used on its thread only. Bounds: memory_bytes() is compared with
// memory_bytes_max by Fits(), which every Put needs first.
//
// Invariants:
// 1. An item is live when it is not marked dead and its version is above its slot's floor; then and
// only then the index refers to it.
// 2. Versions within a slot grow: a Put at or below the slot's floor is refused by the callers
// (FloorOf).
// 3. A slot's digest is the sum of DigestOf() of its live items.
// 4. What is counted by slot and size (51 KiB in all shards, beside the bound) is of live items.
// 5. One segment is kept in reserve: free, or room in the bound to map one. Compaction needs it to
// make progress.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "proto/key_hash.h"
#include "storage/ghost_table.h"
#include "storage/index.h"
#include "storage/item.h"
#include "storage/placement.h"
#include "storage/segment_log.h"
#include "storage/shard_options.h"
#include "storage/shard_stats.h"
#include "storage/size_class.h"

namespace twincached {

// Where an item with this key's hash is.
struct HashedLocation {
  uint64_t hash;
  Location location;
};

class ItemStore {
 public:
  explicit ItemStore(const ShardOptions& options);

  // ---- Items ----
  uint64_t slot_seed() const { return slot_seed_; }
  uint64_t HashOf(absl::string_view key) const { return HashKey(key, slot_seed_); }
  // The live item with this key, kNoLocation when there is none.
  Location Find(uint64_t hash, absl::string_view key) const;
  // Asks the processor for what a Find() of this hash will read: the index, later (when that is
  // there) the item.
  void PrefetchIndex(uint64_t hash) const { index_.Prefetch(hash); }
  void PrefetchItem(uint64_t hash) const;
  ItemHeader* At(Location location) const { return log_.At(location); }
  ItemView ViewOf(Location location) const;
  // For walks over segments.
  bool IsLive(const ItemHeader& item) const;

  Footprint FootprintOf(const ItemView& item) const;
  Footprint FootprintOf(const ItemHeader& item) const;
  // For an item that is to replace the one at `old` (kNoLocation: there is none).
  Placement PlacementFor(uint64_t hash, Location old, const ItemView& item) const;
  // Stores the item in place of the one at `old` and returns where it is; it is as hot as item.heat
  // and the old one say. kNoLocation, and nothing changed, when the kernel refuses memory.
  // REQUIRES: OverwritesInPlace() or Fits(); the placement is PlacementFor() this item. item's
  // views do not point into the log.
  Location Put(uint64_t hash, Location old, const ItemView& item, const Placement& placement);
  // The same footprint, and nobody reads the old value: it takes no memory then.
  bool OverwritesInPlace(Location old, const Placement& placement) {
    return FootprintOf(*At(old)) == placement.footprint && !log_.IsValuePinned(old);
  }
  // To the head of a queue. REQUIRES: live, and the head fits it.
  Location Move(uint64_t hash, Location from, Queue queue);
  void Remove(uint64_t hash, Location location);
  // False, and nothing changed, when the item has no room for one: it is to be Put again.
  bool SetExpiry(uint64_t hash, Location location, int64_t expiry_ms);
  // Of the live items in the slot, whether or not they have expired.
  uint64_t SlotDigest(uint32_t slot) const { return slots_[slot].digest; }
  // The live items of first_hash and above, in order of hash, up to *last_hash, which is the end of
  // first_hash's part of the index: some thousand items at most.
  std::vector<HashedLocation> ItemsFrom(uint64_t first_hash, uint64_t* last_hash) const;

  // ---- Flush ----
  // Every item in these slots is gone; takes the same time for any number of them.
  void FlushSlots(uint64_t slots);
  uint64_t own_slots() const { return own_slots_; }
  // Versions at or below it were flushed.
  uint64_t FloorOf(uint64_t hash) const { return slots_[SlotOf(hash)].floor_version; }

  // ---- Memory ----
  // Whether an item can be Put like this now.
  bool Fits(uint64_t hash, const Placement& placement) const;
  // One step towards Fits() that gives nothing up: another head, memory of free segments given
  // back. False when there is none.
  bool TryToFit(uint64_t hash, const Placement& placement);
  // While items are being moved to this queue the last segment is for them.
  void set_moving_to(absl::optional<Queue> queue) { moving_to_ = queue; }
  // Whether an item with this footprint could be held at all.
  bool CanEverFit(const Footprint& footprint) const;
  // Segments that can be opened within the bound.
  size_t AvailableSegments() const { return AvailableSegments(0); }
  // Whether the next head can be opened beside the reserve, and the index grow a little.
  bool HasRoomAhead() const { return AvailableSegments(log_.segment_bytes() / 4) >= 2; }
  // Memory that is needed soon and that nobody has touched: a free segment more, where segments are
  // huge pages and the bound is not near; else the ghosts, once. Empty when there is none.
  MemoryRange TakeColdMemory();
  size_t memory_bytes() const {
    return log_.memory_bytes() + index_.memory_bytes() + ghosts_.memory_bytes();
  }
  size_t memory_bytes_max() const { return memory_bytes_max_; }
  // Not below what the segments of this store need. A bound under what is used now is come to by
  // steps: until then the bound is what is used.
  void set_memory_bytes_max(size_t bytes);
  bool OverBound() const { return memory_bytes_max_ > memory_bytes_goal_; }
  // What was won stays won.
  void SinkBound() { memory_bytes_max_ = std::max(memory_bytes_goal_, memory_bytes()); }
  // Frees a little of what a flush left in the index. False when nothing is left.
  bool FreeFlushed() { return index_.has_dropped() && index_.FreeDropped(kTablesFreedPerStep); }
  // A sealed segment without live items, kNoSegment when there is none that is known.
  uint32_t FindDeadSegment();

  // ---- What was evicted lately ----
  void RememberEvicted(uint64_t hash) {
    ghosts_.Remember(hash);
    remembers_ = true;
  }
  // About as many as there are items now.
  void RememberAsMany() { ghosts_.SetDepth(items()); }

  // Every live item, in the order of the segments' numbers.
  void ForEachItem(const std::function<void(const ItemView&)>& visit) const;
  // Drops everything. The seed may change with it.
  void Clear(uint64_t slot_seed);

  uint64_t items() const;
  uint64_t bytes() const;
  // The same by size; and from every item that is there, which is slow: for tests.
  SizeClassCounts CountsBySize() const;
  SizeClassCounts RecountBySize() const;
  MemoryStats memory_stats() const;
  SegmentLog& log() { return log_; }
  const SegmentLog& log() const { return log_; }

  static size_t SegmentBytesFor(size_t memory_bytes_max);
  static size_t MemoryBytesMin();
  // Of a store that was begun with this bound: its segments are of the size that suits it.
  static size_t MemoryBytesMinOf(size_t memory_bytes_max) {
    return kSegmentsMin * SegmentBytesFor(memory_bytes_max);
  }

 private:
  static constexpr size_t kTablesFreedPerStep = 4;
  // Fewer segments than this leave too little beside head and reserve.
  static constexpr size_t kSegmentsMin = 16;

  struct SlotState {
    uint64_t items = 0;
    uint64_t bytes = 0;
    uint64_t outside_bytes = 0;  // of these
    uint64_t digest = 0;
    uint64_t newest_version = 0;
    uint64_t floor_version = 0;
    uint64_t flushed_sequence = 0;  // of the log, when it was flushed last
  };

  Queue QueueFor(uint64_t hash, Location old, const Heat& heat) const;
  Location PutNew(uint64_t hash, const ItemView& item, const Placement& placement);
  Location Append(uint64_t hash, const ItemView& item, const Placement& placement);
  void OverwriteInPlace(uint64_t hash, Location location, const ItemView& item);
  size_t AvailableSegments(size_t bytes_left) const;
  // The account of an item that comes, or that goes.
  void Enter(uint32_t slot, const Footprint& footprint);
  void Leave(uint32_t slot, const Footprint& footprint);
  SizeClassCounts& CountsOf(uint32_t slot) { return counts_by_size_[slot / shard_count_]; }
  size_t OtherBytes(uint64_t hash, const Placement& placement) const;

  const uint32_t shard_count_;
  const uint64_t own_slots_;
  const size_t ghost_count_;
  uint64_t slot_seed_;
  size_t memory_bytes_max_ = 0;
  size_t memory_bytes_goal_ = 0;  // at most the one above, which comes down to it
  SegmentLog log_;
  Index index_;
  GhostTable ghosts_;
  bool remembers_ = false;
  bool ghosts_told_ = false;  // by TakeColdMemory()
  std::array<SlotState, kSlotCount> slots_;
  std::vector<SizeClassCounts> counts_by_size_;  // of the own slots, in their order
  uint64_t floor_version_max_ = 0;
  uint64_t flushed_sequence_min_ = 0;  // of the own slots
  bool flushed_segments_ = false;      // there may be some that only a flush emptied
  absl::optional<Queue> moving_to_;
};

}  // namespace twincached
