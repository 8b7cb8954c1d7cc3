// What the role machine hears: its events, as plain values.
//
// What it is: the half of the vocabulary between the SUPERVISOR, the LINK and the machine that the
// LINK speaks; the other half is role_effects.h.
// What it is not: behaviour. Times are values in the events, in ms.
#pragma once

#include <cstdint>
#include <string>

#include "absl/types/variant.h"
#include "proto/replication/replication.pb.h"

namespace twincached::replication {

using ConnectionId = uint64_t;

// real_ms: CLOCK_BOOTTIME.
struct Started {
  int64_t real_ms = 0;
};
struct ConnectionOpened {
  ConnectionId connection;
  bool dialled;  // by us
};
// All frames that came before the end have been delivered. orderly: end of stream, or this host
// gave the connection up; else the peer reset it, or a frame was bad. real_ms: CLOCK_BOOTTIME now;
// -1 when not given: the machine then waits for the next Tick where it must know.
struct ConnectionClosed {
  ConnectionId connection;
  bool orderly;
  int64_t real_ms = -1;
};
// Nobody listens / no answer in time / the name has no address.
struct DialFailed {
  enum Why { kRefused, kSilent, kUnresolved } why;
};
// `ours` is the Hello sent on this very connection (both Decide() arguments come from one
// connection).
struct HelloReceived {
  ConnectionId connection;
  Hello ours;
  Hello theirs;
};
// It has no Hello for us yet.
struct NotReadyReceived {
  ConnectionId connection;
};
// age_ms: real time since the Hello that it answers.
struct VerdictReceived {
  ConnectionId connection;
  Verdict verdict;
  int64_t age_ms = 0;
};
// age_ms: now minus our own send time that the peer echoed: how fresh our knowledge of each other.
struct HeartbeatReceived {
  int64_t age_ms;
  State peer_state;
};
// Of both connects; kRefused only if both were.
struct ProbeDone {
  enum Result { kRefused, kAccepted, kSilent } result;
};
// Source side: the joiner's lag is under sync_lag and the snapshot, if any, is out.
struct CaughtUp {};
// Source side: the joiner applied InSync.
struct InSyncAcked {};
// Target side: every STORE applied everything up to InSync.
struct InSyncApplied {};
// A gap, or a record that cannot be applied; as source: the log does not reach back any more.
struct StreamBroken {
  std::string reason;
};
struct OutdatedReceived {
  std::string reason;
};
struct OutdatedAcked {};
struct GoodbyeReceived {
  Goodbye goodbye;
};
// An operator asks this node to swap the pair's roles. Answered by AnswerSwitchover, always, and
// before the next one is given.
struct SwitchoverAsked {};
// The peer asks: will you swap? From the slave it is the master's cue to hand over. Or it will not,
// for this reason.
struct SwitchoverReceived {
  std::string refusal;
};
// Every LISTENER acts according to the SetServing with this token.
struct ServingConfirmed {
  uint64_t token;
};
// Every STORE has done everything handed to it before RunBarrier or Yield with this token.
struct BarrierDone {
  uint64_t token;
};
struct StopRequested {
  int signal;
};
// The peer acknowledged everything (asked by DrainLink), or there is nothing to drain.
struct Drained {};
// The first change since Decide; `position` is the one before it. Begins a generation when this
// epoch has none yet and serves alone; a pair goes on in the generation of its Verdict.
struct FirstMutation {
  uint64_t position;
};
// Half of the versions of this epoch are minted: whoever decides is to take another one.
struct EpochUsedUp {
  uint64_t number;
};
// What of the Hellos says whether the two may swap roles has changed: why not, empty when they may
// (RefusalOfTurn).
struct LimitsChanged {
  std::string turn_refusal;
};
// running_ms: advances at most one heartbeat interval per iteration; real_ms: CLOCK_BOOTTIME.
// unacked_ms: how long (running) the oldest un-acknowledged batch waits, 0 when none. mute: a Hello
// would have to wait, STOREs are not through with what earlier links brought. Sockets are read
// before it is delivered. At least every heartbeat while NeedsTicks() says so.
struct Tick {
  int64_t running_ms;
  int64_t real_ms;
  int64_t unacked_ms;
  bool mute = false;
};

using Event =
    absl::variant<Started, ConnectionOpened, ConnectionClosed, DialFailed, NotReadyReceived,
                  HelloReceived, VerdictReceived, HeartbeatReceived, ProbeDone, CaughtUp,
                  InSyncAcked, InSyncApplied, StreamBroken, OutdatedReceived, OutdatedAcked,
                  GoodbyeReceived, SwitchoverAsked, SwitchoverReceived, ServingConfirmed,
                  BarrierDone, StopRequested, Drained, FirstMutation, EpochUsedUp, LimitsChanged,
                  Tick>;

}  // namespace twincached::replication
