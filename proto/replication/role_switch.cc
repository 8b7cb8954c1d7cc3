// Swapping roles on purpose: a master hands over to its slave, on an operator's word or before it
// stops.
//
// The link stays: behind the goodbye the old master's half of the stream is empty, and the answer,
// a Verdict, begins the new master's half. Until its goodbye the master may change its mind, behind
// it only the slave may decide: the old master waits for the Verdict, or for evidence.
#include <string>

#include "absl/strings/str_cat.h"
#include "proto/replication/decide.h"
#include "proto/replication/role_core.h"

namespace twincached::replication {

// ---------------------------------------------------------------- asking

std::string RoleMachine::Core::RefusalOfSwitchover() const {
  if (Stopping()) return "this node is stopping";
  if (status.state != MASTER && status.state != SLAVE) {
    return status.decides ? "no slave in sync" : "not in sync with a master";
  }
  return link.turn_refusal;
}

// Also a master asks first: a slave that hangs is not said goodbye to.
void RoleMachine::Core::On(const SwitchoverAsked&) {
  const bool under_way = handover.step != RoleHandover::Step::kNone || handover.asked;
  const std::string refusal =
      under_way && !Stopping() ? "a switchover is under way" : RefusalOfSwitchover();
  if (!refusal.empty()) return Emit(AnswerSwitchover{refusal});
  operator_waits = handover.asked = true;
  handover.since_ms = running_ms;
  Emit(SendSwitchover{});
}

void RoleMachine::Core::On(const SwitchoverReceived& received) {
  // What is under way already ends as the peer wants it.
  if (!link.open || Stopping() || handover.step != RoleHandover::Step::kNone) return;
  if (!received.refusal.empty()) {
    if (handover.asked) AnswerOperator(received.refusal);
    return;
  }
  const std::string refusal = RefusalOfSwitchover();
  if (!refusal.empty()) AnswerOperator(refusal);
  if (!refusal.empty() || !status.decides) return Emit(SendSwitchover{refusal});
  handover.asked = false;
  BeginHandover();
}

void RoleMachine::Core::AnswerOperator(absl::string_view error) {
  handover.asked = false;
  if (!operator_waits) return;
  operator_waits = false;
  Emit(AnswerSwitchover{std::string(error)});
}

// ---------------------------------------------------------------- the master

// Reads go on; what needs a master waits for the next one.
void RoleMachine::Core::BeginHandover() {
  handover.step = RoleHandover::Step::kQueueing;
  handover.since_ms = running_ms;
  CloseCandidates();
  ServeAndThen(ServingMode::kFollower, Purpose::kHandingOver);
}

void RoleMachine::Core::On(const Drained&) {
  if (handover.step == RoleHandover::Step::kDraining) {
    handover.step = RoleHandover::Step::kYielding;
    handover.barrier_token = ++newest_token;
    return Emit(Yield{handover.barrier_token});
  }
  if (handover.step != RoleHandover::Step::kDrainingAgain) return;
  if (!Stopping()) return SayGoodbye();
  // The slave answers alone from the goodbye on: clients here must not be told anything then.
  stop = Stop::kClosing;
  ServeAndThen(ServingMode::kClosed, Purpose::kStopping);
}

void RoleMachine::Core::SayGoodbye() {
  Emit(SendGoodbye{false, true});
  Emit(Follow{});
  status.decides = false;
  link.as_source = false;
  handover.step = RoleHandover::Step::kAwaiting;
  handover.since_ms = running_ms;
  ++revision;
  Enter(SLAVE, absl::StrCat("handed over to ", status.peer_name));
}

void RoleMachine::Core::KeepRole(absl::string_view why) {
  if (!handover.UnderWay()) return;
  AnswerOperator(why);
  NewEpoch(true);
  epoch_has_generation = true;  // the pair may go on as it was
}

// ---------------------------------------------------------------- the next master

// Everything that the old one answered for is applied here, and nothing of it comes any more.
void RoleMachine::Core::TakeOver(uint64_t position) {
  const bool stale = status.serving == ServingMode::kHeld;
  MintEpoch();
  epoch_has_generation = true;
  link.as_source = true;
  status.peer_state = SLAVE;
  ++status.promotions;
  Verdict verdict;
  *verdict.mutable_source() = config.incarnation;
  *verdict.mutable_target() = peer.incarnation;
  verdict.set_copy(COPY_RESUME);
  *verdict.mutable_epoch() = status.epoch;
  verdict.set_slot_seed(slot_seed);
  verdict.set_resume_position(position);
  *verdict.mutable_generation() = status.generation;
  Emit(SendVerdict{link.id, verdict});
  Emit(TurnLink{verdict, true});
  TakeWrites(true);
  Emit(Decide{status.epoch, slot_seed, true});
  Enter(MASTER, absl::StrCat("took over from ", status.peer_name));
  Serve(ServingMode::kPaired, stale);
  AnswerOperator("");
}

// The old master hears who decides now.
void RoleMachine::Core::TurnToTarget(const Verdict& verdict) {
  const bool expected = handover.Awaiting() && verdict.copy() == COPY_RESUME &&
                        Compare(verdict.source(), peer.incarnation) == 0 &&
                        Compare(verdict.target(), config.incarnation) == 0 &&
                        Compare(verdict.epoch(), status.epoch) > 0 &&
                        verdict.slot_seed() == slot_seed &&
                        verdict.generation().id() == status.generation.id();
  if (!expected) {
    Emit(CloseConnection{link.id, true});
    return LinkEnded(false, -1);
  }
  handover = RoleHandover{};
  status.epoch = verdict.epoch();
  status.peer_state = MASTER;
  ++revision;
  Emit(TurnLink{verdict, false});
  AnswerOperator("");
}

// ---------------------------------------------------------------- time

// A handover that takes too long ends with the link, which is the one way back that both know: the
// peer asks again for what it forwarded, and a goodbye that was not read counts no more.
void RoleMachine::Core::TickHandover() {
  const int64_t passed_ms = running_ms - handover.since_ms;
  const bool late = passed_ms > config.timers.drain_limit;
  if (handover.asked && late) AnswerOperator("the peer does not answer");
  if (!link.open || handover.step == RoleHandover::Step::kNone) return;
  const bool silent = SilenceMs() > config.timers.solo_after;
  if (!late && !(silent && handover.UnderWay())) return;
  const std::string why = absl::StrCat("the slave did not take over within ", passed_ms, " ms");
  AnswerOperator(why);
  // TickSilence judges the silence of whoever may have taken over.
  if (silent && handover.Awaiting()) return;
  KeepRole(why);
  if (silent) return BecomeSolo("the slave is silent", true);
  Emit(CloseConnection{link.id, true});
  LinkEnded(false, -1);
}

}  // namespace twincached::replication
