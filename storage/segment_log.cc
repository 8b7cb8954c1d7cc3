#include "storage/segment_log.h"

#include <algorithm>

#include "storage/mapped_memory.h"

namespace twincached {
namespace {

// Values outside come in whole pages, so a slice is not smaller than one.
constexpr size_t kSliceBytesMin = 4096;
constexpr size_t kSlicesPerSegment = 8;

int UnitBits(size_t segment_bytes) {
  int bits = 0;
  while (kItemAlignment << bits < segment_bytes) ++bits;
  return bits;
}

// All of it, also a value outside, where there are pages for it already.
void Write(const ItemView& item, char* outside, ItemHeader* header) {
  header->SetShape(ShapeOf(item, outside != nullptr));
  header->set_version(item.version);
  header->set_last_access_s(item.heat.last_access_s);
  header->AddState(static_cast<uint8_t>(item.marks << kItemMarksShift));
  if (item.heat.fetched) header->AddState(kItemFetched);
  header->set_uses(item.heat.uses);
  header->set_key(item.key);
  header->set_client_flags(item.client_flags);
  header->set_expiry_ms(item.expiry_ms);
  if (outside != nullptr) header->set_place(outside);
  header->set_value(item.value);
}

}  // namespace

SegmentLog::SegmentLog(size_t segment_bytes, bool huge_pages)
    : segment_bytes_(segment_bytes),
      slice_bytes_(std::max(kSliceBytesMin, segment_bytes / kSlicesPerSegment)),
      unit_bits_(UnitBits(segment_bytes)),
      unit_mask_((uint64_t{1} << unit_bits_) - 1),
      huge_pages_(huge_pages) {
  CHECK_EQ(segment_bytes_, kItemAlignment << unit_bits_);
  CHECK_LE(segment_bytes_, kPieceBytes);
  CHECK_EQ(RoundUpToPages(segment_bytes_), segment_bytes_);
}

SegmentLog::~SegmentLog() { Clear(); }

char* SegmentLog::MapOutside(size_t value_bytes) {
  const size_t bytes = RoundUpToPages(value_bytes);
  char* place = outside_pages_.Take(bytes);
  if (place == nullptr) return nullptr;
  outside_bytes_ += bytes;
  return place;
}

size_t SegmentLog::UnmapOutside(const ItemHeader& item, Segment* owner) {
  const size_t bytes = RoundUpToPages(item.value_bytes());
  if (!pins_.ReturnLater(item.value_data())) {
    outside_pages_.GiveBack(const_cast<char*>(item.value_data()), bytes);
    outside_bytes_ -= bytes;
  }
  ListOf(owner->queue).outside_bytes -= bytes;
  --owner->outside_count;
  return bytes;
}

Location SegmentLog::Take(Queue queue, size_t log_bytes) {
  DCHECK(HeadFits(queue, log_bytes));
  const uint32_t index = head(queue);
  Segment& head = segments_[index];
  const Location location = LocationOf(index, head.used_bytes);
  head.used_bytes += static_cast<uint32_t>(log_bytes);
  head.live_bytes += static_cast<uint32_t>(log_bytes);
  head.newest_sequence = ++sequence_;
  used_bytes_ += log_bytes;
  return location;
}

Location SegmentLog::Append(Queue queue, const ItemView& item, char* outside) {
  const Location location = Take(queue, ShapeOf(item, outside != nullptr).LogBytes());
  Write(item, outside, At(location));
  if (outside != nullptr) {
    ++segments_[head(queue)].outside_count;
    ListOf(queue).outside_bytes += RoundUpToPages(item.value.size());
  }
  NoteExpiry(location, At(location)->expiry_ms());
  return location;
}

void SegmentLog::Overwrite(Location location, const ItemView& item) {
  ItemHeader* header = At(location);
  DCHECK(!IsValuePinned(location));
  DCHECK_EQ(header->LogBytes(), ShapeOf(item, header->outside()).LogBytes());
  char* outside = header->outside() ? const_cast<char*>(header->value_data()) : nullptr;
  Write(item, outside, header);
  segments_[SegmentOf(location)].newest_sequence = ++sequence_;
  NoteExpiry(location, header->expiry_ms());
}

Location SegmentLog::AppendMoved(Queue queue, Location from) {
  ItemHeader* old = At(from);
  const size_t log_bytes = old->LogBytes();
  const Location location = Take(queue, log_bytes);
  ItemHeader* header = At(location);
  std::memcpy(static_cast<void*>(header), old, log_bytes);
  Segment& left = segments_[SegmentOf(from)];
  if (old->outside()) {
    const size_t outside_bytes = RoundUpToPages(old->value_bytes());
    ++segments_[head(queue)].outside_count;
    --left.outside_count;
    ListOf(queue).outside_bytes += outside_bytes;
    ListOf(left.queue).outside_bytes -= outside_bytes;
  }
  old->Bury();
  SubtractLive(log_bytes, SegmentOf(from));
  NoteExpiry(location, header->expiry_ms());
  return location;
}

void SegmentLog::MarkDead(Location location) {
  ItemHeader* item = At(location);
  DCHECK(!item->dead());
  Segment& segment = segments_[SegmentOf(location)];
  const size_t log_bytes = item->LogBytes();
  if (item->outside()) UnmapOutside(*item, &segment);
  item->Bury();
  SubtractLive(log_bytes, SegmentOf(location));
}

void SegmentLog::SubtractLive(size_t log_bytes, uint32_t index) {
  Segment& segment = segments_[index];
  segment.live_bytes -= static_cast<uint32_t>(log_bytes);
  if (segment.live_bytes == 0 && segment.state == Segment::State::kSealed) dead_.push_back(index);
}

// Past those that are pinned, which are few.
uint32_t SegmentLog::FindDead() {
  for (size_t i = dead_.size(); i-- > 0;) {
    const Segment& segment = segments_[dead_[i]];
    if (segment.state == Segment::State::kSealed && segment.live_bytes == 0) {
      if (!IsPinned(dead_[i])) return dead_[i];
    } else {
      dead_[i] = dead_.back();
      dead_.pop_back();
    }
  }
  return kNoSegment;
}

void SegmentLog::MarkFlushed(uint32_t index) {
  DCHECK(segments_[index].state == Segment::State::kSealed);
  segments_[index].live_bytes = 0;
  dead_.push_back(index);
}

Pin SegmentLog::PinValue(Location location, size_t bytes_max) {
  const ItemHeader& item = *At(location);
  if (item.outside()) {
    char* place = const_cast<char*>(item.value_data());
    return pins_.Take({place, RoundUpToPages(item.value_bytes())}, bytes_max);
  }
  Segment& segment = segments_[SegmentOf(location)];
  Pin pin = pins_.Take({segment.base, segment_bytes_}, bytes_max);
  if (pin != nullptr) segment.maybe_pinned = true;
  return pin;
}

bool SegmentLog::HoldsValue(Location location) {
  const ItemHeader& item = *At(location);
  if (item.outside()) return pins_.Holds(item.value_data());
  return IsPinned(SegmentOf(location));
}

bool SegmentLog::ReturnUnpinned() {
  const MemoryRange memory = pins_.TakeReturned();
  if (memory.bytes == 0) return false;
  outside_pages_.GiveBack(memory.begin, memory.bytes);
  outside_bytes_ -= memory.bytes;
  return true;
}

void SegmentLog::NoteExpiry(Location location, int64_t expiry_ms) {
  if (expiry_ms == kNever) return;
  Segment& segment = segments_[SegmentOf(location)];
  segment.crawl_due_ms = std::min(segment.crawl_due_ms, expiry_ms);
  crawl_due_min_ms_ = std::min(crawl_due_min_ms_, expiry_ms);
}

void SegmentLog::RecountCrawlDue() {
  crawl_due_min_ms_ = kNoCrawl;
  for (const Segment& segment : segments_) {
    crawl_due_min_ms_ = std::min(crawl_due_min_ms_, segment.crawl_due_ms);
  }
}

bool SegmentLog::MapSegments() {
  char* piece = MapPiece(huge_pages_);
  if (piece == nullptr) return false;
  pieces_.push_back(piece);
  const size_t count = kPieceBytes / segment_bytes_;
  const uint32_t first = segment_count();
  CHECK_LE(LocationOf(first + static_cast<uint32_t>(count), 0), (Location{1} << kLocationBits) - 1);
  for (size_t i = 0; i < count; ++i) {
    Segment segment;
    segment.base = piece + i * segment_bytes_;
    segments_.push_back(segment);
  }
  // Taken from the back: the lowest address first.
  for (size_t i = count; i > 0; --i) unmapped_.push_back(first + static_cast<uint32_t>(i - 1));
  return true;
}

bool SegmentLog::AddFree(MemoryRange* memory) {
  if (unmapped_.empty() && !MapSegments()) return false;
  const uint32_t index = unmapped_.back();
  unmapped_.pop_back();
  free_.push_back(index);
  ++mapped_count_;
  segments_[index].state = Segment::State::kFree;
  *memory = {segments_[index].base, segment_bytes_};
  return true;
}

bool SegmentLog::OpenHead(Queue queue) {
  MemoryRange memory;
  if (free_.empty() && !AddFree(&memory)) return false;
  const uint32_t opened = free_.back();
  free_.pop_back();
  SealHead(queue);
  List& list = ListOf(queue);
  list.head = opened;
  ++list.segment_count;
  Segment& segment = segments_[opened];
  segment.state = Segment::State::kHead;
  segment.queue = queue;
  segment.used_bytes = kSegmentBegin;
  segment.opened_sequence = ++sequence_;
  return true;
}

void SegmentLog::SealHead(Queue queue) {
  List& list = ListOf(queue);
  if (list.head == kNoSegment) return;
  Segment& sealed = segments_[list.head];
  sealed.state = Segment::State::kSealed;
  sealed.previous = list.youngest;
  (list.youngest == kNoSegment ? list.oldest : segments_[list.youngest].next) = list.head;
  list.youngest = list.head;
  if (sealed.live_bytes == 0) dead_.push_back(list.head);
  list.head = kNoSegment;
}

void SegmentLog::Unlink(uint32_t index) {
  const Segment& segment = segments_[index];
  List& list = ListOf(segment.queue);
  (segment.previous == kNoSegment ? list.oldest : segments_[segment.previous].next) = segment.next;
  (segment.next == kNoSegment ? list.youngest : segments_[segment.next].previous) =
      segment.previous;
  --list.segment_count;
}

bool SegmentLog::DropOutside(uint32_t index, size_t bytes_max) {
  Segment& segment = segments_[index];
  segment.dropped_bytes = std::max(segment.dropped_bytes, kSegmentBegin);
  size_t bytes = 0;
  while (segment.outside_count > 0 && bytes < bytes_max) {
    CHECK_LT(segment.dropped_bytes, segment.used_bytes);
    ItemHeader* item = At(LocationOf(index, segment.dropped_bytes));
    const size_t log_bytes = item->LogBytes();
    if (item->outside()) {
      bytes += UnmapOutside(*item, &segment);
      item->Bury();
    }
    segment.dropped_bytes += static_cast<uint32_t>(log_bytes);
  }
  return segment.outside_count == 0;
}

void SegmentLog::Free(uint32_t index) {
  Segment& segment = segments_[index];
  CHECK(segment.state == Segment::State::kSealed);
  CHECK_EQ(segment.outside_count, 0u);
  CHECK(!IsPinned(index));
  Unlink(index);
  used_bytes_ -= segment.used_bytes - kSegmentBegin;
  char* base = segment.base;
  segment = Segment();
  segment.base = base;
  segment.state = Segment::State::kFree;
  free_.push_back(index);
}

void SegmentLog::ReleaseFree() {
  const uint32_t index = free_.back();
  free_.pop_back();
  Segment& segment = segments_[index];
  ReleasePages(segment.base, segment_bytes_);
  segment.state = Segment::State::kUnmapped;
  unmapped_.push_back(index);
  --mapped_count_;
}

void SegmentLog::Clear() {
  const std::vector<MemoryRange> pinned = pins_.Disown();
  for (char* piece : pieces_) UnmapPagesBut(pinned, {piece, kPieceBytes});
  outside_pages_.Clear(pinned);
  outside_bytes_ = 0;
  segments_.clear();
  free_.clear();
  unmapped_.clear();
  dead_.clear();
  pieces_.clear();
  lists_.fill(List());
  crawl_due_min_ms_ = kNoCrawl;
  mapped_count_ = 0;
  used_bytes_ = 0;
}

}  // namespace twincached
