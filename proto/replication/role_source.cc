// The node that decides: feeding a joiner, pairing with it, going on without it.
#include <string>

#include "absl/strings/str_cat.h"
#include "proto/canary.h"
#include "proto/replication/decide.h"
#include "proto/replication/role_core.h"

namespace twincached::replication {

void RoleMachine::Core::AttachAsSource(const Candidate& candidate) {
  const Verdict& verdict = candidate.verdict;
  // Until the target says that it is JOIN it may still be promotable: nothing is answered alone.
  const bool undecided = status.state == HOLD;
  const bool mints = Compare(verdict.epoch(), status.epoch) > 0 || !status.decides;
  const bool had_data = !IsEmpty(candidate.ours.generation()) && candidate.ours.state() != JOIN;
  Detach(false, true);
  if (status.state == JOIN) {  // what it has of a copy is nothing to serve from
    Serve(ServingMode::kClosed, true);
    Drop(verdict.slot_seed());
  }
  UseAsLink(candidate, true);
  status.epoch = verdict.epoch();
  status.generation = verdict.generation();
  slot_seed = verdict.slot_seed();
  epoch_has_generation = true;
  status.decides = true;
  if (mints) Emit(Decide{status.epoch, slot_seed, false});
  Emit(AttachLink{candidate.id, verdict, true});
  if (!candidate.dialled) Say(ContractLine::kAccept);
  if (verdict.copy() == COPY_SNAPSHOT && had_data) Say(ContractLine::kMarugotoStart);
  if (undecided) return Serve(ServingMode::kHeld);
  Enter(FEED, absl::StrCat("feeding ", status.peer_name));
  Serve(ServingMode::kAlone);
}

void RoleMachine::Core::BecomeSolo(absl::string_view why, bool reset_link) {
  // Only a slave, or one that may have become one, can have taken over.
  const bool replaceable = status.state == HOLD;
  if (replaceable && evidence.sleep_unjudged && evidence.link_was_reset) {
    evidence.alone_when_judged = std::string(why);
    return;
  }
  Detach(reset_link, true);
  // It may have answered alone before it died: misses, never old values.
  const bool empty = replaceable && evidence.CannotKnow();
  if (empty) {
    ++status.emptied;
    Drop(slot_seed);
    NewEpoch(false);
  }
  ForgetPeer();
  Enter(SOLO, empty ? absl::StrCat(why, kServesFromEmpty) : std::string(why));
  Serve(ServingMode::kAlone, empty);
  Say(ContractLine::kClose);
  Say(ContractLine::kListen);
}

void RoleMachine::Core::On(const CaughtUp&) {
  if (!link.open || !link.as_source || link.phase != Phase::kCopying || link.outdated) return;
  if (Stopping() && stop != Stop::kAwaitSync) return;
  link.phase = Phase::kConfirming;
  if (BrokenOnPurpose(Canary::kInSyncUnconfirmed)) {
    link.phase = Phase::kInSyncSent;
    return Emit(SendInSync{});
  }
  ServeAndThen(ServingMode::kPaired, Purpose::kPairing);
}

void RoleMachine::Core::On(const ServingConfirmed& confirmed) {
  if (confirmed.token != serving_token || serving_confirmed) return;
  serving_confirmed = true;
  const Purpose then = purpose;
  purpose = Purpose::kNone;
  if (then == Purpose::kPairing && link.open && link.phase == Phase::kConfirming) {
    link.phase = Phase::kInSyncSent;
    // Whatever is taken from here on is told only when the slave has it.
    if (config.ack_pair) TakeWrites(true);
    Emit(SendInSync{});
  } else if (then == Purpose::kOutdating && link.open) {
    Emit(SendOutdatedAck{});
  } else if (then == Purpose::kHandingOver && handover.step == RoleHandover::Step::kQueueing) {
    handover.step = RoleHandover::Step::kDraining;
    Emit(DrainLink{});
  } else if (then == Purpose::kStopping && stop == Stop::kClosing) {
    FinishStop(true);
  }
}

void RoleMachine::Core::On(const InSyncAcked&) {
  if (!link.open || link.phase != Phase::kInSyncSent || link.outdated) return;
  link.phase = Phase::kSynced;
  link.synced_running_ms = running_ms;
  status.peer_state = SLAVE;
  Enter(MASTER, absl::StrCat(status.peer_name, " is in sync"));
  TakeWrites(true);
  Serve(ServingMode::kPaired);
  if (stop == Stop::kAwaitSync) {
    stop = Stop::kHandingOver;
    BeginHandover();
  }
}

void RoleMachine::Core::TickUnacked(int64_t unacked_ms) {
  if (!link.open || !link.as_source || link.outdated || Stopping()) return;
  if (handover.UnderWay()) return;  // which has its own limit
  // A joiner that is slow holds nobody up.
  if (status.state == FEED && link.phase != Phase::kInSyncSent) return;
  if (unacked_ms <= config.timers.ack_timeout) return;
  const std::string why = absl::StrCat("the slave acknowledged nothing for ", unacked_ms, " ms");
  link.outdated = true;
  Enter(HOLD, why);
  Serve(ServingMode::kHeld);
  Emit(SendOutdated{why});
  if (BrokenOnPurpose(Canary::kOutdatedUnheard)) On(OutdatedAcked{});
}

void RoleMachine::Core::On(const OutdatedAcked&) {
  if (!link.open || !link.as_source || !link.outdated) return;
  if (Stopping()) return FinishStop(false);
  BecomeSolo("the slave stopped serving because it was too slow", true);
}

// Versions never run out (EpochUsedUp comes when half of them are left). Two nodes agree on an
// epoch in a handshake, and the one that follows a blip takes a new one: a pair ends its link for
// that, and resumes. Whoever serves alone leaves one number out: the other half of a split has
// taken it.
void RoleMachine::Core::RenewEpoch() {
  if (!status.decides || status.epoch.number() != used_up_epoch || Stopping()) return;
  if (status.state == MASTER) {
    Emit(Explain{"half of the epoch's versions are used: agreeing on the next epoch"});
    Emit(CloseConnection{link.id, false});
    return LinkEnded(true, -1);
  }
  if (status.state != SOLO) return;  // soon one of the two again
  status.epoch.set_number(used_up_epoch + 2);
  *status.epoch.mutable_minted_by() = config.incarnation;
  ++revision;
  Emit(NextEpoch{status.epoch});
}

void RoleMachine::Core::On(const FirstMutation& mutation) {
  if (!status.decides) return;
  if (epoch_has_generation && !IsEmpty(status.generation)) return;
  Generation next;
  next.set_id(MixId(config.random_seed ^ MixId(++generations_begun)));
  next.set_parent(status.generation.id());
  next.set_begin_position(mutation.position);
  status.generation = next;
  epoch_has_generation = true;
  // A connection whose Verdict is out holds all replies: what was written since loses if the
  // Verdict says so.
  ++revision;
  for (Candidate& candidate : candidates) {
    if (candidate.answered) candidate.revision = revision;
  }
}

}  // namespace twincached::replication
