#include "storage/executor.h"

#include <algorithm>
#include <limits>

#include "proto/check.h"
#include "proto/memcache/decimal.h"
#include "proto/memcache/item_size.h"

namespace twincached {
namespace {

// A scratch value over this size is given back after use: large ones are rare.
constexpr size_t kScratchBytesKept = 64u << 10;

Reply Answer(Status status) {
  Reply reply;
  reply.status = status;
  return reply;
}

}  // namespace

Reply ReplyOf(const ItemHeader& item) {
  Reply reply;
  reply.status = Status::kHit;
  reply.client_flags = item.client_flags();
  reply.cas = item.version();
  reply.value = item.value();
  return reply;
}

Reply Executor::Execute(const Command& command, const ShardCall& call) {
  if (parts_->flushes.AnyDue(call.now_ms)) FireFlushes(call);
  if (scratch_.capacity() > kScratchBytesKept) std::string().swap(scratch_);
  switch (command.op) {
    case Op::kGet:
      return Get(command, call);
    case Op::kGat:
    case Op::kTouch:
      return Touch(command, call);
    case Op::kSet:
    case Op::kAdd:
    case Op::kReplace:
    case Op::kCas:
      return Store(command, call);
    case Op::kAppend:
    case Op::kPrepend:
      return Concatenate(command, call);
    case Op::kIncr:
    case Op::kDecr:
      return Calculate(command, call);
    case Op::kDelete:
      return Delete(command, call);
    case Op::kDiscard:
      return Discard(command, call);
    case Op::kFlush:
      return Flush(command, call);
  }
  CHECK(false);
  return Reply();
}

Location Executor::FindFresh(const Command& command, const ShardCall& call, bool* expired) {
  DCHECK_EQ(command.hash, parts_->store.HashOf(command.key));
  const Location location = parts_->store.Find(command.hash, command.key);
  if (location == kNoLocation) return kNoLocation;
  if (!IsExpired(parts_->store.At(location)->expiry_ms(), call.now_ms)) return location;
  if (expired != nullptr) *expired = true;
  parts_->remover.Remove(command.hash, location, replication::Remove::EXPIRED, call);
  return kNoLocation;
}

Reply Executor::Get(const Command& command, const ShardCall& call) {
  ++parts_->stats.cmd_get;
  bool expired = false;
  const Location location = FindFresh(command, call, &expired);
  if (location == kNoLocation) {
    ++parts_->stats.get_misses;
    if (expired) ++parts_->stats.get_expired;
    return Answer(Status::kMiss);
  }
  ++parts_->stats.get_hits;
  ItemHeader* item = parts_->store.At(location);
  item->NoteRead(call.now_s());
  return ReplyOf(*item);
}

bool Executor::SetExpiry(const Command& command, Location location, const ShardCall& call) {
  if (IsExpired(command.expiry_ms, call.now_ms)) {
    parts_->remover.Remove(command.hash, location, replication::Remove::EXPIRED, call);
    return true;
  }
  const int64_t expiry_ms = ItemHeader::ClampExpiry(command.expiry_ms);
  if (!parts_->store.SetExpiry(command.hash, location, expiry_ms)) {
    return PutWithExpiry(command, location, call);
  }
  call.records->Touch(command.key, expiry_ms);
  return true;
}

bool Executor::PutWithExpiry(const Command& command, Location old, const ShardCall& call) {
  ItemStore& store = parts_->store;
  ItemView item = store.ViewOf(old);
  // Room may be made at the cost of the old one.
  scratch_.assign(item.value.data(), item.value.size());
  item.key = command.key;
  item.value = scratch_;
  item.expiry_ms = ItemHeader::ClampExpiry(command.expiry_ms);
  Placement placement = store.PlacementFor(command.hash, old, item);
  if (!MakeRoom(command, &placement, &old, call) ||
      store.Put(command.hash, old, item, placement) == kNoLocation) {
    parts_->stats.NoteNoMemory(placement.footprint.total());
    return false;
  }
  call.records->Put(item);
  return true;
}

Reply Executor::Touch(const Command& command, const ShardCall& call) {
  const bool gat = command.op == Op::kGat;
  ++parts_->stats.cmd_touch;
  const Location location = FindFresh(command, call, nullptr);
  if (location == kNoLocation) {
    ++parts_->stats.touch_misses;
    return Answer(gat ? Status::kMiss : Status::kNotFound);
  }
  ++parts_->stats.touch_hits;
  ItemHeader* item = parts_->store.At(location);
  item->NoteRead(call.now_s());
  Reply reply = ReplyOf(*item);
  if (gat && (IsExpired(command.expiry_ms, call.now_ms) || !item->has_expiry())) {
    // The value's last sight in this place: its memory may go with the item. PutWithExpiry() has
    // the same bytes in the same scratch.
    scratch_.assign(reply.value.data(), reply.value.size());
    reply.value = scratch_;
  }
  if (!SetExpiry(command, location, call)) return Answer(Status::kOutOfMemory);
  return gat ? reply : Answer(Status::kTouched);
}

Status Executor::Precondition(const Command& command, Location old) {
  ShardStats& stats = parts_->stats;
  const bool present = old != kNoLocation;
  switch (command.op) {
    case Op::kAdd:
      return present ? Status::kNotStored : Status::kStored;
    case Op::kReplace:
      return present ? Status::kStored : Status::kNotStored;
    case Op::kCas:
      if (!present) {
        ++stats.cas_misses;
        return Status::kNotFound;
      }
      if (parts_->store.At(old)->version() != command.cas) {
        ++stats.cas_badval;
        return Status::kExists;
      }
      ++stats.cas_hits;
      return Status::kStored;
    default:
      return Status::kStored;
  }
}

Reply Executor::Store(const Command& command, const ShardCall& call) {
  if (CountedItemBytes(command.key.size(), command.value.size(), command.client_flags) >
      parts_->options.item_bytes_max) {
    return command.op == Op::kSet ? Discard(command, call) : TooLarge();
  }
  ++parts_->stats.cmd_set;
  // A plain set replaces whatever is there, expired or not.
  const Location old = command.op == Op::kSet ? parts_->store.Find(command.hash, command.key)
                                              : FindFresh(command, call, nullptr);
  const Status status = Precondition(command, old);
  if (status != Status::kStored) {
    // memcached lets an add that finds something count as a use of it.
    if (command.op == Op::kAdd) parts_->store.At(old)->NoteUse(call.now_s());
    return Answer(status);
  }
  ItemView item;
  item.key = command.key;
  item.value = command.value;
  item.client_flags = command.client_flags;
  item.expiry_ms = command.expiry_ms;
  const Reply reply = Replace(command, old, item, call);
  if (reply.status == Status::kStored) ++parts_->stats.total_items;
  if (reply.status == Status::kOutOfMemory && command.op == Op::kSet) RemoveOld(command, call);
  return reply;
}

Reply Executor::TooLarge() {
  ++parts_->stats.cmd_set;
  ++parts_->stats.store_too_large;
  return Answer(Status::kTooLarge);
}

Reply Executor::Discard(const Command& command, const ShardCall& call) {
  RemoveOld(command, call);
  return TooLarge();
}

// A failed set leaves no old value behind.
void Executor::RemoveOld(const Command& command, const ShardCall& call) {
  const Location old = parts_->store.Find(command.hash, command.key);
  if (old == kNoLocation) return;
  parts_->remover.Remove(command.hash, old, replication::Remove::DELETED, call);
}

bool Executor::MakeRoom(const Command& command, Placement* placement, Location* old,
                        const ShardCall& call) {
  ItemStore& store = parts_->store;
  Reclaimer& reclaimer = parts_->reclaimer;
  // Eviction and compaction may move or remove the old item.
  if (store.OverBound() && reclaimer.Shrink(Reclaimer::WorkFor(*placement), call)) {
    *old = store.Find(command.hash, command.key);
  }
  if (*old != kNoLocation && store.OverwritesInPlace(*old, *placement)) return true;
  if (reclaimer.WorkAhead(*placement, call)) *old = store.Find(command.hash, command.key);
  placement->replaces = *old != kNoLocation;
  if (store.Fits(command.hash, *placement)) return true;
  const bool fits = reclaimer.MakeRoom(command.hash, command.key, *placement, call);
  *old = store.Find(command.hash, command.key);
  return fits;
}

Reply Executor::Replace(const Command& command, Location old, ItemView item,
                        const ShardCall& call) {
  ItemStore& store = parts_->store;
  Reply reply;
  reply.status = Status::kStored;
  if (IsExpired(item.expiry_ms, call.now_ms)) {
    // Stored and gone in the same moment: only the old value's end can be seen.
    if (old != kNoLocation) {
      parts_->remover.Remove(command.hash, old, replication::Remove::EXPIRED, call);
    }
    reply.cas = parts_->versions.Mint();
    return reply;
  }
  item.expiry_ms = ItemHeader::ClampExpiry(item.expiry_ms);
  item.heat.last_access_s = call.now_s();
  Placement placement = store.PlacementFor(command.hash, old, item);
  if (MakeRoom(command, &placement, &old, call)) {
    item.version = parts_->versions.Mint();
    if (store.Put(command.hash, old, item, placement) != kNoLocation) {
      call.records->Put(item);
      reply.cas = item.version;
      return reply;
    }
  }
  parts_->stats.NoteNoMemory(placement.footprint.total());
  return Answer(Status::kOutOfMemory);
}

Reply Executor::Concatenate(const Command& command, const ShardCall& call) {
  ++parts_->stats.cmd_set;
  const Location old = FindFresh(command, call, nullptr);
  if (old == kNoLocation) return Answer(Status::kNotStored);
  const ItemHeader& there = *parts_->store.At(old);
  const size_t value_bytes = there.value_bytes() + command.value.size();
  if (CountedItemBytes(command.key.size(), value_bytes, there.client_flags()) >
      parts_->options.item_bytes_max) {
    ++parts_->stats.store_too_large;
    return Answer(Status::kNotStored);
  }
  const absl::string_view value = there.value();
  const bool append = command.op == Op::kAppend;
  const absl::string_view first = append ? value : command.value;
  const absl::string_view second = append ? command.value : value;
  scratch_.clear();
  scratch_.reserve(value_bytes);
  scratch_.append(first.data(), first.size()).append(second.data(), second.size());
  ItemView item;
  item.key = command.key;
  item.value = scratch_;
  item.client_flags = there.client_flags();
  item.expiry_ms = there.expiry_ms();
  const Reply reply = Replace(command, old, item, call);
  if (reply.status == Status::kStored) ++parts_->stats.total_items;
  return reply;
}

Reply Executor::Calculate(const Command& command, const ShardCall& call) {
  ShardStats& stats = parts_->stats;
  const bool incr = command.op == Op::kIncr;
  const Location old = FindFresh(command, call, nullptr);
  if (old == kNoLocation) {
    ++(incr ? stats.incr_misses : stats.decr_misses);
    return Answer(Status::kNotFound);
  }
  const ItemHeader& there = *parts_->store.At(old);
  uint64_t number = 0;
  if (!ParseUint64(there.value(), &number)) return Answer(Status::kNonNumeric);
  ++(incr ? stats.incr_hits : stats.decr_hits);
  number = incr ? number + command.delta : number - std::min(number, command.delta);
  char digits[kDecimalDigitsMax];
  const size_t digit_count = static_cast<size_t>(WriteDecimal(number, digits) - digits);
  // A shorter number is written over the old one, and what remains of that becomes spaces.
  scratch_.assign(std::max<size_t>(digit_count, there.value_bytes()), ' ');
  scratch_.replace(0, digit_count, digits, digit_count);
  ItemView item;
  item.key = command.key;
  item.value = scratch_;
  item.client_flags = there.client_flags();
  item.expiry_ms = there.expiry_ms();
  Reply reply = Replace(command, old, item, call);
  if (reply.status != Status::kStored) return reply;
  reply.status = Status::kNumber;
  reply.number = number;
  return reply;
}

Reply Executor::Delete(const Command& command, const ShardCall& call) {
  const Location location = FindFresh(command, call, nullptr);
  if (location == kNoLocation) {
    ++parts_->stats.delete_misses;
    return Answer(Status::kNotFound);
  }
  ++parts_->stats.delete_hits;
  parts_->remover.Remove(command.hash, location, replication::Remove::DELETED, call);
  return Answer(Status::kDeleted);
}

Reply Executor::Flush(const Command& command, const ShardCall& call) {
  ++parts_->stats.cmd_flush;
  const uint64_t slots = parts_->store.own_slots();
  const bool at_once = command.expiry_ms == kNever || command.expiry_ms <= call.now_ms;
  parts_->flushes.Set(slots, at_once ? kNever : command.expiry_ms);
  if (at_once) {
    parts_->store.FlushSlots(slots);
    call.records->Flush(slots);
  } else {
    call.records->DelayedFlush(slots, command.expiry_ms);
  }
  return Answer(Status::kFlushed);
}

bool Executor::FireFlushes(const ShardCall& call) {
  const uint64_t slots = parts_->flushes.DueSlots(call.now_ms);
  if (slots == 0) return false;
  parts_->flushes.Set(slots, kNever);
  parts_->store.FlushSlots(slots);
  call.records->Flush(slots);
  return true;
}

}  // namespace twincached
