#include "actors/link.h"

#include <utility>

#include "actors/log.h"
#include "net/clock.h"
#include "proto/check.h"
#include "proto/limits.h"

namespace twincached {

LinkActor::LinkActor(caf::actor_config& config, CoreUnit* core, LinkOptions options)
    : pinned(config, core),
      options_(std::move(options)),
      memory_limit_(options_.memory_bytes_max, options_.memory_bytes_min),
      dialer_(
          &core->loop(), {options_.peer, options_.timers.suspect_after},
          [this](int fd) { AddPeer(fd, true); },
          [this](PeerDialer::Why why) { Tell(replication::DialFailed{why}); }),
      peer_probe_(&core->loop(),
                  [this](Prober::Result result) { Tell(replication::ProbeDone{result}); }),
      log_(kMutationLogBytesMax),
      open_batches_(options_.shard_count),
      slot_seed_(options_.slot_seed),
      clock_offset_ms_(options_.clock_offset_ms) {
  core->AddBeforeSleep(WhileRunning([this] { BeforeSleep(); }));
}

LinkActor::behavior_type LinkActor::make_behavior() {
  return {
      [this](const WiringPtr& wiring) { Begin(wiring); },
      [this](const MutationBatchPtr& batch) { OnMutations(batch.get()); },
      [this](const AppliedPtr& applied) { OnApplied(*applied); },
      [this](const SnapshotChunkPtr& chunk) { OnChunk(chunk.get()); },
      [this](const PlacedFramePtr& frame) { OnMade(frame.get()); },
      [this](const BarrierReached& reached) { OnBarrier(reached); },
      [this](const CommandBatchPtr& batch) { OnExecutedHere(*batch); },
      [this](const ForwardRequestsPtr& requests) { OnForwardRequests(requests.get()); },
      [this](const RoleOrdersPtr& orders) { OnOrders(*orders); },
      [this](const MemoryLimitRequest& request) { OnMemoryLimit(request); },
      [this](const AdminRequest& request) { digests_.OnCommand(request.client); },
      [this](const StatsRequest& request) { OnStatsRequest(request); },
  };
}

void LinkActor::Begin(const WiringPtr& wiring) {
  wiring_ = wiring;
  CHECK(!options_.addresses.empty());
  const absl::Status status = probe_port_.Open(&loop(), options_.addresses);
  if (!status.ok()) LogWarning(status.message());
  HoldPort();
  Tell(replication::Started{net::BoottimeMs()});
}

void LinkActor::on_exit() {
  pinned::on_exit();
  acceptors_.clear();
  probe_port_.Close();
  peer_probe_.Stop();
  dialer_.Stop();
  peers_.clear();
  dropped_.clear();
  wiring_.reset();
}

void LinkActor::Tell(replication::Event event) {
  send(wiring_->supervisor, std::make_shared<const replication::Event>(std::move(event)));
}

// The end of an iteration: one write to the peer, one message per LISTENER.
void LinkActor::BeforeSleep() {
  if (wiring_ == nullptr) return;
  DCHECK(open_applies_.empty());
  SendReplies();
  SendAck();
  DriveDigests();
  DrainSender();
  TellWindow();
  CheckDrained();
  for (auto& peer : peers_) peer.second->connection->FlushSoon();
  dropped_.clear();
}

// Clients who need nobody's acknowledgement do not wait for a joiner: it copies anew when it falls
// behind. For a slave they do (--ack=local), or the pair would never be one under much load.
void LinkActor::TellWindow() {
  const bool forwards_full = book_.full() && !alone_;
  const bool stream_full =
      sender_ != nullptr && sender_->window_full() && (!alone_ || sender_->in_sync_acked());
  const bool full = forwards_full || stream_full;
  if (std::exchange(window_full_, full) == full) return;
  if (full) ++stats_.window_full_times;
  for (const listener_actor& listener : wiring_->listeners) send(listener, WindowFull{full});
}

void LinkActor::CheckDrained() {
  if (!draining_) return;
  if (sender_ != nullptr && sender_->acked_position() < log_.end()) return;
  if (receiver_ != nullptr && book_.in_flight() > 0) return;
  draining_ = false;
  Tell(replication::Drained{});
}

void LinkActor::OnStatsRequest(const StatsRequest& request) {
  if (request.reset) return;
  auto part = std::make_shared<StatsPart>();
  part->token = request.token;
  LinkStats& stats = part->stats.link;
  stats = stats_;
  stats.position = receiver_ != nullptr ? receiver_->applied_position() : log_.end();
  stats.acknowledged_position = sender_ != nullptr ? sender_->acked_position() : stats.position;
  stats.log_bytes = log_.bytes();
  stats.log_bytes_max = kMutationLogBytesMax;
  stats.memory_bytes_max = memory_limit_.bytes();
  stats.lag_mutations = sender_ != nullptr ? sender_->lag_batches() : 0;
  stats.forwards_in_flight = book_.in_flight();
  stats.link_up = link() != nullptr;
  send(wiring_->listeners[request.listener], StatsPartPtr(std::move(part)));
}

}  // namespace twincached
