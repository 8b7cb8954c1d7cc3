#include "storage/shard.h"

#include <algorithm>

#include "proto/canary.h"
#include "proto/check.h"
#include "proto/limits.h"
#include "storage/applier.h"
#include "storage/executor.h"
#include "storage/shard_parts.h"
#include "storage/slot_copy.h"

namespace twincached {
namespace {

// Steps of one call of Maintain towards a bound that was lowered, and log bytes walked in each.
constexpr int kShrinkStepsPerCall = 2;
constexpr size_t kShrinkStepBytes = 64u << 10;
// Steps in which it frees tables of a flushed index.
constexpr int kFlushStepsPerCall = 8;

}  // namespace

struct Shard::State {
  explicit State(const ShardOptions& options) : parts(options), executor(&parts), applier(&parts) {}

  ShardCall CallOf(int64_t now_ms, RecordWriter* records) const {
    ShardCall call;
    call.now_ms = now_ms;
    call.records = records;
    call.may_evict = parts.options.evict;
    return call;
  }
  void SetBound() {
    const size_t bytes = parts.options.memory_bytes_max;
    const bool headroom = !deciding && !BrokenOnPurpose(Canary::kSlaveEvicts);
    parts.store.set_memory_bytes_max(headroom ? bytes + bytes / kSlaveHeadroomDivisor : bytes);
  }
  void Clear(uint64_t slot_seed) {
    parts.cursor.Abandon();
    tell_schedule = false;
    parts.reclaimer.Forget();
    parts.flushes = FlushSchedule();
    applier.Reset();
    const bool same_seed = slot_seed == parts.store.slot_seed();
    if (same_seed && BrokenOnPurpose(Canary::kTailKept)) return;
    parts.store.Clear(slot_seed);
  }

  // Once per snapshot: the joiner needs to know which flushes are to come.
  void TellSchedule(RecordWriter* records) {
    tell_schedule = false;
    uint64_t untold = parts.store.own_slots();
    for (uint32_t slot = 0; slot < kSlotCount; ++slot) {
      const int64_t at_ms = parts.flushes.at_ms(slot);
      if (at_ms == kNever || (untold >> slot & 1) == 0) continue;
      const uint64_t slots = parts.flushes.SlotsAt(at_ms);
      records->DelayedFlush(slots, at_ms);
      untold &= ~slots;
    }
  }

  ShardParts parts;
  Executor executor;
  Applier applier;
  bool deciding = false;
  bool tell_schedule = false;
};

Shard::Shard(const ShardOptions& options) : state_(new State(options)) { state_->SetBound(); }

Shard::~Shard() = default;

size_t Shard::MemoryBytesMin() { return ItemStore::MemoryBytesMin(); }

size_t Shard::MemoryBytesMinOf(const ShardOptions& options) {
  return std::max(ItemStore::MemoryBytesMinOf(options.memory_bytes_max),
                  2 * options.item_bytes_max);
}

// ---------------------------------------------------------------- deciding

void Shard::BeginEpoch(uint64_t epoch_number) {
  state_->deciding = true;
  state_->applier.Reset();
  state_->parts.versions.BeginEpoch(epoch_number);
  state_->SetBound();
}

Reply Shard::Execute(const Command& command, int64_t now_ms, RecordWriter* records) {
  CHECK(state_->deciding);
  return state_->executor.Execute(command, state_->CallOf(now_ms, records));
}

Pin Shard::PinValue(const Command& command, absl::string_view value) {
  ShardParts& parts = state_->parts;
  const Location location = parts.store.Find(command.hash, command.key);
  // A gat may have moved or removed it, and given the last sight of it.
  if (location == kNoLocation || parts.store.At(location)->value_data() != value.data()) {
    return nullptr;
  }
  SegmentLog& log = parts.store.log();
  if (parts.reclaimer.InProgress(log.SegmentOf(location))) return nullptr;
  const size_t divisor = state_->deciding ? kPinnedMemoryDivisor : kPinnedMemoryDivisorOfSlave;
  return log.PinValue(location, parts.store.memory_bytes_max() / divisor);
}

int64_t Shard::Maintain(int64_t now_ms, size_t items_max, RecordWriter* records) {
  CHECK(state_->deciding);
  const ShardCall call = state_->CallOf(now_ms, records);
  ShardParts& parts = state_->parts;
  state_->executor.FireFlushes(call);
  int64_t wanted_ms = parts.flushes.next_ms();
  if (items_max == 0) return wanted_ms;
  parts.crawler.Crawl(items_max, call);
  bool unfinished = false;
  for (int i = 0; i < kFlushStepsPerCall; ++i) unfinished = parts.store.FreeFlushed();
  for (int i = 0; i < kShrinkStepsPerCall; ++i) {
    if (parts.reclaimer.Shrink(kShrinkStepBytes, call)) unfinished |= parts.store.OverBound();
  }
  const int64_t crawl_ms = unfinished ? now_ms : parts.crawler.due_ms();
  if (crawl_ms != kNever && (wanted_ms == kNever || crawl_ms < wanted_ms)) wanted_ms = crawl_ms;
  return wanted_ms;
}

bool Shard::EpochHasRoom() const { return state_->parts.versions.EpochHasRoom(); }

uint64_t Shard::epoch_number() const { return state_->parts.versions.epoch_number(); }

// ---------------------------------------------------------------- following

void Shard::Follow() {
  state_->deciding = false;
  AbandonSnapshot();
  state_->parts.reclaimer.Forget();
  state_->SetBound();
}

absl::Status Shard::Apply(const replication::Record& record, int64_t now_ms) {
  CHECK(!state_->deciding);
  return state_->applier.Apply(record, now_ms);
}

absl::Status Shard::Apply(const replication::KeyEffect& effect, uint64_t hash, int64_t now_ms) {
  CHECK(!state_->deciding);
  return state_->applier.Apply(effect, hash, now_ms);
}

void Shard::BeginLoading() {
  state_->Clear(state_->parts.store.slot_seed());
  state_->applier.set_loading(true);
}

void Shard::EndLoading() { state_->applier.set_loading(false); }

std::vector<std::string> Shard::ShedKeys() const {
  const auto& shed = state_->applier.shed();
  return {shed.begin(), shed.end()};
}

absl::optional<Reply> Shard::Read(const Command& command, int64_t now_ms) {
  ShardParts& parts = state_->parts;
  if (BrokenOnPurpose(Canary::kSlaveFlushes)) {
    RecordWriter untold;  // and by a clock that is ahead
    state_->executor.FireFlushes(state_->CallOf(now_ms + 500, &untold));
  }
  const Location location = parts.store.Find(command.hash, command.key);
  if (location == kNoLocation) {
    ++parts.stats.cmd_get;
    ++parts.stats.get_misses;
    return Reply();
  }
  ItemHeader* item = parts.store.At(location);
  const bool expired = IsExpired(item->expiry_ms(), now_ms);
  if (expired || parts.flushes.IsDue(SlotOf(command.hash), now_ms)) return absl::nullopt;
  ++parts.stats.cmd_get;
  ++parts.stats.get_hits;
  item->NoteRead(static_cast<uint32_t>(now_ms / 1000));
  return ReplyOf(*item);
}

// ---------------------------------------------------------------- snapshot source

void Shard::BeginSnapshot() {
  CHECK(state_->deciding);
  state_->parts.cursor.Begin();
  state_->tell_schedule = true;
}

bool Shard::NextSnapshotChunk(size_t bytes_max, int64_t, RecordWriter* records) {
  if (state_->tell_schedule) state_->TellSchedule(records);
  return state_->parts.cursor.Next(bytes_max, records);
}

void Shard::AbandonSnapshot() {
  state_->parts.cursor.Abandon();
  state_->tell_schedule = false;
}

// ---------------------------------------------------------------- comparing and repairing

uint64_t Shard::SlotDigest(uint32_t slot) const {
  return state_->parts.store.SlotDigest(slot) + state_->parts.flushes.Digest(slot);
}

uint64_t Shard::unsettled_slots() const { return state_->applier.unsettled_slots(); }

uint64_t Shard::ReadSlotPart(uint64_t first_hash, size_t bytes_max, RecordWriter* records) const {
  const ShardParts& parts = state_->parts;
  const uint32_t slot = SlotOf(first_hash);
  if (first_hash == FirstHashOf(slot)) {
    records->DelayedFlush(uint64_t{1} << slot, parts.flushes.at_ms(slot));
  }
  return twincached::ReadSlotPart(parts.store, first_hash, bytes_max, records);
}

void Shard::DropAllBut(const absl::flat_hash_set<std::string>& keys, const HashRange& range) {
  CHECK(!state_->deciding);
  twincached::DropAllBut(keys, range, &state_->parts.store);
  state_->applier.Settle(range);
}

// ---------------------------------------------------------------- both

uint64_t Shard::HashOf(absl::string_view key) const { return state_->parts.store.HashOf(key); }

bool Shard::Owns(uint64_t hash) const {
  return (state_->parts.store.own_slots() >> SlotOf(hash) & 1) != 0;
}

void Shard::PrefetchIndex(uint64_t hash) const { state_->parts.store.PrefetchIndex(hash); }

void Shard::PrefetchItem(uint64_t hash) const { state_->parts.store.PrefetchItem(hash); }

MemoryRange Shard::TakeColdMemory() { return state_->parts.store.TakeColdMemory(); }

void Shard::Clear(uint64_t slot_seed) { state_->Clear(slot_seed); }

void Shard::SetMemoryBytesMax(size_t bytes) {
  state_->parts.options.memory_bytes_max = bytes;
  state_->SetBound();
}

ShardStats Shard::stats() const {
  const ShardParts& parts = state_->parts;
  ShardStats stats = parts.stats;
  stats.items = parts.store.items();
  stats.bytes = parts.store.bytes();
  stats.memory_bytes = parts.store.memory_bytes();
  stats.memory = parts.store.memory_stats();
  const SizeClassCounts counts = parts.store.CountsBySize();
  for (size_t i = 0; i < kSizeClasses; ++i) {
    stats.classes[i].items = counts[i].items;
    stats.classes[i].bytes = counts[i].bytes;
  }
  return stats;
}

void Shard::ResetStats() { state_->parts.stats = ShardStats(); }

SizeClassCounts Shard::RecountBySize() const { return state_->parts.store.RecountBySize(); }

uint64_t Shard::newest_version() const { return state_->parts.versions.newest(); }

void Shard::ForEachItem(const std::function<void(const ItemView&)>& visit) const {
  state_->parts.store.ForEachItem(visit);
}

}  // namespace twincached
