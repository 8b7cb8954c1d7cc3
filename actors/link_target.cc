// The LINK as target: the peer's batches go to the STOREs, acknowledgements and our clients'
// commands go to the peer.
#include <algorithm>
#include <utility>

#include "actors/link.h"
#include "actors/log.h"
#include "proto/canary.h"
#include "proto/check.h"
#include "proto/limits.h"

namespace twincached {

using replication::Frame;

namespace {

// Forwards of one frame: a frame may carry as much as one large item.
constexpr size_t kForwardBytesPerFrame = 256u << 10;
// Frames for one STORE are joined up to here: a message costs little beside so many records.
constexpr size_t kJoinedBytesMax = 16u << 10;

}  // namespace

void LinkActor::BeginTarget(const replication::Verdict& verdict) {
  const bool resume = verdict.copy() == replication::COPY_RESUME;
  receiver_ = std::make_unique<replication::Receiver>(
      options_.shard_count, resume ? verdict.resume_position() : 0, next_ticket_);
  if (!resume) {
    receiver_->ExpectSnapshot();
    return;
  }
  // An Ack that named them may have been lost with the link before.
  OrderStores(StoreOrder::kTellShed, 0);
  if (BrokenOnPurpose(Canary::kResendDropped)) return;
  const bool knows_us = peer_hello_.forwards_from().low() == options_.incarnation_low &&
                        !BrokenOnPurpose(Canary::kForwardTwice);
  SendForwards(knows_us ? peer_hello_.forwards_executed() + 1 : book_.first());
}

// ---------------------------------------------------------------- the stream

void LinkActor::CheckStatus(const absl::Status& status) {
  if (!status.ok()) Tell(replication::StreamBroken{std::string(status.message())});
}

void LinkActor::OnSnapshotBegin(const replication::SnapshotBegin& begin) {
  if (receiver_ == nullptr) return;
  CheckStatus(receiver_->OnSnapshotBegin(begin));
  OrderStores(StoreOrder::kBeginLoading, 0);
}

void LinkActor::OnData(const replication::DataView& data) {
  if (receiver_ == nullptr) return;
  replication::Dispatch dispatch;
  const absl::Status status = receiver_->OnData(data, &dispatch);
  if (!status.ok()) return CheckStatus(status);
  if (!dispatch.apply) return;
  std::shared_ptr<ApplyBatch>& batch = open_applies_[dispatch.shard];
  DCHECK_EQ(batch != nullptr, dispatch.joins);
  if (batch == nullptr) {
    batch = std::make_shared<ApplyBatch>();
    batch->ticket = dispatch.ticket;
  }
  batch->records.append(data.records.data(), data.records.size());
  if (batch->records.size() >= kJoinedBytesMax) HandOverOpen();
}

// What one input brought for a STORE goes to it in one message, however many frames it was.
void LinkActor::HandOverOpen() {
  if (open_applies_.empty()) return;
  if (receiver_ != nullptr) receiver_->CloseDispatches();
  for (auto& open : open_applies_) HandOver(open.first, std::move(open.second));
  open_applies_.clear();
}

void LinkActor::HandOver(uint32_t shard, std::shared_ptr<ApplyBatch> batch) {
  batch->every_shard = shard == replication::kEveryShard;
  next_ticket_ = std::max(next_ticket_, batch->ticket + 1);
  if (!batch->every_shard) {
    return send(wiring_->stores[shard], ApplyBatchPtr(std::move(batch)));
  }
  for (const store_actor& store : wiring_->stores) send(store, ApplyBatchPtr(batch));
}

void LinkActor::OnApplied(const Applied& applied) {
  for (const ForwardAnswer& answer : applied.answers) {
    if (answer.incarnation_low != options_.incarnation_low) continue;
    AnswerClient(answer.number, answer.parts, answer.reply, answer.value);
  }
  if (receiver_ != nullptr && applied.failure.empty()) {
    for (const std::string& key : applied.shed_keys) receiver_->AddShed(key);
  }
  for (replication::Receiver* receiver : {retiring_.get(), receiver_.get()}) {
    if (receiver == nullptr || !receiver->HasIssued(applied.ticket)) continue;
    if (applied.failure.empty()) {
      receiver->OnApplied(applied.ticket);
    } else if (receiver == receiver_.get()) {
      Tell(replication::StreamBroken{applied.failure});
    }
    if (receiver == receiver_.get() && applied.compared != nullptr) {
      CheckStatus(digests_.OnCompared(*applied.compared));
    }
  }
}

// After everything that this iteration applied.
void LinkActor::SendAck() {
  if (receiver_ == nullptr) return;
  if (receiver_->TakeLoadingDone()) OrderStores(StoreOrder::kEndLoading, 0);
  Frame frame;
  if (receiver_->TakeAck(frame.mutable_ack())) AppendToLink(frame);
  if (receiver_->in_sync_applied() && !std::exchange(told_in_sync_, true)) {
    Tell(replication::InSyncApplied{});
  }
}

// ---------------------------------------------------------------- our clients' commands

void LinkActor::OnForwardRequests(ForwardRequests* requests) {
  const uint64_t first = book_.end();
  for (ForwardRequest& request : *requests) book_.Add(std::move(request));
  if (!queued_from_) decides_ ? ExecuteHere(first) : SendForwards(first);
  TellWindow();
}

// Without a link they wait in the book: for the resume, or for this node's promotion.
void LinkActor::SendForwards(uint64_t first) {
  if (link() == nullptr || receiver_ == nullptr) return;
  for (uint64_t number = std::max(first, book_.first()); number < book_.end();) {
    Frame frame;
    replication::Forwards* forwards = frame.mutable_forwards();
    forwards->set_incarnation_low(options_.incarnation_low);
    for (size_t bytes = 0; number < book_.end() && bytes < kForwardBytesPerFrame; ++number) {
      const ForwardBook::Entry* entry = book_.Find(number);
      if (entry == nullptr) continue;
      const Command& command = entry->request.command;
      replication::Forward* forward = forwards->add_forwards();
      forward->set_number(number);
      forward->set_op(static_cast<uint32_t>(command.op));
      forward->set_key(command.key.data(), command.key.size());
      forward->set_value(command.value.data(), command.value.size());
      forward->set_client_flags(command.client_flags);
      forward->set_expiry_ms(command.expiry_ms);
      forward->set_cas(command.cas);
      forward->set_delta(command.delta);
      bytes += entry->request.owned.size();
    }
    AppendToLink(frame);
  }
}

// This node decides now: what the old master did not answer is executed here, in order.
void LinkActor::ExecuteHere(uint64_t first) {
  std::vector<CommandBatchPtr> batches(options_.shard_count);
  for (uint64_t number = std::max(first, book_.first()); number < book_.end(); ++number) {
    const ForwardBook::Entry* entry = book_.Find(number);
    if (entry == nullptr) continue;
    book_.Restart(number);
    Distribute({0, number, 1}, entry->request.command, &batches);
  }
  SendBatches(CommandOrigin::kStrandedForward, &batches);
}

void LinkActor::OnExecutedHere(const CommandBatch& batch) {
  for (size_t i = 0; i < batch.replies.size(); ++i) {
    const Reply& reply = batch.replies[i].reply;
    const uint64_t seq = batch.replies[i].hold_seq;
    if (seq != 0) book_.Reveal(batch.tags[i].number, {batch.shard, seq});
    AnswerClient(batch.tags[i].number, batch.tags[i].parts, reply, reply.value);
  }
}

void LinkActor::AnswerClient(uint64_t number, uint32_t parts, const Reply& reply,
                             absl::string_view value) {
  const ForwardBook::Entry* entry = book_.Answer(number, parts);
  if (entry == nullptr) return;
  const ClientToken client = entry->request.client;
  ForwardRepliesPtr& replies = replies_out_[client.listener];
  if (replies == nullptr) replies = std::make_shared<ForwardReplies>();
  replies->push_back(
      {client.client, entry->request.index, reply, std::string(value), entry->revealed});
}

void LinkActor::SendReplies() {
  if (replies_out_.empty()) return;
  for (auto& replies : replies_out_) {
    send(wiring_->listeners[replies.first], std::move(replies.second));
  }
  replies_out_.clear();
  book_.Forget();
  TellWindow();
}

}  // namespace twincached
