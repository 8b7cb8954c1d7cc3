// What is known of the peer, and what follows: E1 proven dead, E2 reborn (role_handshake.cc),
// E3 goodbye, E5 silence, E6 no progress (role_source.cc).
#include <algorithm>
#include <utility>

#include "proto/canary.h"
#include "proto/replication/role_core.h"

namespace twincached::replication {

void RoleMachine::Core::On(const ConnectionClosed& closed) {
  if (link.open && closed.connection == link.id) {
    return LinkEnded(closed.orderly, closed.real_ms);
  }
  candidates.erase(std::remove_if(candidates.begin(), candidates.end(),
                                  [&](const Candidate& c) { return c.id == closed.connection; }),
                   candidates.end());
}

void RoleMachine::Core::LinkEnded(bool orderly, int64_t end_real_ms) {
  RedialAfterLink();
  link.open = false;
  status.link_up = false;
  ++revision;
  if (Stopping()) return FinishStop(false);
  AnswerOperator("the link to the peer ended");
  KeepRole("the link to the slave ended");
  evidence.link_was_reset = !orderly;
  evidence.sleep_unjudged = end_real_ms < 0;
  if (!evidence.sleep_unjudged) evidence.JudgeSleep(end_real_ms, PeerAloneAfterMs());
  if (status.decides) {
    const bool promotable_peer = link.phase == Phase::kInSyncSent || link.phase == Phase::kSynced;
    if (status.state == FEED && !promotable_peer) {
      return BecomeSolo("the joining node is gone", false);
    }
    Enter(HOLD, "the link to the slave ended");
    Serve(ServingMode::kHeld);
    return StartProbe();
  }
  if (status.state != JOIN) Enter(HOLD, "the link to the master ended");
  StartProbe();
}

// Silence after which the other may have gone on alone: a master after solo_after, a slave after
// promote_after, which it counts from an echo up to two heartbeats older than ours.
int64_t RoleMachine::Core::PeerAloneAfterMs() const {
  const Timers& timers = config.timers;
  return status.decides ? timers.promote_after - 2 * timers.heartbeat : timers.solo_after;
}

// Who slept may have been replaced meanwhile; while the other's process lives it will dial, so a
// timer alone does not make two that serve.
int64_t RoleMachine::Core::PatienceMs(int64_t usual_ms) const {
  const bool waits = evidence.slept && evidence.peer_alive && !link.open;
  return waits ? config.timers.start_wait : usual_ms;
}

void RoleMachine::Core::StartProbe() {
  evidence.probe_pending = true;
  Emit(Probe{});
}

void RoleMachine::Core::On(const ProbeDone& done) {
  if (!evidence.probe_pending) return;
  evidence.probe_pending = false;
  evidence.peer_alive = done.result == ProbeDone::kAccepted;
  if (done.result != ProbeDone::kRefused || link.open) return;
  ActOnDeath("the peer's process is gone", false);
}

void RoleMachine::Core::ActOnDeath(absl::string_view why, bool reset_link) {
  if (Stopping()) return FinishStop(false);
  if (status.decides) {
    KeepRole(why);
    if (peer.known) BecomeSolo(why, reset_link);
    return;
  }
  if (status.state == JOIN && !BrokenOnPurpose(Canary::kJoinerPromoted)) return BootAnew(why);
  evidence.peer_gone = true;
  Promote(why, reset_link);
}

void RoleMachine::Core::On(const HeartbeatReceived& heartbeat) {
  if (!link.open) return;
  // It came up to a heartbeat after the newest Tick: running time is rounded so that nothing fires
  // early, real time so that a sleep is never overlooked.
  evidence.Hear(running_ms + config.timers.heartbeat - heartbeat.age_ms,
                real_ms - heartbeat.age_ms);
  // Its end of this link is still in use: it did not go on alone.
  if (heartbeat.age_ms <= PeerAloneAfterMs()) evidence.slept = false;
  status.peer_state = heartbeat.peer_state;
  if (status.state != HOLD || link.outdated || Stopping()) return;
  if (link.phase == Phase::kSynced) {
    if (SilenceMs() > config.timers.suspect_after) return;
    Enter(status.decides ? MASTER : SLAVE, "the peer is heard again");
    return Serve(status.decides ? ServingMode::kPaired : ServingMode::kFollower);
  }
  if (!status.decides || link.phase == Phase::kInSyncSent || heartbeat.peer_state != JOIN) return;
  // It is JOIN, so it cannot take over before an InSync that was not sent yet.
  Enter(FEED, "the peer joins again");
  if (link.phase == Phase::kCopying) Serve(ServingMode::kAlone);
}

void RoleMachine::Core::On(const GoodbyeReceived& received) {
  if (!link.open) return;
  const bool takes_over = !received.goodbye.exiting() && Promotable() && !link.outdated &&
                          link.phase == Phase::kSynced && !handover.Awaiting() && !Stopping();
  if (takes_over) return TakeOver(received.goodbye.position());
  ActOnDeath("the peer said goodbye", false);
  redial.SetNext(config.timers.redial_min);
}

// ---------------------------------------------------------------- time

void RoleMachine::Core::On(const Tick& tick) {
  const Timers& timers = config.timers;
  const int64_t passed_ms = std::max<int64_t>(0, tick.running_ms - running_ms);
  const int64_t slept_ms = tick.real_ms - real_ms - passed_ms;
  running_ms = std::max(running_ms, tick.running_ms);
  real_ms = std::max(real_ms, tick.real_ms);
  if (Stopping()) return TickStop();
  if (evidence.sleep_unjudged) {
    evidence.sleep_unjudged = false;
    evidence.JudgeSleep(real_ms, PeerAloneAfterMs());
    const std::string why = std::exchange(evidence.alone_when_judged, "");
    if (!why.empty()) return status.decides ? BecomeSolo(why, false) : Promote(why, false);
  }
  if (tick.mute && !link.open) StayMute(passed_ms);
  if (peer.known && slept_ms >= timers.suspect_after) {
    evidence.WakeUp(running_ms - timers.suspect_after, real_ms, PeerAloneAfterMs());
  }
  TickCandidates();
  TickBoot();
  TickHandover();
  TickSilence();
  TickUnacked(tick.unacked_ms);
}

// Who cannot speak concludes nothing from hearing no answer: a node with a core that hangs would
// begin alone beside its master. But the peer may go on alone meanwhile.
void RoleMachine::Core::StayMute(int64_t passed_ms) {
  boot_since_ms += passed_ms;
  evidence.echo_running_ms += passed_ms;
  if (!peer.known || evidence.peer_gone) return;
  evidence.JudgeSleep(real_ms, PeerAloneAfterMs());
  if (evidence.slept) evidence.link_was_reset = true;  // however it ended, more has happened since
}

// E5: silence is the time since a newer echo, whatever else arrives.
void RoleMachine::Core::TickSilence() {
  if (!peer.known || Promoting() || handover.UnderWay()) return;
  const Timers& timers = config.timers;
  const int64_t silence_ms = SilenceMs();
  const State state = status.state;
  const bool after_in_sync = link.phase == Phase::kInSyncSent || link.phase == Phase::kSynced;
  if (state == MASTER || state == SLAVE || (state == FEED && after_in_sync)) {
    if (silence_ms <= timers.suspect_after) return;
    Enter(HOLD, "the peer is silent");
    if (status.decides) Serve(ServingMode::kHeld);
  } else if (state == FEED) {
    if (silence_ms > timers.promote_after) BecomeSolo("the joining node is silent", true);
  } else if (state == HOLD && status.decides) {
    if (silence_ms > PatienceMs(timers.solo_after)) return BecomeSolo("the slave is silent", true);
  } else if (state == HOLD) {
    // Whom we said goodbye to may have taken over, or be about to promote itself: it goes first.
    const int64_t usual_ms = handover.Awaiting() ? 2 * timers.promote_after : timers.promote_after;
    if (silence_ms > PatienceMs(usual_ms)) return Promote("the master is silent", true);
  } else if (state == JOIN) {
    if (silence_ms > timers.start_wait) return BootAnew("the master is silent");
  }
  if (link.attached && !link.open && !evidence.probe_pending) StartProbe();
}

}  // namespace twincached::replication
