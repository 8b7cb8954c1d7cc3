// Steps that every part of the role machine takes.
#include "proto/replication/role_core.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/canary.h"
#include "proto/check.h"

namespace twincached::replication {

void RoleMachine::Core::Say(ContractLine line) { Emit(replication::Say{line}); }

void RoleMachine::Core::Enter(State state, absl::string_view why) {
  if (status.state == state) return;
  status.state = state;
  status.last_change_ms = real_ms;
  status.last_reason = std::string(why);
  ++revision;
  Emit(Explain{absl::StrCat(State_Name(state), ": ", why)});
}

// Alone there is no replica for a write, nor for those whose replies still wait for one.
bool RoleMachine::Core::TakeWrites(bool takes) {
  if (!config.refuse_solo_writes || takes == takes_writes) return false;
  takes_writes = takes;
  Emit(SetWrites{takes});
  return true;
}

void RoleMachine::Core::Serve(ServingMode mode, bool drop_held, bool drop_writes) {
  if (mode == ServingMode::kAlone) drop_writes |= TakeWrites(false);
  const bool holds = mode == ServingMode::kPaired || mode == ServingMode::kHeld;
  if (holds && status.decides && !config.ack_pair) mode = ServingMode::kAlone;
  if (mode == status.serving) return;
  ServeAndThen(mode, Purpose::kNone);
  SetServing& serving = absl::get<SetServing>(effects.back());
  serving.drop_held = drop_held;
  serving.drop_writes = drop_writes;
}

void RoleMachine::Core::ServeAndThen(ServingMode mode, Purpose then) {
  if (mode == ServingMode::kPaired && !config.ack_pair) mode = ServingMode::kAlone;
  serving_token = ++newest_token;
  serving_confirmed = false;
  purpose = then;
  status.serving = mode;
  Emit(SetServing{mode, serving_token, false, false});
}

void RoleMachine::Core::Detach(bool reset, bool keep_log) {
  if (!link.attached) return;
  if (link.open) RedialAfterLink();
  AnswerOperator("the link to the peer ended");
  Emit(DetachLink{reset, keep_log});
  link = Link{};
  status.link_up = false;
  evidence.probe_pending = evidence.peer_alive = false;
  ++revision;
}

void RoleMachine::Core::ForgetPeer() {
  peer = Peer{};
  evidence.Forget();
  status.peer_state = BOOT;
}

// The number behind ours may be in use by whom we said goodbye to.
void RoleMachine::Core::MintEpoch() {
  status.epoch.set_number(status.epoch.number() + (handover.Awaiting() ? 2 : 1));
  *status.epoch.mutable_minted_by() = config.incarnation;
  status.decides = true;
  handover = RoleHandover{};
  ++revision;
}

void RoleMachine::Core::NewEpoch(bool rerun_forwards) {
  MintEpoch();
  epoch_has_generation = false;
  Emit(Decide{status.epoch, slot_seed, rerun_forwards});
}

void RoleMachine::Core::Drop(uint64_t new_slot_seed) {
  slot_seed = new_slot_seed;
  status.generation.Clear();
  ++revision;
  Emit(DropData{slot_seed});
}

bool RoleMachine::Core::Promotable() const {
  const bool has_all = status.state == SLAVE || status.state == HOLD ||
                       (status.state == JOIN && BrokenOnPurpose(Canary::kJoinerPromoted));
  return !Promoting() && !status.decides && has_all;
}

void RoleMachine::Core::RedialAfterLink() {
  const bool synced = link.phase == Phase::kSynced;
  redial.LinkEnded(synced && running_ms - link.synced_running_ms >= config.timers.settled_after);
}

int64_t RoleMachine::Core::NextRedial() {
  const bool hold = status.state == HOLD;
  if (!redial.has_next()) {
    if (status.state == BOOT || hold) return kUrgentRedialMs;
    if (status.state == JOIN) return config.timers.redial_min;
  }
  // In HOLD the timers that end it are running and nobody is answered: a pair that can go on is
  // hardly kept from it.
  return hold ? std::min(redial.Take(), kUrgentRedialMs) : redial.Take();
}

void RoleMachine::Core::KeepDialling() {
  if (!config.has_peer || dialling || link.open || Promoting() || Stopping() || exited) return;
  for (const Candidate& candidate : candidates) {
    if (candidate.dialled) return;
  }
  dialling = true;
  Emit(Dial{NextRedial()});
}

void RoleMachine::Core::Settle() {
  if (exited) return;
  AttachAgreed();
  RenewEpoch();
  UpdateHold();
  KeepDialling();
}

void RoleMachine::Core::DCheckInvariants() const {
  if (exited) return;
  const State state = status.state;
  DCHECK(candidates.size() <= kCandidatesMax);
  DCHECK(!link.open || link.attached);
  DCHECK(status.link_up == link.open);
  DCHECK((state != BOOT && state != JOIN && state != SLAVE) || !status.decides);
  DCHECK((state != MASTER && state != SOLO && state != FEED) || status.decides);
  DCHECK((state != MASTER && state != SLAVE) || (link.open && link.phase == Phase::kSynced));
  DCHECK(peer.known == (state != BOOT && state != SOLO) || Stopping() || Promoting());
  const bool alone = state == SOLO || state == FEED;
  DCHECK(status.serving != ServingMode::kAlone || alone || !config.ack_pair);
  DCHECK(status.serving != ServingMode::kFollower || !status.decides || handover.UnderWay());
  DCHECK(!handover.UnderWay() || state == MASTER || (state == HOLD && Stopping()));
  DCHECK(!handover.Awaiting() || state == SLAVE || state == HOLD);
}

}  // namespace twincached::replication
