// Makes room: decides which segment is given up, and what becomes of the items in it.
//
// What it is: the policy of storage. In this order: segments without live items; where a quarter of
// a segment or more is dead, its live items are moved to the head (compaction); else, where
// eviction is allowed, the oldest segment: what was read since it was written gets a second chance
// (is moved to the head), the rest is evicted. Expired items fall on the way, where the shard
// decides. What it is not: the bound; ItemStore::Fits() is. Owned by a shard. Bounds: one call
// gives up at most what the shard holds; second chances and compactions within a call are limited,
// so that it ends.
//
// Invariants:
// 1. A shard that follows removes nothing here; it only compacts.
// 2. Whatever is removed is told before the Put that needed the room, and an item that a snapshot
// has still to come by
//    is told before it moves.
#pragma once

#include <cstdint>

#include "storage/item_store.h"
#include "storage/remover.h"
#include "storage/shard_call.h"
#include "storage/snapshot_cursor.h"

namespace twincached {

class Reclaimer {
 public:
  Reclaimer(ItemStore* store, const SnapshotCursor* cursor, Remover* remover)
      : store_(store), cursor_(cursor), remover_(remover) {}

  // Until the store Fits() the item. False: it cannot be done. Items move: locations are to be
  // looked up again.
  bool MakeRoom(uint64_t hash, absl::string_view key, const Footprint& footprint,
                const ShardCall& call);
  // A little work ahead of need, so that a later MakeRoom finds it done. True when items may have
  // moved.
  bool WorkAhead(size_t log_bytes, const ShardCall& call);
  // Towards a bound that was lowered; one segment at most. False when there is nothing to do, or
  // nothing can be done.
  bool Shrink(const ShardCall& call);
  // The segment in progress is left as it is: the shard stops deciding, or drops everything.
  void Forget() { victim_ = kNoSegment; }

 private:
  struct Effort {
    uint32_t victims = 0;  // begun in this call
    size_t bytes =
        0;  // of log, that the victim in progress may be walked before the call looks again
  };

  bool Step(const ShardCall& call, Effort* effort);
  bool FreeDeadSegment();
  // Compaction of the segment with the most dead bytes; false when they are fewer than
  // `gain_bytes`.
  bool Compact(size_t gain_bytes, const ShardCall& call);
  bool BeginVictim(const Effort& effort);
  void WorkOnVictim(size_t bytes_max, const ShardCall& call);
  void GiveUp(Location location, const ShardCall& call);
  bool TryMove(uint64_t hash, Location location, const ShardCall& call);
  uint32_t SegmentWithMostDeadBytes() const;

  ItemStore* const store_;
  const SnapshotCursor* const cursor_;
  Remover* const remover_;
  uint32_t victim_ = kNoSegment;  // being evicted; what lies before victim_offset_ is done
  uint32_t victim_offset_ = 0;
  size_t second_chance_bytes_ = 0;  // left for this victim
};

}  // namespace twincached
