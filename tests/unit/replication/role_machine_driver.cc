#include "tests/unit/replication/role_machine_driver.h"

#include <algorithm>

namespace twincached::replication {

namespace {

RoleConfig ConfigOf(bool has_peer, bool ack_pair, bool refuse_solo_writes) {
  RoleConfig config;
  config.has_peer = has_peer;
  config.node_id = 1;
  config.cluster_id = 1;
  config.incarnation.set_high(50);
  config.ack_pair = ack_pair;
  config.refuse_solo_writes = refuse_solo_writes;
  config.node_name = "this";
  config.slot_seed = 5;
  config.random_seed = 6;
  return config;
}

}  // namespace

Driver::Driver(bool has_peer, bool ack_pair, bool refuse_solo_writes)
    : machine_(ConfigOf(has_peer, ack_pair, refuse_solo_writes)) {}

void Driver::Give(const Event& event) {
  if (const Tick* tick = absl::get_if<Tick>(&event)) now_ = std::max(now_, tick->running_ms);
  effects_ = machine_.Step(event);
  for (const Effect& effect : effects_) {
    if (const auto* serving = absl::get_if<SetServing>(&effect)) serving_token_ = serving->token;
    if (const auto* barrier = absl::get_if<RunBarrier>(&effect)) barrier_token_ = barrier->token;
    if (const auto* yield = absl::get_if<Yield>(&effect)) barrier_token_ = yield->token;
    if (const auto* verdict = absl::get_if<SendVerdict>(&effect)) verdict_ = verdict->verdict;
  }
}

void Driver::Solo() {
  Give(Started{});
  for (int i = 0; i < 10; ++i) Give(DialFailed{DialFailed::kRefused});
  ConfirmServing();
}

void Driver::Feed() {
  Solo();
  Give(FirstMutation{0});
  Open(1, false);
  Greet(1, Empty());
  Agree(1);
}

void Driver::Master() {
  Feed();
  Give(CaughtUp{});
  ConfirmServing();
  Give(InSyncAcked{});
}

void Driver::Join() {
  Give(Started{});
  if (state() == SOLO) {  // without -x it serves at once, and holds before it gives that up
    Open(1, false);
    Greet(1, WithData());
    ConfirmServing();
  }
  Open(1, false);
  Greet(1, WithData());
  Agree(1);
}

void Driver::Slave() {
  Join();
  Give(InSyncApplied{});
}

void Driver::HandOver() {
  if (!Serves(ServingMode::kFollower)) Give(SwitchoverReceived{});
  ConfirmServing();
  Give(Drained{});
  Give(BarrierDone{barrier_token_});
  Give(Drained{});
}

void Driver::Open(ConnectionId id, bool dialled) { Give(ConnectionOpened{id, dialled}); }

void Driver::Greet(ConnectionId id, const Hello& theirs) {
  Give(HelloReceived{id, OurHello(), theirs});
}

void Driver::Agree(ConnectionId id) { Give(VerdictReceived{id, verdict_}); }

void Driver::CloseLink(bool orderly) { Give(ConnectionClosed{1, orderly, real_now()}); }

void Driver::Pass(int64_t for_ms) {
  for (int64_t end = now_ + for_ms; now_ < end;) {
    const int64_t next = std::min(now_ + 100, end);
    Give(Tick{next, next + slept_ms_, 0});
  }
}

void Driver::Sleep(int64_t for_ms) {
  slept_ms_ += for_ms;
  Pass(100);
}

void Driver::PassMute(int64_t for_ms) {
  for (int64_t passed = 0; passed < for_ms; passed += 100) {
    Give(Tick{now_ + 100, real_now() + 100, 0, true});
  }
}

void Driver::Stuck(int64_t for_ms) {
  for (int64_t passed = 100; passed <= for_ms; passed += 100) {
    Give(HeartbeatReceived{1, status().peer_state});
    Give(Tick{now_ + 100, real_now() + 100, passed});
  }
}

Hello Driver::Empty() const {
  Hello hello;
  hello.set_protocol_min(kProtocolMin);
  hello.set_protocol_max(kProtocolMax);
  hello.set_node_id(2);
  hello.set_cluster_id(1);
  hello.mutable_incarnation()->set_high(20);
  hello.set_node_name("other");
  hello.set_ack_pair(true);
  return hello;
}

Hello Driver::Reborn() const {
  Hello hello = Empty();
  hello.mutable_incarnation()->set_high(21);
  return hello;
}

Hello Driver::WithData() const {
  Hello hello = Empty();
  hello.set_state(SOLO);
  hello.set_serving(true);
  hello.mutable_epoch()->set_number(4);
  *hello.mutable_epoch()->mutable_minted_by() = hello.incarnation();
  hello.mutable_generation()->set_id(40);
  hello.set_position(5);
  hello.set_acknowledged_position(5);
  hello.set_client_mutations_acknowledged(5);
  return hello;
}

GoodbyeReceived Driver::LastGoodbye() const {
  GoodbyeReceived last;
  last.goodbye.set_exiting(true);
  return last;
}

GoodbyeReceived Driver::SwitchoverGoodbye() const {
  GoodbyeReceived switchover;
  switchover.goodbye.set_position(5);
  switchover.goodbye.set_was_master(true);
  return switchover;
}

Verdict Driver::TakeoverVerdict() const {
  const Hello ours = OurHello();
  Verdict verdict;
  *verdict.mutable_source() = Empty().incarnation();
  *verdict.mutable_target() = ours.incarnation();
  verdict.set_copy(COPY_RESUME);
  verdict.mutable_epoch()->set_number(ours.epoch().number() + 1);
  *verdict.mutable_epoch()->mutable_minted_by() = Empty().incarnation();
  verdict.set_slot_seed(ours.slot_seed());
  verdict.set_resume_position(5);
  *verdict.mutable_generation() = ours.generation();
  return verdict;
}

Hello Driver::OurHello() const {
  Hello hello;
  machine_.FillHello(&hello);
  if (!IsEmpty(hello.generation())) hello.set_position(5);
  hello.set_acknowledged_position(hello.position());
  return hello;
}

bool Driver::Said(ContractLine line) const {
  for (const Effect& effect : effects_) {
    const Say* say = absl::get_if<Say>(&effect);
    if (say != nullptr && say->line == line) return true;
  }
  return false;
}

}  // namespace twincached::replication
