#include "storage/expiry_crawler.h"

#include <algorithm>

namespace twincached {
namespace {

// To give so many bytes of pages back takes as long as a look at an item.
constexpr size_t kBytesPerItem = 8u << 10;

}  // namespace

bool ExpiryCrawler::InProgress() const {
  const SegmentLog& log = store_->log();
  return segment_ < log.segment_count() &&
         log.segment(segment_).opened_sequence == opened_sequence_;
}

bool ExpiryCrawler::Begin(int64_t now_ms) {
  SegmentLog& log = store_->log();
  if (log.crawl_due_min_ms() > now_ms) return false;
  for (uint32_t looked = 0; looked < log.segment_count(); ++looked, ++next_segment_) {
    if (next_segment_ >= log.segment_count()) next_segment_ = 0;
    Segment& segment = log.segment(next_segment_);
    if (segment.crawl_due_ms > now_ms) continue;
    segment_ = next_segment_;
    offset_ = kSegmentBegin;
    opened_sequence_ = segment.opened_sequence;
    earliest_ms_ = kNoCrawl;
    // What is appended or touched from now on counts anew.
    segment.crawl_due_ms = kNoCrawl;
    return true;
  }
  log.RecountCrawlDue();
  return false;
}

void ExpiryCrawler::Finish(int64_t now_ms) {
  SegmentLog& log = store_->log();
  Segment& segment = log.segment(segment_);
  if (earliest_ms_ != kNoCrawl) {
    segment.crawl_due_ms =
        std::min(segment.crawl_due_ms, std::max(earliest_ms_, now_ms + kPauseMs));
  }
  segment_ = kNoSegment;
}

size_t ExpiryCrawler::Look(const ShardCall& call) {
  SegmentLog& log = store_->log();
  const Location location = log.LocationOf(segment_, offset_);
  const ItemHeader& item = *log.At(location);
  offset_ += static_cast<uint32_t>(item.LogBytes());
  if (item.expiry_ms() == kNever || !store_->IsLive(item)) return 1;
  if (!IsExpired(item.expiry_ms(), call.now_ms)) {
    earliest_ms_ = std::min(earliest_ms_, item.expiry_ms());
    return 1;
  }
  const size_t outside_bytes = store_->FootprintOf(item).outside_bytes;
  remover_->Remove(store_->HashOf(item.key()), location, replication::Remove::EXPIRED, call);
  return 1 + outside_bytes / kBytesPerItem;
}

void ExpiryCrawler::Crawl(size_t items_max, const ShardCall& call) {
  for (size_t looked = 0; looked < items_max;) {
    if (!InProgress() && !Begin(call.now_ms)) return;
    if (offset_ < store_->log().segment(segment_).used_bytes) {
      looked += Look(call);
    } else {
      Finish(call.now_ms);
      ++looked;
    }
  }
}

int64_t ExpiryCrawler::due_ms() const {
  if (InProgress()) return 1;
  const int64_t due = store_->log().crawl_due_min_ms();
  return due == kNoCrawl ? kNever : due;
}

}  // namespace twincached
