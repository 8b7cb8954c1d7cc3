// The inside of the role machine: what it remembers, and its steps by idea. Private to
// role_machine.cc and the role_*.cc files beside it. Bounds: kCandidatesMax candidates, one link.
//
// Invariants:
// 1. A Verdict is computed and a link attached only from a Hello that is still true: `revision`
//    grows with every change of what a Hello says, and a candidate of an older one is closed.
// 2. While a peer is configured and no link is open, a dial is under way, or a connection that we
//    dialled is a candidate.
// 3. `peer` is known exactly in the states that have one: JOIN, SLAVE, MASTER, HOLD, FEED.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "proto/replication/role_evidence.h"
#include "proto/replication/role_handover.h"
#include "proto/replication/role_link.h"
#include "proto/replication/role_machine.h"
#include "proto/replication/role_redial.h"

namespace twincached::replication {

struct RoleMachine::Core {
  static constexpr size_t kCandidatesMax = 4;     // connections before their Verdict
  static constexpr int64_t kUrgentRedialMs = 20;  // nobody is served meanwhile: BOOT, HOLD
  static constexpr char kServesFromEmpty[] =
      "; this node slept and its link was reset: it serves from empty";

  using Candidate = RoleCandidate;
  using Link = RoleLink;
  using Phase = RoleLink::Phase;
  using Peer = RolePeer;
  using Purpose = ServingPurpose;
  using Stop = RoleStop;

  explicit Core(RoleConfig the_config) : config(std::move(the_config)) {}

  // ---- Events; each changes nothing where it means nothing. ----
  void On(const Started& started);
  void On(const ConnectionOpened& opened);
  void On(const ConnectionClosed& closed);
  void On(const DialFailed& failed);
  void On(const NotReadyReceived& not_ready);
  void On(const HelloReceived& hello);
  void On(const VerdictReceived& received);
  void On(const HeartbeatReceived& heartbeat);
  void On(const ProbeDone& done);
  void On(const CaughtUp&);
  void On(const InSyncAcked&);
  void On(const InSyncApplied&);
  void On(const StreamBroken& broken);
  void On(const OutdatedReceived& outdated);
  void On(const OutdatedAcked&);
  void On(const GoodbyeReceived& received);
  void On(const SwitchoverAsked&);
  void On(const SwitchoverReceived& received);
  void On(const ServingConfirmed& confirmed);
  void On(const BarrierDone& done);
  void On(const StopRequested&);
  void On(const Drained&);
  void On(const FirstMutation& mutation);
  void On(const EpochUsedUp& used_up) { used_up_epoch = used_up.number; }
  void On(const LimitsChanged& changed) { link.turn_refusal = changed.turn_refusal; }
  void On(const Tick& tick);
  // After each event: attach what is agreed, hold or release a SOLO's replies, keep dialling.
  void Settle();
  void DCheckInvariants() const;

  // ---- Shared steps (role_core.cc) ----
  void Emit(Effect effect) { effects.push_back(std::move(effect)); }
  void Say(ContractLine line);
  void Enter(State state, absl::string_view why);
  // SetServing, if it is a change; --ack=local turns a master's holding into kAlone.
  void Serve(ServingMode mode, bool drop_held = false, bool drop_writes = false);
  void ServeAndThen(ServingMode mode, Purpose then);
  bool TakeWrites(bool takes);  // with --solo-writes=refuse; true: that is a change
  void Detach(bool reset, bool keep_log);
  void ForgetPeer();
  void MintEpoch();                    // one above; this node decides
  void NewEpoch(bool rerun_forwards);  // and its STOREs know
  void Drop(uint64_t new_slot_seed);   // DropData
  void KeepDialling();
  void RedialAfterLink();
  int64_t NextRedial();
  bool Promotable() const;  // SLAVE, or HOLD as slave
  bool Promoting() const { return barrier_token != 0; }
  bool Stopping() const { return stop != Stop::kNone; }
  int64_t SilenceMs() const { return evidence.SilenceMs(running_ms); }
  int64_t PatienceMs(int64_t usual_ms) const;
  int64_t PeerAloneAfterMs() const;

  // ---- BOOT (role_boot.cc) ----
  void GiveUpBooting(absl::string_view why);
  void ServeAloneFromNothing(absl::string_view why);
  void BootAnew(absl::string_view why);
  void TickBoot();

  // ---- From a connection to a link (role_handshake.cc) ----
  Candidate* Find(ConnectionId id);
  void Close(ConnectionId id, bool reset = false);
  void CloseCandidates();
  void ReachedSelf(ConnectionId id);
  // E2, a third node, or the peer on a new connection while ours seems alive. True: dealt with.
  bool DealtWithStranger(const Candidate& candidate, const Hello& theirs);
  void Reborn(ConnectionId id);
  void RefuseConnection(ConnectionId id, const Verdict& refusal);
  void TakeRefusal(ConnectionId id, absl::string_view reason);
  void Answer(Candidate* candidate, const HelloReceived& hello);
  bool IsStale(const Candidate& candidate, const Hello& ours) const;
  bool IsPreferred(const Candidate& candidate, const Candidate& other) const;
  void AttachAgreed();
  void Attach(const Candidate& candidate);
  void UseAsLink(const Candidate& candidate, bool as_source);
  bool IsStillPaired(const Candidate& candidate) const;
  void UpdateHold();
  void TickCandidates();

  // ---- As source (role_source.cc) ----
  void AttachAsSource(const Candidate& candidate);
  void BecomeSolo(absl::string_view why, bool reset_link);
  void TickUnacked(int64_t unacked_ms);
  void RenewEpoch();

  // ---- As target (role_target.cc) ----
  void AttachAsTarget(const Candidate& candidate);
  void WarnOfDroppedWrites(const Candidate& candidate);
  void Promote(absl::string_view why, bool reset_link);
  void LoseData(absl::string_view why);

  // ---- What is known of the peer (role_evidence.cc) ----
  void LinkEnded(bool orderly, int64_t end_real_ms);
  void ActOnDeath(absl::string_view why, bool reset_link);
  void StartProbe();
  void StayMute(int64_t passed_ms);
  void TickSilence();

  // ---- Swapping roles on purpose (role_switch.cc) ----
  std::string RefusalOfSwitchover() const;
  void BeginHandover();
  void SayGoodbye();
  void KeepRole(absl::string_view why);  // the handover under way, if any, does not happen
  void TakeOver(uint64_t position);
  void TurnToTarget(const Verdict& verdict);
  void AnswerOperator(absl::string_view error);  // who waits for it, if anybody; empty: it is done
  void TickHandover();

  // ---- Stopping (role_stop.cc) ----
  void FinishStop(bool goodbye);
  void TickStop();

  // Fixed at construction.
  const RoleConfig config;

  RoleStatus status;                    // what others see
  std::vector<Effect> effects;          // of the Step under way
  int64_t running_ms = 0, real_ms = 0;  // the newest Tick's

  // Who this node is.
  bool exited = false;
  uint64_t slot_seed = config.slot_seed;
  bool epoch_has_generation = false;
  uint64_t generations_begun = 0, revision = 0, used_up_epoch = 0;

  // Connections.
  std::vector<Candidate> candidates;
  Link link;
  Peer peer;
  std::string explained_refusal;
  bool dialling = false;
  RoleRedial redial{config.timers.redial_min, config.timers.redial_max};

  // BOOT.
  int64_t boot_since_ms = 0, boot_delay_ms = 0, refused_in_row = 0;  // delay: the peer not ready

  RoleEvidence evidence;

  // Promotion.
  uint64_t barrier_token = 0;  // 0: none under way
  std::string promote_why;

  // Serving.
  uint64_t newest_token = 0;
  uint64_t serving_token = 0;  // of the newest SetServing
  bool serving_confirmed = true;
  Purpose purpose = Purpose::kNone;
  bool takes_writes = true;
  int64_t hold_until_ms = -1;  // SOLO that is to give up its data holds before its next Hello

  // Handing over, stopping.
  RoleHandover handover;
  bool operator_waits = false;
  Stop stop = Stop::kNone;
  int64_t stop_since_ms = 0;
};

}  // namespace twincached::replication
