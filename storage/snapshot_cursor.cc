#include "storage/snapshot_cursor.h"

namespace twincached {

void SnapshotCursor::Begin() {
  Abandon();
  SegmentLog& log = store_->log();
  for (const Queue queue : kQueues) {
    for (uint32_t i = log.oldest(queue); i != kNoSegment; i = log.next(i)) segments_.push_back(i);
    if (log.head(queue) != kNoSegment) segments_.push_back(log.head(queue));
  }
  for (const uint32_t i : segments_) log.segment(i).snapshot_end_bytes = log.segment(i).used_bytes;
  active_ = true;
}

void SnapshotCursor::Abandon() {
  if (!active_) return;
  SegmentLog& log = store_->log();
  for (; at_ < segments_.size(); ++at_) log.segment(segments_[at_]).snapshot_end_bytes = 0;
  Finish();
}

void SnapshotCursor::Finish() {
  std::vector<uint32_t>().swap(segments_);
  at_ = 0;
  offset_ = kSegmentBegin;
  active_ = false;
}

bool SnapshotCursor::MustTell(Location location) const {
  if (!active_) return false;
  const SegmentLog& log = store_->log();
  const uint32_t segment = log.SegmentOf(location);
  const uint32_t offset = log.OffsetOf(location);
  if (offset >= log.segment(segment).snapshot_end_bytes) return false;
  return segment != segments_[at_] || offset >= offset_;
}

bool SnapshotCursor::Next(size_t bytes_max, RecordWriter* records) {
  if (!active_) return false;
  SegmentLog& log = store_->log();
  const size_t bytes_before = records->bytes().size();
  size_t scanned_bytes = 0;
  for (; at_ < segments_.size(); ++at_) {
    Segment& segment = log.segment(segments_[at_]);
    // A segment that was freed meanwhile has no end, whatever it holds now.
    while (offset_ < segment.snapshot_end_bytes) {
      if (records->bytes().size() - bytes_before >= bytes_max || scanned_bytes >= kScanBytesMax)
        return true;
      const Location location = log.LocationOf(segments_[at_], offset_);
      const ItemHeader& item = *log.At(location);
      if (store_->IsLive(item)) records->PutWithHeat(store_->ViewOf(location));
      offset_ += static_cast<uint32_t>(item.LogBytes());
      scanned_bytes += item.LogBytes();
    }
    segment.snapshot_end_bytes = 0;
    offset_ = kSegmentBegin;
  }
  Finish();
  return false;
}

}  // namespace twincached
