#include "storage/applier.h"

#include <iterator>

#include "proto/canary.h"
#include "proto/check.h"
#include "proto/key_hash.h"
#include "proto/limits.h"

namespace twincached {
namespace {

bool IsKey(absl::string_view key) { return !key.empty() && key.size() <= kKeyBytesMax; }

absl::Status BadKey() { return absl::InvalidArgumentError("a record's key is empty or too long"); }

}  // namespace

absl::Status Applier::Apply(const replication::Record& record, int64_t now_ms) {
  replication::KeyEffect effect;
  if (replication::KeyEffectOf(record, &effect)) {
    return Apply(effect, parts_->store.HashOf(effect.key), now_ms);
  }
  switch (record.effect_case()) {
    case replication::Record::kFlush:
      ApplyFlush(record.flush().slots());
      break;
    case replication::Record::kDelayedFlush:
      parts_->flushes.Set(record.delayed_flush().slots() & parts_->store.own_slots(),
                          record.delayed_flush().at_ms());
      break;
    default:
      break;  // an answer only
  }
  return absl::OkStatus();
}

absl::Status Applier::Apply(const replication::KeyEffect& effect, uint64_t hash, int64_t now_ms) {
  DCHECK_EQ(hash, parts_->store.HashOf(effect.key));
  switch (effect.kind) {
    case replication::KeyEffect::kPut:
      return ApplyPut(effect, hash, now_ms);
    case replication::KeyEffect::kTouch:
      return ApplyTouch(effect, hash);
    case replication::KeyEffect::kRemove:
      ApplyRemove(effect.key, hash);
      break;
  }
  return absl::OkStatus();
}

absl::Status Applier::ApplyPut(const replication::KeyEffect& put, uint64_t hash, int64_t now_ms) {
  if (!IsKey(put.key)) return BadKey();
  if (put.version <= parts_->store.FloorOf(hash)) {
    return absl::FailedPreconditionError("a put is older than a flush that was applied");
  }
  EraseShed(put.key);
  ItemView item;
  item.key = put.key;
  item.value = put.value;
  item.version = put.version;
  item.client_flags = put.client_flags;
  item.expiry_ms = put.expiry_ms;
  item.marks = static_cast<uint8_t>(put.marks & kItemMarksMax);
  item.heat = UnpackHeat(put.heat, put.last_access_s);
  if (item.heat.last_access_s == 0) item.heat.last_access_s = static_cast<uint32_t>(now_ms / 1000);
  parts_->versions.Observe(item.version);
  const absl::Status status = Place(hash, item);
  if (status.ok()) ++parts_->stats.total_items;
  return status;
}

absl::Status Applier::Place(uint64_t hash, const ItemView& item) {
  ItemStore& store = parts_->store;
  Location old = store.Find(hash, item.key);
  const Placement placement = store.PlacementFor(hash, old, item);
  if (!MakeRoom(hash, item.key, placement, &old) ||
      store.Put(hash, old, item, placement) == kNoLocation) {
    return Shed(item, hash, old);
  }
  return absl::OkStatus();
}

bool Applier::MakeRoom(uint64_t hash, absl::string_view key, Placement placement, Location* old) {
  ItemStore& store = parts_->store;
  if (store.OverBound() && parts_->reclaimer.Shrink(Reclaimer::WorkFor(placement), ShardCall())) {
    *old = store.Find(hash, key);
  }
  placement.replaces = *old != kNoLocation;
  if (placement.replaces && store.OverwritesInPlace(*old, placement)) return true;
  if (store.Fits(hash, placement)) return true;
  // The old one goes either way: its room is the first to be used.
  if (placement.replaces) store.Remove(hash, *old);
  *old = kNoLocation;
  if (BrokenOnPurpose(Canary::kSlaveEvicts)) {
    RecordWriter untold;
    return parts_->reclaimer.MakeRoom(hash, key, placement, {0, &untold, true});
  }
  return parts_->reclaimer.MakeRoom(hash, key, placement, ShardCall());
}

absl::Status Applier::Shed(const ItemView& item, uint64_t hash, Location old) {
  if (old != kNoLocation) parts_->store.Remove(hash, old);
  if (shed_.size() >= kShedMax) {
    return absl::FailedPreconditionError("no room for more items of the peer than can be told");
  }
  shed_.emplace(item.key);
  parts_->stats.NoteNoMemory(parts_->store.FootprintOf(item).total());
  return absl::ResourceExhaustedError("no room for an item of the peer, even with headroom");
}

absl::Status Applier::ApplyTouch(const replication::KeyEffect& touch, uint64_t hash) {
  if (!IsKey(touch.key)) return BadKey();
  ItemStore& store = parts_->store;
  const Location location = store.Find(hash, touch.key);
  if (location != kNoLocation) {
    if (store.SetExpiry(hash, location, touch.expiry_ms)) return absl::OkStatus();
    // The source's item had room for an expiry, the one here has none.
    ItemView item = store.ViewOf(location);
    const std::string value(item.value.data(), item.value.size());
    item.key = touch.key;
    item.value = value;
    item.expiry_ms = touch.expiry_ms;
    return Place(hash, item);
  }
  if (loading_ || shed_.contains(touch.key)) return absl::OkStatus();
  return absl::FailedPreconditionError("a touch finds no item: a mutation is missing");
}

void Applier::ApplyRemove(absl::string_view key, uint64_t hash) {
  EraseShed(key);
  const Location location = parts_->store.Find(hash, key);
  if (location != kNoLocation) parts_->store.Remove(hash, location);
}

void Applier::ApplyFlush(uint64_t slots) {
  parts_->flushes.Set(slots, kNever);
  parts_->store.FlushSlots(slots);
  // The source flushed them too: their removal will not be told.
  EraseShed([slots](uint64_t hash) { return (slots >> SlotOf(hash) & 1) != 0; });
}

uint64_t Applier::unsettled_slots() const {
  uint64_t slots = 0;
  for (const std::string& key : shed_) {
    slots |= uint64_t{1} << SlotOf(parts_->store.HashOf(key));
  }
  return slots;
}

void Applier::Settle(const HashRange& range) {
  EraseShed([&range](uint64_t hash) { return hash >= range.first && hash <= range.last; });
}

void Applier::EraseShed(absl::FunctionRef<bool(uint64_t hash)> settled) {
  for (auto key = shed_.begin(); key != shed_.end();) {
    key = settled(parts_->store.HashOf(*key)) ? shed_.erase(key) : std::next(key);
  }
}

void Applier::Reset() {
  shed_.clear();
  loading_ = false;
}

}  // namespace twincached
