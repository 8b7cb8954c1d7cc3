#include "storage/reclaimer.h"

#include <algorithm>

#include "proto/check.h"

namespace twincached {
namespace {

// A compaction that wins this part of a segment costs little for what it gives ...
constexpr size_t kGainDivisor = 4;
// ... and one that wins this part is better than to give up, where nothing may be evicted.
constexpr size_t kGainDivisorMax = 64;
// Compactions in one call before it evicts instead; also those of the second kind.
constexpr uint32_t kCompactionsPerCall = 16;
// Part of a victim that may get a second chance.
constexpr size_t kSecondChanceDivisor = 2;
// Log bytes walked before MakeRoom looks whether it has enough.
constexpr size_t kStepBytes = 16u << 10;
// The work ahead of need starts when this part of the head is left, and does this much per byte.
constexpr size_t kWorkAheadDivisor = 4;
constexpr size_t kWorkAheadFactor = 8;

}  // namespace

bool Reclaimer::MakeRoom(uint64_t hash, absl::string_view key, const Footprint& footprint,
                         const ShardCall& call) {
  if (!store_->CanEverFit(footprint)) return false;
  Effort effort;
  effort.bytes = kStepBytes;
  while (true) {
    // A step may have removed the item that is to be replaced.
    const bool replaces = store_->Find(hash, key) != kNoLocation;
    if (store_->Fits(hash, footprint, replaces)) return true;
    if (store_->TryToFit(hash, footprint, replaces)) continue;
    if (!Step(call, &effort)) return false;
  }
}

bool Reclaimer::WorkAhead(size_t log_bytes, const ShardCall& call) {
  const SegmentLog& log = store_->log();
  if (!call.may_evict || log.head_remaining_bytes() > log.segment_bytes() / kWorkAheadDivisor)
    return false;
  if (store_->AvailableSegments() >= 2) return false;
  Effort effort;
  effort.bytes = kWorkAheadFactor * log_bytes;
  return Step(call, &effort);
}

bool Reclaimer::Shrink(const ShardCall& call) {
  if (!store_->OverBound()) return false;
  if (store_->FreeFlushed()) return true;
  if (store_->log().free_count() >= 2) {
    store_->log().ReleaseFree();
    return true;
  }
  Effort effort;
  effort.bytes = store_->log().segment_bytes();
  return Step(call, &effort);
}

bool Reclaimer::Step(const ShardCall& call, Effort* effort) {
  if (victim_ == kNoSegment) {
    if (FreeDeadSegment()) return true;
    const bool patient = ++effort->victims <= kCompactionsPerCall;
    const size_t segment_bytes = store_->log().segment_bytes();
    if ((patient || !call.may_evict) && Compact(segment_bytes / kGainDivisor, call)) return true;
    if (patient && !call.may_evict) return Compact(segment_bytes / kGainDivisorMax, call);
    if (!call.may_evict || !BeginVictim(*effort)) return false;
  }
  WorkOnVictim(effort->bytes, call);
  return true;
}

bool Reclaimer::FreeDeadSegment() {
  const uint32_t dead = store_->FindDeadSegment();
  if (dead == kNoSegment) return false;
  store_->log().Free(dead);
  return true;
}

uint32_t Reclaimer::SegmentWithMostDeadBytes() const {
  const SegmentLog& log = store_->log();
  uint32_t best = kNoSegment;
  for (uint32_t i = log.oldest(); i != kNoSegment; i = log.next(i)) {
    if (best == kNoSegment || log.segment(i).dead_bytes() > log.segment(best).dead_bytes())
      best = i;
  }
  return best;
}

bool Reclaimer::Compact(size_t gain_bytes, const ShardCall& call) {
  SegmentLog& log = store_->log();
  const uint32_t index = SegmentWithMostDeadBytes();
  if (index == kNoSegment || log.segment(index).dead_bytes() < gain_bytes) return false;
  const size_t live_bytes = log.segment(index).live_bytes;
  // With a whole segment in reserve everything finds room, however the head's end falls.
  if (store_->AvailableSegments() == 0 && !log.HeadFits(live_bytes)) return false;
  for (uint32_t offset = kSegmentBegin; offset < log.segment(index).used_bytes;) {
    const Location location = log.LocationOf(index, offset);
    const ItemHeader& item = *store_->At(location);
    offset += static_cast<uint32_t>(item.LogBytes());
    if (!store_->IsLive(item)) continue;
    const uint64_t hash = store_->HashOf(item.key());
    if (call.deciding() && IsExpired(item.expiry_ms(), call.now_ms)) {
      remover_->Remove(hash, location, replication::Remove::EXPIRED, call);
    } else if (!TryMove(hash, location, call)) {
      return false;  // the kernel refuses memory
    }
  }
  log.Free(index);
  return true;
}

bool Reclaimer::BeginVictim(const Effort& effort) {
  SegmentLog& log = store_->log();
  // Everything may lie in the head, when most of the memory is outside the segments.
  if (log.oldest() == kNoSegment && (log.head() == kNoSegment || !log.OpenHead())) return false;
  victim_ = log.oldest();
  victim_offset_ = kSegmentBegin;
  const bool generous = effort.victims <= log.segment_count();
  second_chance_bytes_ = generous ? log.segment_bytes() / kSecondChanceDivisor : 0;
  return true;
}

void Reclaimer::WorkOnVictim(size_t bytes_max, const ShardCall& call) {
  SegmentLog& log = store_->log();
  const uint32_t end = log.segment(victim_).used_bytes;
  const size_t memory_before = log.memory_bytes();
  const uint32_t begin = victim_offset_;
  while (victim_offset_ < end) {
    // Enough for now, or room outside the segments was won: the caller looks whether it suffices.
    if (victim_offset_ - begin >= bytes_max || log.memory_bytes() < memory_before) return;
    const Location location = log.LocationOf(victim_, victim_offset_);
    victim_offset_ += static_cast<uint32_t>(store_->At(location)->LogBytes());
    GiveUp(location, call);
  }
  log.Free(victim_);
  victim_ = kNoSegment;
}

void Reclaimer::GiveUp(Location location, const ShardCall& call) {
  ItemHeader& item = *store_->At(location);
  if (!store_->IsLive(item)) return;
  const uint64_t hash = store_->HashOf(item.key());
  if (IsExpired(item.expiry_ms(), call.now_ms)) {
    remover_->Remove(hash, location, replication::Remove::EXPIRED, call);
    return;
  }
  const size_t bytes = store_->FootprintOf(item).total();
  if ((item.state & kItemRead) != 0 && bytes <= second_chance_bytes_) {
    item.state &= ~kItemRead;
    if (TryMove(hash, location, call)) {
      second_chance_bytes_ -= bytes;
      return;
    }
  }
  remover_->Remove(hash, location, replication::Remove::EVICTED, call);
}

bool Reclaimer::TryMove(uint64_t hash, Location location, const ShardCall& call) {
  SegmentLog& log = store_->log();
  const ItemHeader& item = *store_->At(location);
  if (!log.HeadFits(item.LogBytes()) && (store_->AvailableSegments() == 0 || !log.OpenHead()))
    return false;
  if (cursor_->MustTell(location)) call.records->Put(ItemStore::ViewOf(item));
  store_->Move(hash, location);
  return true;
}

}  // namespace twincached
