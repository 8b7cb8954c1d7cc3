// The LINK as source: positions, the log, the snapshot, acknowledgements and the slave's forwards.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "actors/link.h"
#include "actors/log.h"
#include "net/clock.h"
#include "proto/canary.h"
#include "proto/key_hash.h"
#include "proto/limits.h"

namespace twincached {

namespace {

// Unsent bytes the link's socket may have before the sender waits: heartbeats queue behind no more.
constexpr size_t kLinkOutputBytesMax = 1u << 20;

class LinkOutput final : public replication::FrameOutput {
 public:
  explicit LinkOutput(net::Connection* connection) : connection_(connection) {}

  std::string* text() override { return connection_->output(); }
  void Lend(absl::string_view frame, std::shared_ptr<const void> owner) override {
    connection_->Borrow(frame, std::move(owner));
  }
  size_t unsent() const override { return connection_->appended() - connection_->written(); }

 private:
  net::Connection* const connection_;  // borrowed
};

}  // namespace

void LinkActor::BeginSource(const replication::Verdict& verdict) {
  const replication::SenderLimits limits{kWindowBytesMax, kSyncLagBytesMax,
                                         kSnapshotChunksInFlight};
  if (!log_.keeping()) {
    log_.SetKeeping(true);
    OrderStores(StoreOrder::kRecord, 1);
  }
  resumed_ = verdict.copy() == replication::COPY_RESUME;
  sender_ = std::make_unique<replication::Sender>(limits, &log_);
  const uint64_t from = peer_hello_.incarnation().low();
  if (std::exchange(executed_forwards_from_, from) != from) executed_forward_ = 0;
  if (resumed_) {
    sender_->StartResume(verdict.resume_position());
    open_batches_.Acknowledge(sender_->acked_position(), running_ms_);
  } else {
    ++stats_.snapshots_sent;
    OrderStores(StoreOrder::kBeginSnapshot, 0);
    sender_->StartSnapshot(options_.shard_count);
  }
  TellAcknowledged();
}

// ---------------------------------------------------------------- the stream

void LinkActor::OnMutations(MutationBatch* batch) {
  if (!decides_) return;  // of a time before this node followed
  if (!std::exchange(told_first_mutation_, true)) Tell(replication::FirstMutation{log_.end()});
  if (batch->used_up_epoch > told_used_up_epoch_) {
    told_used_up_epoch_ = batch->used_up_epoch;
    Tell(replication::EpochUsedUp{batch->used_up_epoch});
  }
  if (alone_) alone_mutations_ += batch->changes;
  const uint64_t position =
      batch->records.empty()
          ? log_.Append(batch->shard, options_.shard_count, absl::string_view())
          : log_.Adopt(batch->shard, options_.shard_count, std::move(batch->records));
  if (batch->seq == 0) {
    // A change from before the STORE began to record: a snapshot has it, a resume would miss it.
    if (sender_ != nullptr && resumed_ && link() != nullptr) Refuse(link(), "a change was missed");
    return;
  }
  if (sender_ != nullptr || !alone_) {
    open_batches_.Add(position, batch->shard, batch->seq, running_ms_);
  } else {
    open_batches_.Skip(batch->shard, batch->seq);
    if (log_.begin() > gap_position_) StopKeeping();
  }
}

// The log no longer covers the gap that it was kept for: whoever comes takes a snapshot.
void LinkActor::StopKeeping() {
  if (!log_.keeping()) return;
  log_.SetKeeping(false);
  OrderStores(StoreOrder::kRecord, 0);
}

void LinkActor::OnChunk(SnapshotChunk* chunk) {
  if (sender_ != nullptr) sender_->OnChunk(chunk->shard, std::move(chunk->records), chunk->last);
}

void LinkActor::DrainSender() {
  Peer* peer = link();
  if (peer == nullptr || sender_ == nullptr) return;
  const bool copying = !sender_->snapshot_done();
  LinkOutput output(peer->connection.get());
  sender_->Drain(kLinkOutputBytesMax, &output);
  for (uint32_t shard : sender_->TakeChunkPulls()) {
    send(wiring_->stores[shard], StoreOrder{StoreOrder::kNextChunk, kSnapshotChunkBytes});
  }
  if (copying && sender_->snapshot_done() && sender_->snapshot_items() > 0) {
    LogContract(absl::StrCat("replication: marugoto ", sender_->snapshot_items()));
    LogContract("replication: marugoto owari");
  }
  if (sender_->overrun()) return Refuse(peer, "the peer fell behind the mutation log");
  if (sender_->caught_up() && !std::exchange(told_caught_up_, true)) {
    Tell(replication::CaughtUp{});
  }
  if (sender_->in_sync_acked() && !std::exchange(told_in_sync_, true)) {
    Tell(replication::InSyncAcked{});
  }
}

// ---------------------------------------------------------------- acknowledgements

void LinkActor::OnAck(const replication::Ack& ack) {
  if (sender_ == nullptr) return Tell(replication::StreamBroken{"an Ack to a target"});
  sender_->OnAck(ack);
  Shed(ack);
  if (open_batches_.Acknowledge(sender_->acked_position(), running_ms_)) TellAcknowledged();
}

void LinkActor::TellAcknowledged() {
  const auto told = std::make_shared<const Acknowledged>(open_batches_.acknowledged());
  for (const listener_actor& listener : wiring_->listeners) send(listener, told);
  for (const store_actor& store : wiring_->stores) send(store, told);
}

// ---------------------------------------------------------------- commands from the slave

void LinkActor::OnForwards(const replication::Forwards& forwards) {
  if (sender_ == nullptr) return Tell(replication::StreamBroken{"forwards to a target"});
  // What is not executed here any more, the slave executes itself when it takes over.
  if (queued_from_ || forwards.incarnation_low() != executed_forwards_from_) return;
  std::vector<CommandBatchPtr> batches(options_.shard_count);
  for (const replication::Forward& forward : forwards.forwards()) {
    if (forward.op() > static_cast<uint32_t>(Op::kFlush) || forward.key().size() > kKeyBytesMax) {
      return Tell(replication::StreamBroken{"a forward that cannot be executed"});
    }
    const bool executed = forward.number() <= executed_forward_;
    if (executed && !BrokenOnPurpose(Canary::kForwardTwice)) continue;
    executed_forward_ = forward.number();
    Command command;
    command.op = static_cast<Op>(forward.op());
    command.client_flags = forward.client_flags();
    command.expiry_ms = forward.expiry_ms();
    command.cas = forward.cas();
    command.delta = forward.delta();
    command.key = forward.key();
    command.value = forward.value();
    Distribute({executed_forwards_from_, forward.number(), 1}, command, &batches);
  }
  SendBatches(CommandOrigin::kPeerForward, &batches);
}

// Copies the command into the batch of its shard; a flush into every one.
void LinkActor::Distribute(ForwardTag tag, const Command& command,
                           std::vector<CommandBatchPtr>* batches) {
  uint32_t first = 0;
  uint32_t last = options_.shard_count - 1;
  uint64_t hash = 0;
  if (command.op == Op::kFlush) {
    tag.parts = options_.shard_count;
  } else {
    hash = HashKey(command.key, slot_seed_);
    first = last = ShardOfSlot(SlotOf(hash), options_.shard_count);
  }
  for (uint32_t shard = first; shard <= last; ++shard) {
    CommandBatchPtr& batch = (*batches)[shard];
    if (batch == nullptr) batch = std::make_shared<CommandBatch>();
    batch->owned.emplace_back(absl::StrCat(command.key, command.value));
    const absl::string_view owned = batch->owned.back();
    Command copy = command;
    copy.hash = hash;
    copy.key = owned.substr(0, command.key.size());
    copy.value = owned.substr(command.key.size());
    batch->commands.push_back(copy);
    batch->tags.push_back(tag);
  }
}

void LinkActor::SendBatches(CommandOrigin origin, std::vector<CommandBatchPtr>* batches) {
  for (uint32_t shard = 0; shard < batches->size(); ++shard) {
    const CommandBatchPtr& batch = (*batches)[shard];
    if (batch == nullptr) continue;
    batch->origin = origin;
    batch->shard = shard;
    send(wiring_->stores[shard], batch);
  }
}

// Items that the slave had no room for go here as well, so that both hold the same.
void LinkActor::Shed(const replication::Ack& ack) {
  if (ack.shed_keys().empty()) return;
  std::vector<CommandBatchPtr> batches(options_.shard_count);
  for (const std::string& key : ack.shed_keys()) {
    Command command;
    command.op = Op::kDelete;
    command.key = key;
    Distribute({}, command, &batches);
  }
  SendBatches(CommandOrigin::kPeerForward, &batches);
}

}  // namespace twincached
