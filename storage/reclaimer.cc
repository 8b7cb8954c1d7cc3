#include "storage/reclaimer.h"

#include <algorithm>

#include "proto/check.h"

namespace twincached {
namespace {

// A compaction that wins this part of a segment costs little for what it gives ...
constexpr size_t kGainDivisor = 4;
// ... and one that wins this part is better than to give up, where nothing may be evicted.
constexpr size_t kGainDivisorMax = 64;
// Compactions in one call before it evicts instead, or gives up.
constexpr uint32_t kCompactionsPerCall = 16;
// Segments looked at for one compaction: of more, the best of a part is taken.
constexpr uint32_t kScannedSegmentsMax = 1024;
// The small queue's part of the memory.
constexpr size_t kSmallQueueDivisor = 10;
// So often is used what moves from the small queue to the main one.
constexpr uint8_t kUsesForMain = 2;
// Judged items that one call may move; some 0.5 ms.
constexpr size_t kMovedBytesPerCall = 256u << 10;
// Log bytes walked before the caller looks whether it has enough.
constexpr size_t kStepBytes = 16u << 10;
// The work ahead of need per byte that is put.
constexpr size_t kWorkAheadFactor = 16;
// Pages of values outside that are given back at a time.
constexpr size_t kDroppedBytesPerStep = 2u << 20;

}  // namespace

bool Reclaimer::MakeRoom(uint64_t hash, absl::string_view key, Placement placement,
                         const ShardCall& call) {
  if (!store_->CanEverFit(placement.footprint)) return false;
  Effort effort;
  effort.walked_bytes_max = kStepBytes;
  effort.moved_bytes_left = kMovedBytesPerCall;
  while (true) {
    // A step may have removed the item that is to be replaced.
    placement.replaces = store_->Find(hash, key) != kNoLocation;
    if (store_->Fits(hash, placement)) return true;
    if (store_->TryToFit(hash, placement)) continue;
    if (!Step(call, &effort)) return false;
  }
}

bool Reclaimer::WorkAhead(const Placement& placement, const ShardCall& call) {
  if (!call.may_evict || store_->HasRoomAhead()) return false;
  Effort effort;
  effort.walked_bytes_max = WorkFor(placement);
  effort.moved_bytes_left = kMovedBytesPerCall;
  return Step(call, &effort);
}

bool Reclaimer::Shrink(size_t walked_bytes_max, const ShardCall& call) {
  store_->SinkBound();
  if (!store_->OverBound()) return false;
  const bool done = ShrinkStep(walked_bytes_max, call);
  store_->SinkBound();
  return done;
}

bool Reclaimer::ShrinkStep(size_t walked_bytes_max, const ShardCall& call) {
  if (store_->FreeFlushed() || store_->log().ReturnUnpinned()) return true;
  if (store_->log().free_count() >= 2) {
    store_->log().ReleaseFree();
    return true;
  }
  Effort effort;
  effort.walked_bytes_max = walked_bytes_max;
  effort.moved_bytes_left = kMovedBytesPerCall;
  effort.may_exceed = true;
  return Step(call, &effort);
}

size_t Reclaimer::WorkFor(const Placement& placement) {
  return kWorkAheadFactor * placement.footprint.log_bytes;
}

void Reclaimer::Forget() {
  victim_ = Victim();
  store_->set_moving_to(absl::nullopt);
}

bool Reclaimer::Step(const ShardCall& call, Effort* effort) {
  if (victim_.segment == kNoSegment) {
    if (FreeDeadSegment()) return true;
    if (!ChooseVictim(call, effort)) return false;
  }
  return WorkOnVictim(call, effort);
}

bool Reclaimer::FreeDeadSegment() {
  const uint32_t dead = store_->FindDeadSegment();
  if (dead == kNoSegment) return false;
  if (store_->log().DropOutside(dead, kDroppedBytesPerStep)) store_->log().Free(dead);
  return true;
}

bool Reclaimer::ChooseVictim(const ShardCall& call, Effort* effort) {
  const size_t segment_bytes = store_->log().segment_bytes();
  const bool patient = ++effort->victims <= kCompactionsPerCall;
  const size_t gain_bytes = segment_bytes / (call.may_evict ? kGainDivisor : kGainDivisorMax);
  if (patient && BeginCompaction(gain_bytes, *effort)) return true;
  return call.may_evict && BeginEviction();
}

uint32_t Reclaimer::SegmentWithMostDeadBytes() {
  SegmentLog& log = store_->log();
  uint32_t best = kNoSegment;
  for (uint32_t i = 0; i < std::min(kScannedSegmentsMax, log.segment_count()); ++i) {
    if (++scan_segment_ >= log.segment_count()) scan_segment_ = 0;
    const Segment& segment = log.segment(scan_segment_);
    if (segment.state != Segment::State::kSealed || log.IsPinned(scan_segment_)) continue;
    if (best == kNoSegment || segment.dead_bytes() > log.segment(best).dead_bytes()) {
      best = scan_segment_;
    }
  }
  return best;
}

bool Reclaimer::BeginCompaction(size_t gain_bytes, const Effort& effort) {
  const SegmentLog& log = store_->log();
  const uint32_t index = SegmentWithMostDeadBytes();
  if (index == kNoSegment || log.segment(index).dead_bytes() < gain_bytes) return false;
  // With a whole segment in reserve everything finds room, however the head's end falls.
  const Segment& segment = log.segment(index);
  const bool room = store_->AvailableSegments() > 0 || effort.may_exceed ||
                    log.HeadFits(segment.queue, segment.live_bytes);
  if (room) Begin(index, false);
  return room;
}

bool Reclaimer::BeginEviction() {
  const SegmentLog& log = store_->log();
  const size_t small_bytes = log.queue_bytes(Queue::kSmall);
  const size_t all_bytes = small_bytes + log.queue_bytes(Queue::kMain);
  const bool small = small_bytes > all_bytes / kSmallQueueDivisor;
  const std::array<Queue, 2> queues = small ? std::array<Queue, 2>{Queue::kSmall, Queue::kMain}
                                            : std::array<Queue, 2>{Queue::kMain, Queue::kSmall};
  bool pinned = false;
  uint32_t victim = OldestOf(queues, pinned);
  if (victim == kNoSegment) victim = OldestOf(queues, pinned = true);
  if (victim == kNoSegment) return false;
  store_->RememberAsMany();
  Begin(victim, true);
  victim_.pinned = pinned;
  return true;
}

uint32_t Reclaimer::OldestOf(const std::array<Queue, 2>& queues, bool pinned) {
  SegmentLog& log = store_->log();
  for (const Queue queue : queues) {
    for (uint32_t i = log.oldest(queue); i != kNoSegment; i = log.next(i)) {
      const bool given_up = pinned && log.segment(i).live_bytes == 0;
      if (log.IsPinned(i) == pinned && !given_up) return i;
    }
  }
  // Everything may lie in the heads, when most of the memory is outside the segments.
  for (const Queue queue : queues) {
    const uint32_t head = log.head(queue);
    if (head == kNoSegment || log.segment(head).used_bytes == kSegmentBegin) continue;
    if (log.IsPinned(head) != pinned) continue;
    log.SealHead(queue);
    return head;
  }
  return kNoSegment;
}

void Reclaimer::Begin(uint32_t segment, bool evict) {
  victim_.segment = segment;
  victim_.offset = kSegmentBegin;
  victim_.evict = evict;
  victim_.pinned = false;
  store_->set_moving_to(evict ? Queue::kMain : store_->log().segment(segment).queue);
}

bool Reclaimer::WorkOnVictim(const ShardCall& call, Effort* effort) {
  SegmentLog& log = store_->log();
  const uint32_t end = log.segment(victim_.segment).used_bytes;
  const size_t memory_before = log.memory_bytes();
  const uint32_t begin = victim_.offset;
  while (victim_.offset < end) {
    // Enough for now, or room outside the segments was won: the caller looks whether it suffices.
    if (victim_.offset - begin >= effort->walked_bytes_max || log.memory_bytes() < memory_before) {
      return true;
    }
    const Location location = log.LocationOf(victim_.segment, victim_.offset);
    const ItemHeader& item = *store_->At(location);
    const size_t log_bytes = item.LogBytes();
    if (store_->IsLive(item)) {
      if (victim_.evict) {
        Judge(location, call, effort);
      } else if (!Keep(location, call, *effort)) {
        Forget();  // the bound was lowered, or the kernel refuses memory
        return call.may_evict;
      }
    } else if (victim_.pinned && !item.dead()) {
      log.MarkDead(location);  // of a flush: nothing in it lives, and FindDead() knows
    }
    victim_.offset += static_cast<uint32_t>(log_bytes);
  }
  // Of items that a flush took.
  if (!log.DropOutside(victim_.segment, kDroppedBytesPerStep)) return true;
  if (!log.IsPinned(victim_.segment)) log.Free(victim_.segment);
  Forget();
  return true;
}

bool Reclaimer::Keep(Location location, const ShardCall& call, const Effort& effort) {
  const ItemHeader& item = *store_->At(location);
  const uint64_t hash = store_->HashOf(item.key());
  if (call.deciding() && IsExpired(item.expiry_ms(), call.now_ms)) {
    remover_->Remove(hash, location, replication::Remove::EXPIRED, call);
    return true;
  }
  return TryMove(hash, location, call, effort);
}

void Reclaimer::Judge(Location location, const ShardCall& call, Effort* effort) {
  const ItemHeader& item = *store_->At(location);
  const uint64_t hash = store_->HashOf(item.key());
  if (IsExpired(item.expiry_ms(), call.now_ms)) {
    remover_->Remove(hash, location, replication::Remove::EXPIRED, call);
    return;
  }
  const bool small = store_->log().QueueOf(location) == Queue::kSmall;
  if (EarnsItsPlace(location, effort) && TryMove(hash, location, call, *effort)) return;
  if (small) store_->RememberEvicted(hash);
  remover_->Remove(hash, location, replication::Remove::EVICTED, call);
}

bool Reclaimer::EarnsItsPlace(Location location, Effort* effort) {
  if (victim_.pinned) return false;
  ItemHeader& item = *store_->At(location);
  const bool small = store_->log().QueueOf(location) == Queue::kSmall;
  const uint8_t uses = item.uses();
  if (uses < (small ? kUsesForMain : 1)) return false;
  const size_t bytes = store_->FootprintOf(item).total();
  if (bytes > effort->moved_bytes_left) return false;
  effort->moved_bytes_left -= bytes;
  item.set_uses(small ? 0 : uses - 1);
  return true;
}

bool Reclaimer::TryMove(uint64_t hash, Location location, const ShardCall& call,
                        const Effort& effort) {
  SegmentLog& log = store_->log();
  const ItemHeader& item = *store_->At(location);
  const Queue queue = victim_.evict ? Queue::kMain : log.QueueOf(location);
  if (!log.HeadFits(queue, item.LogBytes())) {
    if (store_->AvailableSegments() == 0 && !effort.may_exceed) return false;
    if (!log.OpenHead(queue)) return false;
  }
  if (cursor_->MustTell(location)) call.records->PutWithHeat(store_->ViewOf(location));
  store_->Move(hash, location, queue);
  return true;
}

}  // namespace twincached
