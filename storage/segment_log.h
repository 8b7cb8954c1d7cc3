// The log of a shard: fixed-size segments that items are appended to, in two queues.
//
// Each queue is first in, first out; Reclaimer says what belongs in the main one.
//
// What it is: the owner of all item bytes, inside segments and outside them, and the account of
// their memory. What it is not: an index or a policy; it does not know which item a key means, nor
// which segment to give up. Owned by an ItemStore, used on its thread only. Bounds: none of its
// own; memory_bytes() is exact and the caller compares before it opens a head or maps a value.
//
// Invariants:
// 1. At most one segment of a queue is its head; only heads are appended to. A queue's sealed
// segments form one list, oldest first.
// 2. live_bytes of a segment is the sum of LogBytes() of its items that are not marked dead.
// 3. A segment's items lie back to back from kSegmentBegin to used_bytes.
// 4. Locations 0 and 1 are never used: the index needs them for itself.
// 5. A value's bytes stay while somebody holds a pin of it: neither is a pinned segment freed, nor
// anything overwritten in it, and pages outside are given back later. They count until then.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "proto/check.h"
#include "storage/item.h"
#include "storage/mapped_memory.h"
#include "storage/page_slots.h"
#include "storage/pins.h"
#include "storage/record_writer.h"
#include "storage/segment.h"

namespace twincached {

inline ItemShape ShapeOf(const ItemView& item, bool outside) {
  // With a value outside the room for an expiry is nothing.
  const bool expiry = item.expiry_ms != kNever || outside;
  return {item.key.size(), item.value.size(), item.client_flags != 0, expiry, outside};
}

class SegmentLog {
 public:
  // REQUIRES: segment_bytes is a power of two, at least a page, at most kPieceBytes.
  SegmentLog(size_t segment_bytes, bool huge_pages);
  ~SegmentLog();
  SegmentLog(const SegmentLog&) = delete;
  SegmentLog& operator=(const SegmentLog&) = delete;

  // ---- Items ----
  ItemHeader* At(Location location) const {
    return reinterpret_cast<ItemHeader*>(segments_[location >> unit_bits_].base +
                                         OffsetOf(location));
  }
  uint32_t SegmentOf(Location location) const {
    return static_cast<uint32_t>(location >> unit_bits_);
  }
  uint32_t OffsetOf(Location location) const {
    return static_cast<uint32_t>((location & unit_mask_) * kItemAlignment);
  }
  Location LocationOf(uint32_t segment, uint32_t offset) const {
    return (Location{segment} << unit_bits_) | offset / kItemAlignment;
  }

  // Whether a value with this key is better off outside: it would take too much of a segment.
  bool BelongsOutside(const ItemShape& inside) const { return inside.LogBytes() > slice_bytes_; }
  bool HeadFits(Queue queue, size_t log_bytes) const {
    return log_bytes <= head_remaining_bytes(queue);
  }
  size_t head_remaining_bytes(Queue queue) const {
    const uint32_t index = head(queue);
    return index == kNoSegment ? 0 : segment_bytes_ - segments_[index].used_bytes;
  }
  // Pages for a value of its own; nullptr when the kernel refuses.
  char* MapOutside(size_t value_bytes);
  // REQUIRES: HeadFits. `outside`: what MapOutside gave for item.value, or nullptr for a value in
  // the log.
  Location Append(Queue queue, const ItemView& item, char* outside);
  // The same of what `from` holds, which is dead then; a value outside changes owner.
  Location AppendMoved(Queue queue, Location from);
  // The item is gone; a value outside is unmapped.
  void MarkDead(Location location);
  // Writes another one in its place. REQUIRES: as long in the log, and as many pages outside; not
  // IsValuePinned().
  void Overwrite(Location location, const ItemView& item);
  void NoteExpiry(Location location, int64_t expiry_ms);
  // The value's bytes are where they are while the pin is held, whatever becomes of the item. Null
  // when that would be too much pinned in all (pins.h).
  Pin PinValue(Location location, size_t bytes_max);
  bool IsValuePinned(Location location) { return !pins_.empty() && HoldsValue(location); }

  // ---- Segments ----
  // Seals the queue's head, takes a free segment or maps one. False when the kernel refuses; then
  // the old head stays.
  bool OpenHead(Queue queue);
  // Ends the head; the next append needs OpenHead().
  void SealHead(Queue queue);
  // Gives up to about bytes_max of those values outside back that belong to items which nobody
  // marked dead, and refers to any more. True when none is left.
  bool DropOutside(uint32_t segment, size_t bytes_max);
  // Frees a sealed segment. REQUIRES: DropOutside() said true, and it is not pinned.
  void Free(uint32_t segment);
  // Takes one more free segment; nobody has touched its memory. False when the kernel refuses.
  bool AddFree(MemoryRange* memory);
  bool IsPinned(uint32_t segment) {
    Segment& it = segments_[segment];
    return it.maybe_pinned && (it.maybe_pinned = pins_.Holds(it.base));
  }
  // What lives in it is all flushed: FindDead() will say so.
  void MarkFlushed(uint32_t segment);
  // Gives pages back that were pinned when their value went. False when there are none.
  bool ReturnUnpinned();
  // Gives the memory of one free segment back. REQUIRES: free_count() > 0.
  void ReleaseFree();
  // Everything is gone, all memory given back; what is pinned by the last pin, uncounted.
  void Clear();

  uint32_t oldest(Queue queue) const { return ListOf(queue).oldest; }
  uint32_t next(uint32_t segment) const { return segments_[segment].next; }
  uint32_t head(Queue queue) const { return ListOf(queue).head; }
  Queue QueueOf(Location location) const { return segments_[SegmentOf(location)].queue; }
  // Of the segments in this queue, and of what lives outside them.
  size_t queue_bytes(Queue queue) const {
    return ListOf(queue).segment_count * segment_cost_bytes() + ListOf(queue).outside_bytes;
  }
  size_t free_count() const { return free_.size(); }
  size_t mapped_count() const { return mapped_count_; }
  // Of items in segments, dead ones included; of values outside them.
  size_t used_bytes() const { return used_bytes_; }
  size_t outside_bytes() const { return outside_bytes_; }
  uint32_t segment_count() const { return static_cast<uint32_t>(segments_.size()); }
  Segment& segment(uint32_t index) { return segments_[index]; }
  const Segment& segment(uint32_t index) const { return segments_[index]; }

  // A sealed segment without live items that is not pinned, kNoSegment when there is none.
  uint32_t FindDead();
  // The sequence of the last append or overwrite: all items that exist now are at or below it.
  uint64_t sequence() const { return sequence_; }
  int64_t crawl_due_min_ms() const { return crawl_due_min_ms_; }  // nothing expires before
  // Looks at every segment; call it when the due time was reached.
  void RecountCrawlDue();

  bool huge_pages() const { return huge_pages_; }
  size_t segment_bytes() const { return segment_bytes_; }
  // What one segment adds to memory_bytes().
  size_t segment_cost_bytes() const { return segment_bytes_ + sizeof(Segment); }
  size_t memory_bytes() const { return mapped_count_ * segment_cost_bytes() + outside_bytes_; }

 private:
  struct List {
    uint32_t head = kNoSegment;
    uint32_t oldest = kNoSegment;  // sealed
    uint32_t youngest = kNoSegment;
    uint32_t segment_count = 0;  // with the head
    size_t outside_bytes = 0;
  };

  const List& ListOf(Queue queue) const { return lists_[static_cast<size_t>(queue)]; }
  List& ListOf(Queue queue) { return lists_[static_cast<size_t>(queue)]; }
  Location Take(Queue queue, size_t log_bytes);
  bool HoldsValue(Location location);
  bool MapSegments();
  void Unlink(uint32_t segment);
  void SubtractLive(size_t log_bytes, uint32_t segment);
  // Of an item in `owner`; the bytes.
  size_t UnmapOutside(const ItemHeader& item, Segment* owner);

  const size_t segment_bytes_;
  const size_t slice_bytes_;
  const int unit_bits_;
  const uint64_t unit_mask_;
  const bool huge_pages_;

  PageSlots outside_pages_;
  Pins pins_;
  std::vector<Segment> segments_;
  std::vector<uint32_t> free_;      // with memory, empty
  std::vector<uint32_t> unmapped_;  // addresses without memory
  std::vector<uint32_t> dead_;      // every sealed one without live items, and some others
  std::vector<char*> pieces_;
  std::array<List, std::size(kQueues)> lists_;

  uint64_t sequence_ = 0;
  int64_t crawl_due_min_ms_ = kNoCrawl;
  size_t mapped_count_ = 0;  // segments that have memory
  size_t used_bytes_ = 0;    // in heads and sealed ones
  size_t outside_bytes_ = 0;
};

}  // namespace twincached
