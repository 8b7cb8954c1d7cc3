#include "actors/store.h"

#include <algorithm>
#include <utility>

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>

#include "net/clock.h"
#include "proto/check.h"
#include "proto/key_hash.h"
#include "proto/limits.h"
#include "storage/prefetch.h"
#include "storage/slot_checks.h"

namespace twincached {

namespace {

// Items that one maintenance turn looks at, so that it never holds the core for more than about a
// millisecond.
constexpr size_t kItemsPerMaintenance = 2000;
// How soon maintenance looks for expired items again while it decides.
constexpr int64_t kMaintenanceMs = 1000;
// With so many bytes of changes they are handed over in the middle of a batch of commands: no frame
// gets much larger than its largest value, and the LINK can begin to send.
constexpr size_t kRecordBytesMax = 48u << 10;

}  // namespace

StoreActor::StoreActor(caf::actor_config& config, CoreUnit* core, const StoreOptions& options)
    : roaming(config, core),
      options_(options),
      shard_(options.shard),
      slot_seed_(options.shard.slot_seed),
      clock_offset_ms_(options.clock_offset_ms) {}

StoreActor::behavior_type StoreActor::make_behavior() {
  return {
      [this](const WiringPtr& wiring) {
        wiring_ = wiring;
        HandOverColdMemory();
      },
      [this](const CommandBatchPtr& batch) {
        OnCommands(batch);
        HandOverColdMemory();
      },
      [this](const ApplyBatchPtr& batch) {
        OnApply(*batch);
        HandOverColdMemory();
      },
      [this](const StoreOrder& order) { OnOrder(order); },
      [this](const AcknowledgedPtr& acknowledged) {
        ledger_.Acknowledge((*acknowledged)[options_.shard.shard_index]);
      },
      [this](const StreamClockOffset& offset) { clock_offset_ms_ = offset.offset_ms; },
      [this](const MaintenanceDue& due) {
        if (due.round == maintenance_round_) Maintain();
      },
      [this](const StatsRequest& request) {
        if (request.reset) return shard_.ResetStats();
        auto part = std::make_shared<StatsPart>();
        part->token = request.token;
        part->stats.shard = shard_.stats();
        part->stats.newest_version = shard_.newest_version();
        send(wiring_->listeners[request.listener], StatsPartPtr(std::move(part)));
      },
  };
}

int64_t StoreActor::NowMs() const { return net::MonotonicUs() / 1000 + clock_offset_ms_; }

// ---------------------------------------------------------------- commands

void StoreActor::OnCommands(const CommandBatchPtr& batch) {
  batch->replies.clear();
  batch->arena.clear();
  batch->pinned_bytes = 0;
  batch->refused = batch->no_replica = false;
  batch->changed_seq = 0;
  if (decides_) {
    ExecuteAll(batch.get());
    HandOverChangesOf(batch.get());
  } else {
    ReadAll(batch.get());
  }
  AnswerBatch(batch);
}

void StoreActor::ExecuteAll(CommandBatch* batch) {
  const int64_t now_ms = NowMs();
  const bool forwarded = batch->origin == CommandOrigin::kPeerForward;
  for (size_t i = 0; i < batch->commands.size() && !IsFull(*batch); ++i) {
    PrefetchFor(*batch, i);
    // What the peer forwards, it applies: that has a replica.
    if (!takes_writes_ && !forwarded && IsWrite(batch->commands[i].op)) {
      batch->no_replica = true;
      Reply refusal;
      refusal.status = Status::kNoReplica;
      KeepReply(batch->commands[i], refusal, 0, batch);
      continue;
    }
    const uint32_t count_before = records_.count();
    const Reply reply = shard_.Execute(batch->commands[i], now_ms, &records_);
    const bool changed = records_.count() != count_before;
    if (forwarded) {
      if (batch->tags[i].number != 0) records_.Answer(batch->tags[i], reply, changed);
    } else {
      const HoldLedger::SoFar so_far{changed, records_.count() != 0, records_.removals() != 0};
      const uint64_t hold_seq = records_.enabled() ? ledger_.Reveals(reply, so_far) : 0;
      KeepReply(batch->commands[i], reply, hold_seq, batch);
    }
    if (records_.bytes().size() >= kRecordBytesMax) HandOverChangesOf(batch);
  }
}

void StoreActor::HandOverChangesOf(CommandBatch* batch) {
  if (records_.count() == 0) return;
  ArmMaintenance(kMaintenanceMs);  // something may have come that expires
  if (records_.enabled()) batch->changed_seq = ledger_.next_seq();
  HandOverChanges();
}

void StoreActor::ReadAll(CommandBatch* batch) {
  const int64_t now_ms = NowMs();
  for (size_t i = 0; i < batch->commands.size() && !IsFull(*batch); ++i) {
    PrefetchFor(*batch, i);
    if (IsWrite(batch->commands[i].op)) {
      batch->refused = true;
      return;
    }
    const absl::optional<Reply> reply = shard_.Read(batch->commands[i], now_ms);
    KeepReply(batch->commands[i], reply.value_or(Reply()), 0, batch);
    batch->replies.back().undecided = !reply.has_value();
  }
}

void StoreActor::PrefetchFor(const CommandBatch& batch, size_t i) const {
  PrefetchFrom(shard_, i, batch.commands.size(),
               [&batch](size_t j) { return batch.commands[j].hash; });
}

// Of clients' commands: the LISTENER asks again for those that are left. Forwards are bounded by
// themselves.
bool StoreActor::IsFull(const CommandBatch& batch) const {
  return batch.origin == CommandOrigin::kClient &&
         batch.arena.size() + batch.pinned_bytes >= options_.batch_value_bytes_max;
}

void StoreActor::KeepReply(const Command& command, const Reply& reply, uint64_t hold_seq,
                           CommandBatch* batch) {
  batch->replies.push_back({reply, hold_seq, batch->arena.size()});
  if (reply.value.size() >= kPinnedValueBytesMin && PinLast(command, batch)) return;
  batch->arena.append(reply.value.data(), reply.value.size());
}

// The value of the last reply stays where it is. False: it is to be copied.
bool StoreActor::PinLast(const Command& command, CommandBatch* batch) {
  if (batch->origin != CommandOrigin::kClient) return false;
  StoredReply& stored = batch->replies.back();
  Pin pin = shard_.PinValue(command, stored.reply.value);
  if (pin == nullptr) return false;
  stored.pin = static_cast<uint32_t>(batch->pins.size());
  batch->pinned_bytes += stored.reply.value.size();
  batch->pins.push_back(std::move(pin));
  return true;
}

void StoreActor::AnswerBatch(const CommandBatchPtr& batch) {
  if (batch->origin == CommandOrigin::kPeerForward) return;
  for (StoredReply& stored : batch->replies) {
    if (stored.pin != StoredReply::kCopied) continue;
    stored.reply.value =
        absl::string_view(batch->arena.data() + stored.value_offset, stored.reply.value.size());
  }
  if (batch->origin == CommandOrigin::kClient) {
    send(wiring_->listeners[batch->listener], batch);
  } else {
    send(wiring_->link, batch);
  }
}

void StoreActor::HandOverChanges() {
  if (records_.count() == 0) return;
  if (!records_.enabled()) {
    unrecorded_changes_ += records_.count();
    records_.Clear();
    if (!std::exchange(told_unrecorded_, true) || !shard_.EpochHasRoom()) TellUnrecorded();
    return;
  }
  std::shared_ptr<MutationBatch> batch = MakeBatch(records_.count());
  batch->seq = ledger_.next_seq();
  ledger_.Close(shard_.newest_version(), records_.removals() != 0);
  batch->records = records_.TakeBytes();
  send(wiring_->link, std::move(batch));
}

// The LINK counts them, no more: it hears of the first one at once, of the others with the next
// maintenance or before the next order counts. Its core need not wake up for each.
void StoreActor::TellUnrecorded() {
  if (unrecorded_changes_ == 0) return;
  send(wiring_->link, MakeBatch(std::exchange(unrecorded_changes_, 0)));
}

std::shared_ptr<MutationBatch> StoreActor::MakeBatch(uint32_t changes) const {
  auto batch = std::make_shared<MutationBatch>();
  batch->shard = options_.shard.shard_index;
  batch->changes = changes;
  if (!shard_.EpochHasRoom()) batch->used_up_epoch = shard_.epoch_number();
  return batch;
}

void StoreActor::HandOverColdMemory() {
  if (!wiring_->warmer) return;
  const MemoryRange range = shard_.TakeColdMemory();
  if (range.bytes > 0) send(wiring_->warmer, ColdMemory{range});
}

// ---------------------------------------------------------------- the LINK's orders

void StoreActor::OnOrder(const StoreOrder& order) {
  TellUnrecorded();
  told_unrecorded_ = false;
  switch (order.kind) {
    case StoreOrder::kDecide:
      shard_.BeginEpoch(order.value);
      SetDeciding(true);
      break;
    case StoreOrder::kFollow:
      SetDeciding(false);
      shard_.Follow();
      break;
    case StoreOrder::kClear:
      slot_seed_ = order.value;
      shard_.Clear(order.value);
      break;
    case StoreOrder::kTakeWrites:
      takes_writes_ = order.value != 0;
      break;
    case StoreOrder::kRecord:
      records_.set_enabled(order.value != 0);
      ledger_.Reset(shard_.newest_version());
      break;
    case StoreOrder::kBeginLoading:
      shard_.BeginLoading();
      break;
    case StoreOrder::kEndLoading:
      shard_.EndLoading();
      break;
    case StoreOrder::kBeginSnapshot:
      shard_.BeginSnapshot();
      break;
    case StoreOrder::kNextChunk:
      SendNextChunk(order.value);
      break;
    case StoreOrder::kAbandonSnapshot:
      shard_.AbandonSnapshot();
      break;
    case StoreOrder::kSetMemory:
      shard_.SetMemoryBytesMax(order.value);
      if (decides_) SetDeciding(true);  // maintenance at once: what is over the bound goes
      break;
    case StoreOrder::kTellShed:
      TellShed();
      break;
    case StoreOrder::kMakeDigest:
      SendDigest(order.value);
      break;
    case StoreOrder::kMakeRepair:
      SendRepair(order.value);
      break;
    case StoreOrder::kBarrier:
      send(wiring_->link, BarrierReached{options_.shard.shard_index, order.value});
      break;
  }
}

void StoreActor::SetDeciding(bool decides) {
  // A new epoch of the same decider: what is not acknowledged stays so.
  if (!decides || !decides_) ledger_.Reset(shard_.newest_version());
  decides_ = decides;
  ++maintenance_round_;
  maintenance_armed_ = false;
  if (decides) Maintain();
}

void StoreActor::TellShed() {
  auto applied = std::make_shared<Applied>();
  applied->shed_keys = shard_.ShedKeys();
  if (!applied->shed_keys.empty()) send(wiring_->link, std::move(applied));
}

void StoreActor::SendNextChunk(size_t bytes_max) {
  DCHECK(records_.count() == 0);
  RecordWriter writer;
  writer.set_enabled(true);
  auto chunk = std::make_shared<SnapshotChunk>();
  chunk->shard = options_.shard.shard_index;
  chunk->last = !shard_.NextSnapshotChunk(bytes_max, NowMs(), &writer);
  chunk->records = writer.TakeBytes();
  send(wiring_->link, std::move(chunk));
}

void StoreActor::SendDigest(uint64_t round) {
  DCHECK(records_.count() == 0);
  auto frame = std::make_shared<replication::Frame>();
  *frame->mutable_digest() = MakeDigest(shard_, options_.shard, round);
  send(wiring_->link, PlacedFramePtr(std::move(frame)));
}

void StoreActor::SendRepair(uint64_t first_hash) {
  DCHECK(records_.count() == 0);
  auto frame = std::make_shared<replication::Frame>();
  *frame->mutable_repair() = MakeRepair(shard_, options_.shard, first_hash);
  send(wiring_->link, PlacedFramePtr(std::move(frame)));
}

// ---------------------------------------------------------------- time

void StoreActor::Maintain() {
  maintenance_armed_ = false;
  const int64_t now_ms = NowMs();
  const int64_t wanted_ms = shard_.Maintain(now_ms, kItemsPerMaintenance, &records_);
  HandOverChanges();
  TellUnrecorded();
  // An idle node without expiring items sleeps; commands that bring some arm the timer again.
  if (wanted_ms != kNever) ArmMaintenance(std::max<int64_t>(1, wanted_ms - now_ms));
}

void StoreActor::ArmMaintenance(int64_t delay_ms) {
  if (std::exchange(maintenance_armed_, true)) return;
  const MaintenanceDue due{maintenance_round_};
  AtHomeAfter(std::min(delay_ms, kMaintenanceMs),
              [this, due] { caf::anon_send(caf::actor_cast<store_actor>(this), due); });
}

}  // namespace twincached
