// The LINK compares its slots with the peer's: Digests and Repairs find their place in the stream,
// the rest is LinkDigests' (link_digests.h).
#include <memory>
#include <utility>

#include "actors/link.h"
#include "actors/log.h"
#include "proto/key_hash.h"

namespace twincached {

using replication::Frame;

void LinkActor::OnMade(Frame* frame) {
  if (sender_ == nullptr || !sender_->in_sync_acked()) return;  // an earlier link's
  if (frame->has_digest()) frame->mutable_digest()->set_position(log_.end());
  if (digests_.OnMade(*frame, log_.end())) sender_->OnPlaced(*frame);
}

void LinkActor::OnComparingFrame(const Frame& frame) {
  if (!frame.has_digest() && !frame.has_repair()) return digests_.OnFrame(frame);
  if (receiver_ == nullptr) return Tell(replication::StreamBroken{"a digest to a source"});
  replication::Dispatch dispatch;
  const absl::Status status = frame.has_digest() ? receiver_->OnDigest(frame.digest(), &dispatch)
                                                 : receiver_->OnRepair(frame.repair(), &dispatch);
  if (!status.ok()) return CheckStatus(status);
  if (frame.has_repair()) digests_.OnRepair(frame.repair());
  auto batch = std::make_shared<ApplyBatch>();
  batch->ticket = dispatch.ticket;
  batch->placed = std::make_unique<const Frame>(frame);
  HandOver(dispatch.shard, std::move(batch));
}

void LinkActor::DriveDigests() {
  using Side = LinkDigests::Side;
  Side side = Side::kOut;
  if (link() != nullptr && sender_ != nullptr && sender_->in_sync_acked()) side = Side::kSource;
  if (link() != nullptr && receiver_ != nullptr && told_in_sync_) side = Side::kTarget;
  const bool stream_free = sender_ != nullptr && sender_->all_placed_sent();
  DigestWork work;
  if (!digests_.TakeWork(side, stream_free, running_ms_, &work)) return;
  for (const std::string& warning : work.warnings) LogWarning(warning);
  for (const Frame& frame : work.frames) AppendToLink(frame);
  for (const StoreOrder& order : work.every_store) OrderStores(order.kind, order.value);
  for (const StoreOrder& order : work.store_of_hash) {
    send(wiring_->stores[ShardOfSlot(SlotOf(order.value), options_.shard_count)], order);
  }
  for (const DigestWork::Answer& answer : work.answers) {
    send(wiring_->listeners[answer.client.listener],
         std::make_shared<const AdminAnswer>(AdminAnswer{answer.client.client, answer.text}));
  }
}

}  // namespace twincached
