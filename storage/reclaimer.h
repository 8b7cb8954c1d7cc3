// Makes room: decides which segment is given up, and what becomes of the items in it.
//
// What it is: the policy of storage. In this order: segments without live items; where a quarter of
// a segment or more is dead, its live items are moved to their queue's head (compaction); else,
// where eviction is allowed, the oldest segment of one queue is judged, as S3-FIFO does (Yang et
// al., SOSP '23): the small queue's when that has more than a tenth of the memory, else the main
// queue's. Of the small queue, what was used again moves to the main queue, the rest is evicted and
// remembered; a key that comes back then goes to the main queue at once. Of the main queue, what
// was used stays, and has been used once less. Expired items fall on the way, where the shard
// decides.
// What it is not: the bound; ItemStore::Fits() is. Owned by a shard.
// Bounds: one segment is in progress at a time, and a call walks no more of it than it must; it
// moves at most kMovedBytesPerCall, then it evicts also what was used.
//
// Invariants:
// 1. A shard that follows removes nothing here; it only compacts.
// 2. Whatever is removed is told before the Put that needed the room, and an item that a snapshot
// has still to come by is told before it moves.
// 3. What is left of a segment in progress finds room: ItemStore keeps a segment in reserve, and
// nothing is put in the head to which items are moved when that is the last one.
// 4. A pinned segment is begun only when there is no other, and only to give its items up: what
// they own outside is won, the segment itself when its last pin is gone.
#pragma once

#include <array>
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

  // Until the store Fits() the item with this key. False: it cannot be done. Items move: locations
  // are to be looked up again.
  bool MakeRoom(uint64_t hash, absl::string_view key, Placement placement, const ShardCall& call);
  // A little work ahead of need, so that a later MakeRoom finds it done. True when items may have
  // moved.
  bool WorkAhead(const Placement& placement, const ShardCall& call);
  // Towards a bound that was lowered; of a segment in progress so much. False when there is nothing
  // to do, or nothing can be done.
  bool Shrink(size_t walked_bytes_max, const ShardCall& call);
  // Bytes of log that a put with this placement walks for those that come after it.
  static size_t WorkFor(const Placement& placement);
  // The segment in progress is left as it is: the shard stops deciding, or drops everything.
  void Forget();
  // Nothing in it is to be pinned: it is about to be freed.
  bool InProgress(uint32_t segment) const { return victim_.segment == segment; }

 private:
  struct Victim {
    uint32_t segment = kNoSegment;
    uint32_t offset = 0;  // what lies before it is done
    bool evict = false;   // else: compaction
    bool pinned = false;  // and freed by somebody else
  };
  // What one call may do.
  struct Effort {
    size_t walked_bytes_max = 0;  // of a segment in progress, before the caller looks again
    size_t moved_bytes_left = 0;  // of items that are judged
    uint32_t victims = 0;         // begun
    bool may_exceed = false;      // the bound, by one segment: it is about to be freed
  };

  bool ShrinkStep(size_t walked_bytes_max, const ShardCall& call);
  bool Step(const ShardCall& call, Effort* effort);
  bool FreeDeadSegment();
  bool ChooseVictim(const ShardCall& call, Effort* effort);
  // The segment with the most dead bytes; false when they are fewer than `gain_bytes`.
  bool BeginCompaction(size_t gain_bytes, const Effort& effort);
  bool BeginEviction();
  // The oldest segment of the first queue that has one, pinned or not.
  uint32_t OldestOf(const std::array<Queue, 2>& queues, bool pinned);
  void Begin(uint32_t segment, bool evict);
  // False when nothing can be moved, nor evicted instead.
  bool WorkOnVictim(const ShardCall& call, Effort* effort);
  bool Keep(Location location, const ShardCall& call, const Effort& effort);
  void Judge(Location location, const ShardCall& call, Effort* effort);
  bool EarnsItsPlace(Location location, Effort* effort);
  bool TryMove(uint64_t hash, Location location, const ShardCall& call, const Effort& effort);
  uint32_t SegmentWithMostDeadBytes();

  ItemStore* const store_;
  const SnapshotCursor* const cursor_;
  Remover* const remover_;
  Victim victim_;
  uint32_t scan_segment_ = 0;  // where the next search for dead bytes begins
};

}  // namespace twincached
