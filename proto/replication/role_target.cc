// The node that follows: joining, being the slave, taking over.
#include "absl/strings/str_cat.h"
#include "proto/replication/decide.h"
#include "proto/replication/role_core.h"

namespace twincached::replication {

void RoleMachine::Core::AttachAsTarget(const Candidate& candidate) {
  const Verdict& verdict = candidate.verdict;
  const bool still_paired = IsStillPaired(candidate);
  const bool resumes = verdict.copy() == COPY_RESUME;
  const bool followed = !status.decides && status.serving != ServingMode::kClosed;
  // A pair that never parted goes on; else what was read here may be old by now.
  if (!resumes || !followed) {
    Serve(ServingMode::kClosed, true);
  } else if (!still_paired) {
    Serve(ServingMode::kHeld);
  }
  Detach(false, true);
  status.decides = false;
  Emit(Follow{});
  if (resumes) {
    status.generation = verdict.generation();
  } else {
    WarnOfDroppedWrites(candidate);
    Drop(verdict.slot_seed());
    ++status.resyncs;
    Say(ContractLine::kMarugotoCopying);
  }
  slot_seed = verdict.slot_seed();
  status.epoch = verdict.epoch();
  UseAsLink(candidate, false);
  Emit(AttachLink{candidate.id, verdict, false});
  if (!still_paired) Enter(JOIN, absl::StrCat("joining ", status.peer_name));
}

// Two histories met and this node's loses: nobody may have to find that out by missing a key.
void RoleMachine::Core::WarnOfDroppedWrites(const Candidate& candidate) {
  const Generation& ours = candidate.ours.generation();
  if (IsEmpty(ours) || ours.id() == candidate.theirs.generation().id()) return;
  const uint64_t count = AnsweredSinceFork(candidate.ours, candidate.theirs);
  if (count == 0) return;
  Emit(Explain{absl::StrCat("split brain: ", candidate.theirs.node_name(), " wins, ", count,
                            " changes that this node acknowledged alone are dropped"),
               true});
}

void RoleMachine::Core::On(const InSyncApplied&) {
  if (!link.attached || link.as_source || link.outdated || Promoting() || Stopping()) return;
  if (link.phase == Phase::kSynced) return;
  link.phase = Phase::kSynced;
  link.synced_running_ms = running_ms;
  status.generation = link.generation;
  ++revision;
  // The last batches of a link that ended meanwhile: the master counts on this node.
  if (!link.open) return Enter(HOLD, "in sync with a master that is out of reach");
  status.peer_state = MASTER;
  Say(ContractLine::kStart);
  Enter(SLAVE, absl::StrCat("in sync with ", status.peer_name));
  // What was read while the master may have gone on alone is never told.
  Serve(ServingMode::kFollower, true);
}

// What this node has is of no use any more; its source has it all.
void RoleMachine::Core::LoseData(absl::string_view why) {
  handover = RoleHandover{};
  Serve(ServingMode::kClosed, true);
  Detach(true, false);
  Drop(slot_seed);
  Enter(JOIN, why);
}

void RoleMachine::Core::On(const StreamBroken& broken) {
  if (!link.open || Promoting()) return;
  if (Stopping()) return FinishStop(false);
  if (!link.as_source) return LoseData(broken.reason);
  Emit(CloseConnection{link.id, true});
  LinkEnded(false, -1);
}

void RoleMachine::Core::On(const OutdatedReceived& outdated) {
  if (!link.open || link.as_source || link.outdated || Promoting() || Stopping()) return;
  handover = RoleHandover{};
  // Not promotable from here on; answering ends before the master is told so.
  link.outdated = true;
  Enter(JOIN, absl::StrCat("the master goes on alone: ", outdated.reason));
  const bool closed = status.serving == ServingMode::kClosed;
  ServeAndThen(closed ? ServingMode::kClosed : ServingMode::kHeld, Purpose::kOutdating);
}

void RoleMachine::Core::Promote(absl::string_view why, bool reset_link) {
  if (!Promotable()) return;
  if (evidence.sleep_unjudged && evidence.link_was_reset) {
    evidence.alone_when_judged = std::string(why);
    return;
  }
  promote_why = std::string(why);
  Detach(reset_link, true);
  CloseCandidates();
  Enter(HOLD, why);
  barrier_token = ++newest_token;
  Emit(RunBarrier{barrier_token});
}

void RoleMachine::Core::On(const BarrierDone& done) {
  if (handover.step == RoleHandover::Step::kYielding && done.token == handover.barrier_token) {
    handover.step = RoleHandover::Step::kDrainingAgain;
    return Emit(DrainLink{});
  }
  if (!Promoting() || done.token != barrier_token || Stopping()) return;
  barrier_token = 0;
  const bool empty = evidence.CannotKnow();
  // What was read meanwhile, and is not told yet, may be old.
  const bool stale = empty || status.serving == ServingMode::kHeld;
  if (empty) {
    promote_why += kServesFromEmpty;
    ++status.emptied;
    Drop(slot_seed);
  }
  // Forwards that a dead master did not answer were executed nowhere: "no replica" is the truth.
  // One that was merely silent may have executed them.
  TakeWrites(false);
  const bool doubtful = config.refuse_solo_writes && SilenceMs() > config.timers.solo_after;
  NewEpoch(true);
  ++status.promotions;
  ForgetPeer();
  Enter(SOLO, promote_why);
  Serve(ServingMode::kAlone, stale, doubtful);
  Say(ContractLine::kClose);
  Say(ContractLine::kListen);
  redial.SetNext(config.timers.redial_min);
}

}  // namespace twincached::replication
