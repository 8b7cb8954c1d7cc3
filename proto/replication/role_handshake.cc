// From a connection to a link: Hello, Verdict, and which of several connections counts.
#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/replication/decide.h"
#include "proto/replication/role_core.h"

namespace twincached::replication {

namespace {

// Legal, and told: with a failover the promise to clients changes.
std::string DifferentAcks(bool ack_pair, const RoleStatus& status) {
  const auto name = [](bool pair) { return pair ? "pair" : "local"; };
  return absl::StrCat("--ack differs: ", name(ack_pair), " here, ", name(status.peer_ack_pair),
                      " at ", status.peer_name, "; whichever is master applies its own");
}

}  // namespace

RoleMachine::Core::Candidate* RoleMachine::Core::Find(ConnectionId id) {
  for (Candidate& candidate : candidates) {
    if (candidate.id == id) return &candidate;
  }
  return nullptr;
}

void RoleMachine::Core::Close(ConnectionId id, bool reset) {
  Emit(CloseConnection{id, reset});
  candidates.erase(std::remove_if(candidates.begin(), candidates.end(),
                                  [id](const Candidate& c) { return c.id == id; }),
                   candidates.end());
}

void RoleMachine::Core::CloseCandidates() {
  while (!candidates.empty()) Close(candidates.back().id);
}

void RoleMachine::Core::On(const ConnectionOpened& opened) {
  if (opened.dialled) dialling = false;
  if (Promoting()) {
    Emit(SendNotReady{opened.connection});
    return Emit(CloseConnection{opened.connection, false});
  }
  if (candidates.size() >= kCandidatesMax || Stopping()) {
    return Emit(CloseConnection{opened.connection, true});
  }
  Candidate candidate;
  candidate.id = opened.connection;
  candidate.dialled = opened.dialled;
  candidate.opened_running_ms = running_ms;
  candidate.opened_real_ms = real_ms;
  candidate.revision = revision;
  candidate.sent_while_held = status.serving == ServingMode::kHeld && serving_confirmed;
  candidates.push_back(std::move(candidate));
  Emit(SendHello{opened.connection});
}

// ---------------------------------------------------------------- Hello

void RoleMachine::Core::On(const HelloReceived& hello) {
  Candidate* candidate = Find(hello.connection);
  if (candidate == nullptr) return;
  if (Compare(hello.theirs.incarnation(), config.incarnation) == 0) {
    return ReachedSelf(hello.connection);
  }
  redial.Answered();
  if (candidate->answered) return Close(hello.connection, true);
  if (DealtWithStranger(*candidate, hello.theirs)) return;
  if (IsStale(*candidate, hello.ours)) {
    redial.SetNext(0);
    return Close(hello.connection);
  }
  Answer(candidate, hello);
}

// No answer and no evidence: the peer, on the same host, may be about to dial us, or hang.
void RoleMachine::Core::ReachedSelf(ConnectionId id) {
  refused_in_row = 0;
  if (status.state == BOOT) redial.SetNext(config.timers.redial_min);
  Close(id);
}

bool RoleMachine::Core::IsStale(const Candidate& candidate, const Hello& ours) const {
  return candidate.revision != revision || ours.state() != status.state ||
         ours.serving() != status.decides || Compare(ours.epoch(), status.epoch) != 0 ||
         ours.generation().id() != status.generation.id();
}

bool RoleMachine::Core::DealtWithStranger(const Candidate& candidate, const Hello& theirs) {
  if (!peer.known || theirs.cluster_id() != config.cluster_id) return false;
  if (theirs.node_id() != peer.node_id) {
    Verdict refusal;
    refusal.set_refusal(absl::StrCat(config.node_name, " has another peer already"));
    RefuseConnection(candidate.id, refusal);
    return true;
  }
  if (Compare(theirs.incarnation(), peer.incarnation) != 0) {
    Reborn(candidate.id);
    return true;
  }
  if (!link.open) return false;
  // One that both dialled, left over from before the link; or the peer has lost the link already.
  const bool left_over = candidate.revision != revision;
  Close(candidate.id);
  if (left_over) return true;
  Emit(CloseConnection{link.id, true});
  LinkEnded(false, -1);
  return true;
}

// E2. While the old process was heard a moment ago this proves nothing yet: the newcomer asks
// again.
void RoleMachine::Core::Reborn(ConnectionId id) {
  Close(id);
  if (link.open && SilenceMs() <= 3 * config.timers.heartbeat) return;
  ActOnDeath("the peer is a new process", true);
  redial.SetNext(0);
}

void RoleMachine::Core::Answer(Candidate* candidate, const HelloReceived& hello) {
  const Verdict verdict = DecideRoles(hello.ours, hello.theirs);
  if (!verdict.refusal().empty()) return RefuseConnection(candidate->id, verdict);
  const bool gives_up = Compare(verdict.target(), config.incarnation) == 0;
  if (status.state == SOLO && gives_up && config.ack_pair && !candidate->sent_while_held) {
    // What clients were told since our Hello is not in it: say it again while nobody is told.
    hold_until_ms = running_ms + 2 * config.timers.redial_max;
    redial.SetNext(0);
    return Close(candidate->id);
  }
  candidate->ours = hello.ours;
  candidate->theirs = hello.theirs;
  candidate->verdict = verdict;
  candidate->answered = true;
  Emit(SendVerdict{candidate->id, verdict});
}

void RoleMachine::Core::RefuseConnection(ConnectionId id, const Verdict& refusal) {
  Emit(SendVerdict{id, refusal});
  TakeRefusal(id, refusal.refusal());
}

void RoleMachine::Core::TakeRefusal(ConnectionId id, absl::string_view reason) {
  Close(id);
  if (status.state == BOOT) {
    Emit(Explain{absl::StrCat("no pair: ", reason), true});
    Emit(Exit{1});
    exited = true;
    return;
  }
  redial.Refused();
  if (explained_refusal == reason) return;
  explained_refusal = std::string(reason);
  Emit(Explain{absl::StrCat("no pair: ", reason), true});
}

// ---------------------------------------------------------------- Verdict

void RoleMachine::Core::On(const VerdictReceived& received) {
  if (link.open && received.connection == link.id) return TurnToTarget(received.verdict);
  Candidate* candidate = Find(received.connection);
  if (candidate == nullptr) return;
  if (!received.verdict.refusal().empty()) {
    return TakeRefusal(received.connection, received.verdict.refusal());
  }
  if (!candidate->answered) return Close(received.connection, true);
  if (!SameVerdict(candidate->verdict, received.verdict)) {
    Emit(Explain{"the peer comes to another verdict: trying again"});
    return Close(received.connection);
  }
  // Whoever slept over it: the peer may have given up waiting and serve alone.
  const bool late = received.age_ms > config.timers.suspect_after;
  if (candidate->revision != revision || late) {
    redial.SetNext(0);
    return Close(received.connection);
  }
  candidate->agreed = true;
}

// Of two connections to one peer: the one dialled by the smaller incarnation; the newer of two
// dialled by the same.
bool RoleMachine::Core::IsPreferred(const Candidate& candidate, const Candidate& other) const {
  if (candidate.dialled == other.dialled) return candidate.id > other.id;
  const bool we_are_smaller = Compare(config.incarnation, candidate.theirs.incarnation()) < 0;
  return candidate.dialled == we_are_smaller;
}

void RoleMachine::Core::AttachAgreed() {
  const auto waits = [this](const Candidate& candidate) {
    for (const Candidate& other : candidates) {
      if (other.id == candidate.id || !other.answered || other.revision != revision) continue;
      if (Compare(other.theirs.incarnation(), candidate.theirs.incarnation()) != 0) continue;
      if (IsPreferred(other, candidate)) return true;
    }
    return false;
  };
  for (const Candidate& candidate : candidates) {
    if (!candidate.agreed || candidate.revision != revision || waits(candidate)) continue;
    return Attach(Candidate(candidate));
  }
}

void RoleMachine::Core::Attach(const Candidate& candidate) {
  if (Compare(candidate.verdict.target(), config.incarnation) == 0) {
    return AttachAsTarget(candidate);
  }
  if (Promotable()) {
    // Our master says itself that it is to follow. Our Hello ends with the promotion.
    return Promote("the master gave up its role", false);
  }
  AttachAsSource(candidate);
}

// Both of a pair that lost its link and parted in nothing: nobody answered alone, so the slave
// stays promotable and the master goes on holding until InSync.
bool RoleMachine::Core::IsStillPaired(const Candidate& candidate) const {
  const bool source_held = candidate.theirs.state() == HOLD && candidate.theirs.serving();
  return candidate.verdict.copy() == COPY_RESUME && status.state == HOLD && !status.decides &&
         source_held && candidate.theirs.generation().id() == candidate.ours.generation().id();
}

void RoleMachine::Core::UseAsLink(const Candidate& candidate, bool as_source) {
  candidates.erase(std::remove_if(candidates.begin(), candidates.end(),
                                  [&](const Candidate& c) { return c.id == candidate.id; }),
                   candidates.end());
  CloseCandidates();
  if (dialling) Emit(StopDialling{});
  dialling = false;
  redial.LinkBegan();
  hold_until_ms = -1;
  explained_refusal.clear();
  handover = RoleHandover{};

  link.id = candidate.id;
  link.attached = link.open = true;
  link.as_source = as_source;
  link.generation = candidate.verdict.generation();
  link.turn_refusal = RefusalOfTurn(candidate.ours, candidate.theirs);
  peer.known = true;
  peer.node_id = candidate.theirs.node_id();
  peer.incarnation = candidate.theirs.incarnation();
  status.link_up = true;
  status.peer_state = candidate.theirs.state();
  status.peer_name = candidate.theirs.node_name();
  status.peer_ack_pair = candidate.theirs.ack_pair();
  if (status.peer_ack_pair != config.ack_pair) {
    Emit(Explain{DifferentAcks(config.ack_pair, status), true});
  }
  // The peer's Verdict answers our Hello, which is no older than the connection.
  evidence.Hear(candidate.opened_running_ms, candidate.opened_real_ms);
  evidence.Forget();
  ++revision;
}

// ---------------------------------------------------------------- while it lasts

// From Hello to Verdict nobody is answered alone: the Verdict may make this node the target.
void RoleMachine::Core::UpdateHold() {
  if (hold_until_ms >= 0 && (running_ms >= hold_until_ms || status.state != SOLO)) {
    hold_until_ms = -1;
  }
  if (status.state != SOLO || Stopping()) return;
  const bool answered = std::any_of(candidates.begin(), candidates.end(),
                                    [](const Candidate& c) { return c.answered; });
  Serve(answered || hold_until_ms >= 0 ? ServingMode::kHeld : ServingMode::kAlone);
}

void RoleMachine::Core::TickCandidates() {
  // One that was lost without a word must leave time for another before somebody goes on alone.
  const Timers& timers = config.timers;
  const int64_t limit_ms = status.state == HOLD ? std::min(timers.hello_limit, timers.suspect_after)
                                                : timers.hello_limit;
  std::vector<ConnectionId> late;
  for (const Candidate& candidate : candidates) {
    if (running_ms - candidate.opened_running_ms > limit_ms) late.push_back(candidate.id);
  }
  for (const ConnectionId id : late) Close(id, true);
}

}  // namespace twincached::replication
