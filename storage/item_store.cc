#include "storage/item_store.h"

#include <algorithm>

#include "proto/check.h"
#include "storage/item_digest.h"
#include "storage/mapped_memory.h"

namespace twincached {
namespace {

constexpr size_t kCacheLineBytes = 64;
constexpr size_t kSegmentBytesMin = 16u << 10;
constexpr size_t kSegmentBytesMax = kPieceBytes;
// A segment is this part of the bound, so that what is in reserve or half full does not matter.
constexpr size_t kSegmentsPerShard = 128;
// One key that was evicted is remembered for so many bytes of the bound at start: 1 % of it.
constexpr size_t kBytesPerGhost = 192;
// Free segments that are there before they are needed: one is used up while another is touched.
constexpr size_t kSegmentsAhead = 2;
constexpr size_t kSegmentsBeforeEviction = 8;

uint64_t OwnSlots(uint32_t shard_index, uint32_t shard_count) {
  uint64_t slots = 0;
  for (uint32_t slot = 0; slot < kSlotCount; ++slot) {
    if (ShardOfSlot(slot, shard_count) == shard_index) slots |= uint64_t{1} << slot;
  }
  return slots;
}

}  // namespace

size_t ItemStore::SegmentBytesFor(size_t memory_bytes_max) {
  size_t bytes = kSegmentBytesMin;
  while (bytes < kSegmentBytesMax && 2 * bytes <= memory_bytes_max / kSegmentsPerShard) bytes *= 2;
  return bytes;
}

size_t ItemStore::MemoryBytesMin() { return kSegmentsMin * kSegmentBytesMin; }

ItemStore::ItemStore(const ShardOptions& options)
    : shard_count_(options.shard_count),
      own_slots_(OwnSlots(options.shard_index, options.shard_count)),
      ghost_count_(options.memory_bytes_max / kBytesPerGhost),
      slot_seed_(options.slot_seed),
      // A huge page is given back whole or not at all: only where it is a segment.
      log_(SegmentBytesFor(options.memory_bytes_max),
           options.huge_pages || SegmentBytesFor(options.memory_bytes_max) == kPieceBytes),
      counts_by_size_(kSlotCount / options.shard_count + 1) {
  CHECK_LT(options.shard_index, options.shard_count);
  ghosts_.Resize(ghost_count_);
  set_memory_bytes_max(options.memory_bytes_max);
}

void ItemStore::set_memory_bytes_max(size_t bytes) {
  memory_bytes_goal_ = std::max(bytes, kSegmentsMin * log_.segment_bytes());
  SinkBound();
}

Location ItemStore::Find(uint64_t hash, absl::string_view key) const {
  return index_.Find(hash, [this, key](Location candidate) { return At(candidate)->key() == key; });
}

void ItemStore::PrefetchItem(uint64_t hash) const {
  const Location candidate = index_.FirstCandidate(hash);
  if (candidate == kNoLocation) return;
  const char* item = reinterpret_cast<const char*>(At(candidate));
  __builtin_prefetch(item);
  // Header and key often lie across two lines.
  __builtin_prefetch(item + kCacheLineBytes);
}

ItemView ItemStore::ViewOf(Location location) const {
  const ItemHeader& item = *At(location);
  ItemView view;
  view.key = item.key();
  view.value = item.value();
  view.version = item.version();
  view.client_flags = item.client_flags();
  view.expiry_ms = item.expiry_ms();
  view.marks = item.marks();
  view.heat.last_access_s = item.last_access_s();
  view.heat.uses = item.uses();
  view.heat.fetched = item.fetched();
  view.heat.main = log_.QueueOf(location) == Queue::kMain;
  return view;
}

bool ItemStore::IsLive(const ItemHeader& item) const {
  if (item.dead()) return false;
  return item.version() > floor_version_max_ || item.version() > FloorOf(HashOf(item.key()));
}

Footprint ItemStore::FootprintOf(const ItemView& item) const {
  Footprint footprint;
  const bool outside = log_.BelongsOutside(ShapeOf(item, false));
  footprint.log_bytes = ShapeOf(item, outside).LogBytes();
  footprint.outside_bytes = outside ? RoundUpToPages(item.value.size()) : 0;
  return footprint;
}

Footprint ItemStore::FootprintOf(const ItemHeader& item) const {
  Footprint footprint;
  footprint.log_bytes = item.LogBytes();
  footprint.outside_bytes = item.outside() ? RoundUpToPages(item.value_bytes()) : 0;
  return footprint;
}

Queue ItemStore::QueueFor(uint64_t hash, Location old, const Heat& heat) const {
  if (old != kNoLocation) return log_.QueueOf(old);
  return heat.main || (remembers_ && ghosts_.Contains(hash)) ? Queue::kMain : Queue::kSmall;
}

Placement ItemStore::PlacementFor(uint64_t hash, Location old, const ItemView& item) const {
  return {FootprintOf(item), QueueFor(hash, old, item.heat), old != kNoLocation};
}

void ItemStore::OverwriteInPlace(uint64_t hash, Location location, const ItemView& item) {
  SlotState& slot = slots_[SlotOf(hash)];
  slot.digest -= DigestOf(hash, *At(location));
  log_.Overwrite(location, item);
  slot.digest += DigestOf(hash, *At(location));
  slot.newest_version = std::max(slot.newest_version, item.version);
}

void ItemStore::Enter(uint32_t slot, const Footprint& footprint) {
  const size_t bytes = footprint.total();
  SlotState& state = slots_[slot];
  ++state.items;
  state.bytes += bytes;
  state.outside_bytes += footprint.outside_bytes;
  SizeClassCount& count = CountsOf(slot)[SizeClassOf(bytes)];
  ++count.items;
  count.bytes += bytes;
}

void ItemStore::Leave(uint32_t slot, const Footprint& footprint) {
  const size_t bytes = footprint.total();
  SlotState& state = slots_[slot];
  --state.items;
  state.bytes -= bytes;
  state.outside_bytes -= footprint.outside_bytes;
  SizeClassCount& count = CountsOf(slot)[SizeClassOf(bytes)];
  --count.items;
  count.bytes -= bytes;
}

Location ItemStore::Put(uint64_t hash, Location old, const ItemView& item,
                        const Placement& placement) {
  DCHECK_GT(item.version, FloorOf(hash));
  if (old == kNoLocation) return PutNew(hash, item, placement);
  // A write is a use.
  const int uses = std::max<int>(item.heat.uses, std::min(At(old)->uses() + 1, int{kItemUsesMax}));
  const Footprint old_footprint = FootprintOf(*At(old));
  Location location = old;
  if (old_footprint == placement.footprint && !log_.IsValuePinned(old)) {
    OverwriteInPlace(hash, old, item);
  } else {
    location = Append(hash, item, placement);
    if (location == kNoLocation) return kNoLocation;
    index_.Replace(hash, old, location);
    Leave(SlotOf(hash), old_footprint);
    slots_[SlotOf(hash)].digest -= DigestOf(hash, *At(old));
    log_.MarkDead(old);
  }
  At(location)->set_uses(static_cast<uint8_t>(uses));
  return location;
}

Location ItemStore::PutNew(uint64_t hash, const ItemView& item, const Placement& placement) {
  const Location location = Append(hash, item, placement);
  if (location == kNoLocation) return kNoLocation;
  index_.Insert(hash, location);
  return location;
}

// To the log and the account, not to the index.
Location ItemStore::Append(uint64_t hash, const ItemView& item, const Placement& placement) {
  const Footprint& footprint = placement.footprint;
  char* outside = nullptr;
  if (footprint.outside_bytes > 0) {
    outside = log_.MapOutside(item.value.size());
    if (outside == nullptr) return kNoLocation;
  }
  const Location location = log_.Append(placement.queue, item, outside);
  SlotState& slot = slots_[SlotOf(hash)];
  Enter(SlotOf(hash), footprint);
  slot.digest += DigestOf(hash, *At(location));
  slot.newest_version = std::max(slot.newest_version, item.version);
  return location;
}

Location ItemStore::Move(uint64_t hash, Location from, Queue queue) {
  const Location to = log_.AppendMoved(queue, from);
  index_.Replace(hash, from, to);
  return to;
}

void ItemStore::Remove(uint64_t hash, Location location) {
  Leave(SlotOf(hash), FootprintOf(*At(location)));
  slots_[SlotOf(hash)].digest -= DigestOf(hash, *At(location));
  index_.Erase(hash, location);
  log_.MarkDead(location);
}

bool ItemStore::SetExpiry(uint64_t hash, Location location, int64_t expiry_ms) {
  ItemHeader* header = At(location);
  if (!header->has_expiry() && expiry_ms != kNever) return false;
  SlotState& slot = slots_[SlotOf(hash)];
  slot.digest -= DigestOf(hash, *header);
  header->set_expiry_ms(expiry_ms);
  slot.digest += DigestOf(hash, *header);
  log_.NoteExpiry(location, header->expiry_ms());
  return true;
}

std::vector<HashedLocation> ItemStore::ItemsFrom(uint64_t first_hash, uint64_t* last_hash) const {
  *last_hash = index_.PartEnd(first_hash);
  std::vector<HashedLocation> items;
  index_.ForEachInPart(first_hash, [&](Location location) {
    const uint64_t hash = HashOf(At(location)->key());
    if (hash >= first_hash) items.push_back({hash, location});
  });
  std::sort(items.begin(), items.end(),
            [](const HashedLocation& a, const HashedLocation& b) { return a.hash < b.hash; });
  return items;
}

void ItemStore::FlushSlots(uint64_t slots) {
  // So that what it holds is given back soon: only sealed segments are.
  for (const Queue queue : kQueues) log_.SealHead(queue);
  flushed_segments_ = true;
  flushed_sequence_min_ = log_.sequence();
  for (uint32_t i = 0; i < kSlotCount; ++i) {
    const uint64_t bit = uint64_t{1} << i;
    if ((own_slots_ & bit) == 0) continue;
    SlotState& slot = slots_[i];
    if ((slots & bit) != 0) {
      index_.DropSlot(i);
      slot.items = 0;
      slot.bytes = 0;
      slot.outside_bytes = 0;
      CountsOf(i).fill(SizeClassCount());
      slot.digest = 0;
      slot.floor_version = slot.newest_version;
      slot.flushed_sequence = log_.sequence();
      floor_version_max_ = std::max(floor_version_max_, slot.floor_version);
    }
    flushed_sequence_min_ = std::min(flushed_sequence_min_, slot.flushed_sequence);
  }
}

uint32_t ItemStore::FindDeadSegment() {
  const uint32_t dead = log_.FindDead();
  if (dead != kNoSegment || !flushed_segments_) return dead;
  for (const Queue queue : kQueues) {
    for (uint32_t i = log_.oldest(queue); i != kNoSegment; i = log_.next(i)) {
      if (log_.segment(i).newest_sequence > flushed_sequence_min_) continue;
      if (!log_.IsPinned(i)) return i;
      if (log_.segment(i).live_bytes > 0) log_.MarkFlushed(i);
    }
  }
  flushed_segments_ = false;
  return kNoSegment;
}

size_t ItemStore::AvailableSegments(size_t bytes_left) const {
  const size_t used = memory_bytes() + bytes_left;
  const size_t spare = memory_bytes_max_ > used ? memory_bytes_max_ - used : 0;
  return log_.free_count() + spare / log_.segment_cost_bytes();
}

MemoryRange ItemStore::TakeColdMemory() {
  MemoryRange memory;
  if (!ghosts_told_ && AvailableSegments() < kSegmentsBeforeEviction) {
    ghosts_told_ = true;
    return ghosts_.memory();
  }
  const bool wanted = log_.huge_pages() && log_.free_count() < kSegmentsAhead;
  if (wanted && HasRoomAhead()) (void)log_.AddFree(&memory);
  return memory;
}

size_t ItemStore::OtherBytes(uint64_t hash, const Placement& placement) const {
  return placement.footprint.outside_bytes + (placement.replaces ? 0 : index_.GrowthBytes(hash));
}

bool ItemStore::Fits(uint64_t hash, const Placement& placement) const {
  if (!log_.HeadFits(placement.queue, placement.footprint.log_bytes)) return false;
  if (moving_to_ == placement.queue && AvailableSegments() == 0) return false;
  const size_t other_bytes = OtherBytes(hash, placement);
  if (other_bytes == 0) return true;
  const size_t reserve_bytes = log_.free_count() > 0 ? 0 : log_.segment_cost_bytes();
  return memory_bytes() + other_bytes + reserve_bytes <= memory_bytes_max_;
}

bool ItemStore::TryToFit(uint64_t hash, const Placement& placement) {
  if (!log_.HeadFits(placement.queue, placement.footprint.log_bytes)) {
    // The last one stays in reserve.
    if (AvailableSegments() >= 2 && log_.OpenHead(placement.queue)) return true;
    return FreeFlushed();
  }
  if (FreeFlushed() || log_.ReturnUnpinned()) return true;
  const size_t other_bytes = OtherBytes(hash, placement);
  if (other_bytes == 0 || log_.free_count() < 2) return false;
  log_.ReleaseFree();
  return true;
}

bool ItemStore::CanEverFit(const Footprint& footprint) const {
  // The rest is for index, head and reserve.
  return footprint.outside_bytes <= memory_bytes_max_ / 4 * 3;
}

void ItemStore::Clear(uint64_t slot_seed) {
  slot_seed_ = slot_seed;
  log_.Clear();
  index_.Clear();
  remembers_ = false;
  ghosts_told_ = false;
  ghosts_.Clear();
  ghosts_.Resize(ghost_count_);
  slots_.fill(SlotState());
  for (SizeClassCounts& counts : counts_by_size_) counts.fill(SizeClassCount());
  floor_version_max_ = 0;
  flushed_sequence_min_ = 0;
  flushed_segments_ = false;
  moving_to_.reset();
}

void ItemStore::ForEachItem(const std::function<void(const ItemView&)>& visit) const {
  for (uint32_t i = 0; i < log_.segment_count(); ++i) {
    for (uint32_t offset = kSegmentBegin; offset < log_.segment(i).used_bytes;) {
      const Location location = log_.LocationOf(i, offset);
      const ItemHeader& item = *At(location);
      if (IsLive(item)) visit(ViewOf(location));
      offset += static_cast<uint32_t>(item.LogBytes());
    }
  }
}

uint64_t ItemStore::items() const {
  uint64_t sum = 0;
  for (const SlotState& slot : slots_) sum += slot.items;
  return sum;
}

uint64_t ItemStore::bytes() const {
  uint64_t sum = 0;
  for (const SlotState& slot : slots_) sum += slot.bytes;
  return sum;
}

SizeClassCounts ItemStore::CountsBySize() const {
  SizeClassCounts sum;
  for (const SizeClassCounts& counts : counts_by_size_) {
    for (size_t i = 0; i < kSizeClasses; ++i) {
      sum[i].items += counts[i].items;
      sum[i].bytes += counts[i].bytes;
    }
  }
  return sum;
}

SizeClassCounts ItemStore::RecountBySize() const {
  SizeClassCounts sum;
  ForEachItem([&](const ItemView& item) {
    const size_t bytes = FootprintOf(*At(Find(HashOf(item.key), item.key))).total();
    SizeClassCount& count = sum[SizeClassOf(bytes)];
    ++count.items;
    count.bytes += bytes;
  });
  return sum;
}

MemoryStats ItemStore::memory_stats() const {
  MemoryStats stats;
  stats.segments = log_.mapped_count();
  stats.free_segments = log_.free_count();
  stats.segment_bytes = stats.segments * log_.segment_bytes();
  stats.used_bytes = log_.used_bytes();
  stats.live_bytes = bytes();
  for (const SlotState& slot : slots_) stats.live_bytes -= slot.outside_bytes;
  stats.outside_bytes = log_.outside_bytes();
  stats.index_bytes = index_.memory_bytes();
  stats.ghost_bytes = ghosts_.memory_bytes();
  return stats;
}

}  // namespace twincached
