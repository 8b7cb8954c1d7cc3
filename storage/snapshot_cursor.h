// A walk over everything live, for a joiner, in chunks, while the store goes on.
//
// What it is: which items were there when it began and have not been told yet, each queue's oldest
// first, so that the joiner gives them up in the same order. What it is not: a
// copy. Items that are written after Begin() are told live by whoever writes them, so the walk
// leaves them out. Items that are overwritten where they lie, touched or removed are found as they
// are now, or not at all: their records came before. Owned by a shard. Bounds: none of its own.
//
// Invariant: an item that existed at Begin() and is live now was told by Next(), or lies before the
// end that its segment had at Begin(), at or behind the cursor. So whoever moves an item tells it
// first if MustTell().
#pragma once

#include <cstdint>
#include <vector>

#include "storage/item_store.h"
#include "storage/record_writer.h"

namespace twincached {

class SnapshotCursor {
 public:
  explicit SnapshotCursor(ItemStore* store) : store_(store) {}

  void Begin();
  // Appends up to about bytes_max of puts. False when the last item has been passed.
  bool Next(size_t bytes_max, RecordWriter* records);
  void Abandon();
  bool active() const { return active_; }
  // Whether the walk still has to come by this item.
  bool MustTell(Location location) const;

 private:
  // Walks over dead items cost time and fill no chunk.
  static constexpr size_t kScanBytesMax = 1u << 20;

  void Finish();

  ItemStore* const store_;
  bool active_ = false;
  std::vector<uint32_t> segments_;  // of the log at Begin()
  size_t at_ = 0;                   // in segments_
  uint32_t offset_ = kSegmentBegin;
};

}  // namespace twincached
