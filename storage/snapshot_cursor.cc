#include "storage/snapshot_cursor.h"

namespace twincached {

void SnapshotCursor::Begin() {
  SegmentLog& log = store_->log();
  for (uint32_t i = 0; i < log.segment_count(); ++i) {
    log.segment(i).snapshot_end_bytes = log.segment(i).used_bytes;
  }
  segment_ = 0;
  offset_ = kSegmentBegin;
  active_ = true;
}

void SnapshotCursor::Abandon() {
  if (!active_) return;
  SegmentLog& log = store_->log();
  for (uint32_t i = 0; i < log.segment_count(); ++i) log.segment(i).snapshot_end_bytes = 0;
  active_ = false;
}

bool SnapshotCursor::MustTell(Location location) const {
  if (!active_) return false;
  const SegmentLog& log = store_->log();
  const uint32_t segment = log.SegmentOf(location);
  const uint32_t offset = log.OffsetOf(location);
  if (offset >= log.segment(segment).snapshot_end_bytes) return false;
  return segment != segment_ || offset >= offset_;
}

bool SnapshotCursor::Next(size_t bytes_max, RecordWriter* records) {
  if (!active_) return false;
  SegmentLog& log = store_->log();
  const size_t bytes_before = records->bytes().size();
  size_t scanned_bytes = 0;
  while (segment_ < log.segment_count()) {
    Segment& segment = log.segment(segment_);
    // A segment that was freed meanwhile has no end, whatever it holds now.
    while (offset_ < segment.snapshot_end_bytes) {
      if (records->bytes().size() - bytes_before >= bytes_max || scanned_bytes >= kScanBytesMax)
        return true;
      const ItemHeader& item = *log.At(log.LocationOf(segment_, offset_));
      if (store_->IsLive(item)) records->Put(ItemStore::ViewOf(item));
      offset_ += static_cast<uint32_t>(item.LogBytes());
      scanned_bytes += item.LogBytes();
    }
    segment.snapshot_end_bytes = 0;
    ++segment_;
    offset_ = kSegmentBegin;
  }
  active_ = false;
  return false;
}

}  // namespace twincached
