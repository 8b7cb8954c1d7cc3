// The LINK carries out what the role machine ordered, in its order.
#include <algorithm>
#include <utility>

#include "actors/link.h"
#include "actors/log.h"
#include "net/clock.h"
#include "net/socket.h"
#include "proto/canary.h"
#include "proto/limits.h"

namespace twincached {

using replication::Frame;

namespace {

// A reading of the master's clock is behind it by its way here, so that a slave is never ahead;
// this is for rounding at both ends and for the drift until the next one.
constexpr int64_t kClockMarginMs = 2;

}  // namespace

void LinkActor::OnOrders(const RoleOrders& orders) {
  role_hello_ = orders.hello;
  for (const replication::Effect& effect : orders.effects) {
    absl::visit([this](const auto& order) { Obey(order); }, effect);
  }
  SetTicking(orders.needs_ticks);
  Peer* considered = Find(orders.considered);
  if (considered != nullptr && !considered->agreed) considered->awaits_role = false;
  // By now the orders are through: also a connection that has become the link is read on.
  for (Peer* peer : {considered, link()}) {
    if (peer != nullptr && Find(peer->id) == peer) ReadFrames(peer);
  }
}

void LinkActor::OrderStores(StoreOrder::Kind kind, uint64_t value) {
  HandOverOpen();
  for (const store_actor& store : wiring_->stores) send(store, StoreOrder{kind, value});
}

// ---------------------------------------------------------------- the link begins and ends

void LinkActor::Obey(const replication::AttachLink& attach) {
  Peer* peer = Find(attach.connection);
  if (peer == nullptr) return;
  link_id_ = attach.connection;
  peer->awaits_role = false;
  peer_hello_ = peer->theirs;
  stats_.peer_address = net::PeerAddress(peer->connection->fd()).ToString();
  heard_us_ = 0;
  told_caught_up_ = told_in_sync_ = false;
  sender_.reset();
  receiver_.reset();
  queued_from_.reset();
  peer_probe_.BeginLink(net::PeerAddress(peer->connection->fd())
                            .WithPort(static_cast<uint16_t>(peer_hello_.probe_port())));
  if (attach.as_source) {
    BeginSource(attach.verdict);
  } else {
    SetStreamClock(peer_hello_.stream_clock_ms());
    BeginTarget(attach.verdict);
  }
  SendHeartbeat();
}

// Both halves of the stream are at rest: the old master's ended with its goodbye.
void LinkActor::Obey(const replication::TurnLink& turn) {
  Peer* peer = link();
  if (peer == nullptr) return;
  peer->awaits_role = false;
  queued_from_.reset();
  if (turn.as_source) {
    log_.AdvanceTo(receiver_->applied_position());
    receiver_.reset();
    retiring_.reset();  // what it brought was applied before this link's Hello
    BeginSource(turn.verdict);
  } else if (turn.verdict.resume_position() == log_.end()) {
    sender_.reset();
    BeginTarget(turn.verdict);
  } else {
    Refuse(peer, "a Verdict from another position");
  }
}

void LinkActor::Obey(const replication::DetachLink& detach) {
  if (link_id_ != 0) Drop(std::exchange(link_id_, 0), detach.reset);
  BeginOwnBarrier();
  if (sender_ != nullptr) {
    OrderStores(StoreOrder::kAbandonSnapshot, 0);
    gap_position_ = sender_->acked_position();
  }
  sender_.reset();
  if (receiver_ != nullptr) retiring_ = std::move(receiver_);
  if (!detach.keep_log) StopKeeping();
}

// What an ended connection brought is applied before the next Hello says how far this node is.
void LinkActor::BeginOwnBarrier() {
  const uint64_t token = ++last_own_barrier_ | kOwnBarrier;
  own_barrier_.Begin(token, wiring_->stores.size());
  OrderStores(StoreOrder::kBarrier, token);
}

void LinkActor::Obey(const replication::RunBarrier& barrier) {
  role_barrier_.Begin(barrier.token, wiring_->stores.size());
  OrderStores(StoreOrder::kBarrier, barrier.token);
}

void LinkActor::OnBarrier(const BarrierReached& reached) {
  if (role_barrier_.Reach(reached.token)) Tell(replication::BarrierDone{reached.token});
  if (!own_barrier_.Reach(reached.token)) return;
  if (retiring_ != nullptr && receiver_ == nullptr) {
    log_.AdvanceTo(retiring_->applied_position());
  }
  retiring_.reset();
  for (replication::ConnectionId id : std::exchange(waiting_hellos_, {})) {
    Peer* peer = Find(id);
    if (peer != nullptr) SendHello(peer);
  }
}

// ---------------------------------------------------------------- what this node is

void LinkActor::Obey(const replication::SetServing& serving) {
  auto order = std::make_shared<Serving>();
  order->token = serving.token;
  order->mode = serving.mode;
  order->drop_held = serving.drop_held;
  order->drop_writes = serving.drop_writes;
  order->slot_seed = slot_seed_;
  alone_ = serving.mode == replication::ServingMode::kAlone;
  // First: what is dropped is not released by what the skipping says is acknowledged.
  for (const listener_actor& listener : wiring_->listeners) send(listener, ServingPtr(order));
  if (!alone_) return;
  open_batches_.SkipAll();
  TellAcknowledged();
}

void LinkActor::Obey(const replication::SetWrites& writes) {
  OrderStores(StoreOrder::kTakeWrites, writes.taken ? 1 : 0);
}

void LinkActor::Obey(const replication::Decide& decide) {
  decides_ = true;
  told_first_mutation_ = false;
  alone_mutations_ = 0;
  slot_seed_ = decide.slot_seed;
  OrderStores(StoreOrder::kDecide, decide.epoch.number());
  const uint64_t first = queued_from_.value_or(book_.first());
  queued_from_.reset();
  if (decide.rerun_forwards) ExecuteHere(first);
}

void LinkActor::Obey(const replication::NextEpoch& next) {
  OrderStores(StoreOrder::kDecide, next.epoch.number());
}

void LinkActor::Obey(const replication::Follow&) {
  decides_ = false;
  alone_mutations_ = 0;
  StopKeeping();
  open_batches_.SkipAll();
  OrderStores(StoreOrder::kFollow, 0);
}

void LinkActor::Obey(const replication::DropData& drop) {
  slot_seed_ = drop.slot_seed;
  log_.Reset(0);
  receiver_.reset();
  retiring_.reset();
  open_batches_.SkipAll();
  book_.Clear();
  executed_forward_ = 0;
  executed_forwards_from_ = 0;
  OrderStores(StoreOrder::kClear, drop.slot_seed);
}

// ---------------------------------------------------------------- frames to the peer

void LinkActor::Obey(const replication::SendInSync&) {
  if (sender_ != nullptr) sender_->QueueInSync();
}

void LinkActor::Obey(const replication::SendOutdated& outdated) {
  Frame frame;
  frame.mutable_outdated()->set_reason(outdated.reason);
  AppendToLink(frame);
}

void LinkActor::Obey(const replication::SendOutdatedAck&) {
  Frame frame;
  frame.mutable_outdated_ack();
  AppendToLink(frame);
}

void LinkActor::Obey(const replication::SendGoodbye& goodbye) {
  Frame frame;
  frame.mutable_goodbye()->set_position(log_.end());
  frame.mutable_goodbye()->set_exiting(goodbye.exiting);
  frame.mutable_goodbye()->set_was_master(goodbye.was_master);
  AppendToLink(frame);
}

void LinkActor::Obey(const replication::SendSwitchover& switchover) {
  Frame frame;
  frame.mutable_switchover()->set_refusal(switchover.refusal);
  AppendToLink(frame);
}

// Nothing new is executed meanwhile, so that it ends.
void LinkActor::Obey(const replication::DrainLink&) {
  draining_ = true;
  if (!queued_from_) queued_from_ = book_.end();
}

void LinkActor::Obey(const replication::Yield& yield) {
  OrderStores(StoreOrder::kFollow, 0);
  Obey(replication::RunBarrier{yield.token});
}

void LinkActor::AppendToLink(const Frame& frame) {
  if (link() != nullptr) Append(link(), frame);
}

void LinkActor::Obey(const replication::Probe&) { peer_probe_.Start(); }

// ---------------------------------------------------------------- time

void LinkActor::SetTicking(bool wanted) {
  if (!wanted) {
    loop().CancelTimer(std::exchange(tick_timer_, 0));
  } else if (tick_timer_ == 0) {
    last_tick_ms_ = net::BoottimeMs();
    tick_timer_ = loop().AddTimer(options_.timers.heartbeat, WhileRunning([this] { Tick(); }));
  }
}

void LinkActor::Tick() {
  tick_timer_ = loop().AddTimer(options_.timers.heartbeat, WhileRunning([this] { Tick(); }));
  const int64_t now_ms = net::BoottimeMs();
  const int64_t tick_ms = now_ms - last_tick_ms_;
  const bool uncapped = BrokenOnPurpose(Canary::kTimersFirst);
  running_ms_ += uncapped ? tick_ms : std::min(tick_ms, options_.timers.heartbeat);
  last_tick_ms_ = now_ms;
  SendHeartbeat();
  if (link() != nullptr) peer_probe_.Verify();
  Tell(replication::Tick{running_ms_, now_ms, open_batches_.StuckMs(running_ms_),
                         own_barrier_.under_way()});
}

void LinkActor::SendHeartbeat() {
  if (link() == nullptr) return;
  Frame frame;
  replication::Heartbeat* heartbeat = frame.mutable_heartbeat();
  heartbeat->set_sent_us(static_cast<uint64_t>(net::BoottimeMs()) * 1000);
  heartbeat->set_echo_us(heard_us_);
  heartbeat->set_stream_clock_ms(net::MonotonicUs() / 1000 + clock_offset_ms_);
  heartbeat->set_state(role_hello_.state());
  heartbeat->set_memory_bytes_max(memory_limit_.bytes());
  heartbeat->set_position(receiver_ != nullptr ? receiver_->applied_position() : log_.end());
  AppendToLink(frame);
}

void LinkActor::OnHeartbeat(const replication::Heartbeat& heartbeat) {
  const bool first = heard_us_ == 0;
  heard_us_ = std::max<uint64_t>(heard_us_, heartbeat.sent_us());
  if (receiver_ != nullptr) SetStreamClock(heartbeat.stream_clock_ms());
  OnPeerMemory(heartbeat.memory_bytes_max());
  if (first) SendHeartbeat();  // the peer need not wait a whole interval for its first echo
  if (heartbeat.echo_us() == 0) return;
  const int64_t now_ms = net::BoottimeMs();
  const int64_t age_ms =
      std::max<int64_t>(0, now_ms - static_cast<int64_t>(heartbeat.echo_us() / 1000));
  const Lease lease{now_ms - age_ms + options_.timers.read_hold};
  for (const listener_actor& listener : wiring_->listeners) send(listener, lease);
  Tell(replication::HeartbeatReceived{age_ms, heartbeat.state()});
}

void LinkActor::SetStreamClock(int64_t stream_ms) {
  const int64_t offset_ms = stream_ms - net::MonotonicUs() / 1000 - kClockMarginMs;
  if (std::exchange(clock_offset_ms_, offset_ms) == offset_ms) return;
  const StreamClockOffset offset{offset_ms};
  for (const listener_actor& listener : wiring_->listeners) send(listener, offset);
  for (const store_actor& store : wiring_->stores) send(store, offset);
}

}  // namespace twincached
