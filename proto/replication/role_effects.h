// What the role machine orders: its effects, as plain values.
//
// What it is: the half of the vocabulary between the machine, the SUPERVISOR and the LINK that the
// machine speaks; the other half is role_events.h. The LINK carries effects out in order; Say,
// Explain and Exit are the SUPERVISOR's.
// What it is not: behaviour.
#pragma once

#include <cstdint>
#include <string>

#include "absl/types/variant.h"
#include "proto/replication/replication.pb.h"
#include "proto/replication/role_events.h"

namespace twincached::replication {

// What LISTENERs do.
enum class ServingMode : uint8_t {
  kClosed,  // client port closed; open connections are reset
  kAlone,   // replies leave at once
  kPaired,  // a reply leaves when the slave acknowledged what it reveals, and while the lease lasts
  kHeld,    // read and execute as kPaired, but nothing leaves
  kFollower,  // reads answered here while the lease lasts, everything else forwarded
};
// One attempt at the peer's -x address, looked up anew.
struct Dial {
  int64_t after_ms;
};
struct StopDialling {};
// The LINK adds the stream's fields to FillHello()'s. While it cannot, it says NotReady.
struct SendHello {
  ConnectionId connection;
};
struct SendNotReady {
  ConnectionId connection;
};
struct SendVerdict {
  ConnectionId connection;
  Verdict verdict;
};
// Candidates, and the link when it is to end while its stream's state is still needed (Hello).
struct CloseConnection {
  ConnectionId connection;
  bool reset;
};
// This connection is the link now. As source: copy and resume_position say what the peer needs. As
// target: what comes.
struct AttachLink {
  ConnectionId connection;
  Verdict verdict;
  bool as_source;
};
// The link is over: no frame of it counts any more (it may have closed before). keep_log: the peer
// may come back and resume.
struct DetachLink {
  bool reset;
  bool keep_log;
};
// Two fresh connects to the peer's probe port, 20 ms limit each.
struct Probe {};
// drop_held: reset connections that hold replies. drop_writes: those whose writes nobody knows the
// outcome of.
struct SetServing {
  ServingMode mode;
  uint64_t token;
  bool drop_held = false;
  bool drop_writes = false;
};
// STOREs: clients' writes are executed from now on, or answered kNoReplica. True at the start.
struct SetWrites {
  bool taken;
};
struct RunBarrier {
  uint64_t token;
};
// STOREs: decide in this epoch from now on. A new generation means: data of the old one stays, a
// new history begins.
struct Decide {
  Epoch epoch;
  uint64_t slot_seed;
  bool rerun_forwards;
};
// STOREs: go on deciding, in this epoch. The history stays the same.
struct NextEpoch {
  Epoch epoch;
};
// STOREs: apply, do not decide.
struct Follow {};
// Be empty: STOREs cleared, log released, position 0.
struct DropData {
  uint64_t slot_seed;
};
struct SendInSync {};
struct SendOutdated {
  std::string reason;
};
struct SendOutdatedAck {};
struct SendGoodbye {
  bool exiting;
  bool was_master;
};
// From the master: will you take over? From the slave: hand over. With a refusal: no.
struct SendSwitchover {
  std::string refusal;
};
// To the operator who asked (SwitchoverAsked); empty: the roles are swapped.
struct AnswerSwitchover {
  std::string error;
};
// Tell Drained when the peer acknowledged everything sent. From here to Decide or to the next link
// clients' commands for the master wait, and forwards of the peer are left to it.
struct DrainLink {};
// STOREs: stop deciding; then as RunBarrier. What they changed until then is still sent.
struct Yield {
  uint64_t token;
};
// The link goes on with its ends turned round: it resumes at the Verdict's position, which both
// have.
struct TurnLink {
  Verdict verdict;
  bool as_source;
};
// repcached's lines.
enum class ContractLine : uint8_t {
  kConnect,
  kMarugotoCopying,
  kStart,
  kClose,
  kListen,
  kAccept,
  kMarugotoStart,
  kMarugotoOwari,
  kCleanupComplete,
};
struct Say {
  ContractLine line;
};
// For people: one line, why the state changed. warning: shown also to who did not ask for it (-v).
struct Explain {
  std::string text;
  bool warning = false;
};
struct Exit {
  int code;
};

using Effect =
    absl::variant<Dial, StopDialling, SendHello, SendNotReady, SendVerdict, CloseConnection,
                  AttachLink, DetachLink, Probe, SetServing, SetWrites, RunBarrier, Decide,
                  NextEpoch, Follow, DropData, SendInSync, SendOutdated, SendOutdatedAck,
                  SendGoodbye, SendSwitchover, AnswerSwitchover, DrainLink, Yield, TurnLink, Say,
                  Explain, Exit>;

}  // namespace twincached::replication
