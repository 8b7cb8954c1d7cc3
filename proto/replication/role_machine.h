// Decides what this node is: BOOT, JOIN, SLAVE, MASTER, HOLD, SOLO or FEED, and what is to be done
// about it.
//
// What it is: a pure, total machine. Events and times go in, an ordered list of effects comes out;
// the SUPERVISOR feeds it and the LINK, STOREs and LISTENERs carry the effects out. The same object
// runs in the simulator.
// What it is not: it moves no data and sees no socket. Connections are numbers; streams are
// Sender's and Receiver's.
// Owned by the SUPERVISOR, on core 0. Bounds: kCandidatesMax connections before their Verdict.
//
// Invariants (the numbers of ARCHITECTURE.md's list are given there):
// 1. Every (state, event) has an answer; an event that means nothing in a state changes nothing.
// 2. Serving alone (SOLO, FEED) begins only by: BOOT without an answering peer; E1, E2, E3;
//    solo_after of silence as master; promotion; OutdatedAcked; a joiner that says it is JOIN.
// 3. Promotion happens only from SLAVE or HOLD as slave, never from JOIN, and mints a greater
//    epoch.
// 4. A node without data is never chosen as source for a node with data; a running source is never
//    preempted.
// 5. Nobody stops serving because of a number in a Hello; only a Verdict, Goodbye or Outdated makes
//    it so.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "proto/replication/replication.pb.h"
#include "proto/replication/role_effects.h"
#include "proto/replication/role_events.h"

namespace twincached::replication {

// All in ms. Checked by CheckTimers(): 3 x heartbeat <= suspect < read_hold < solo_after <
// promote_after.
struct Timers {
  int64_t heartbeat = 100;
  int64_t suspect_after = 300;
  int64_t read_hold = 500;
  int64_t solo_after = 700;
  int64_t promote_after = 1000;
  int64_t ack_timeout = 2000;
  int64_t hello_limit = 1000;                   // from connect to Hello
  int64_t redial_min = 100, redial_max = 1000;  // the first redial is at once
  int64_t settled_after = 10'000;               // in sync so long: the next redial is a first one
  int64_t boot_retry = 200;                     // refused this long in BOOT: nobody is there
  int64_t start_wait = 3000;                    // silence this long in BOOT: nobody answers
  int64_t drain_limit = 2000;  // a stop waits this long for the peer's acknowledgement
};
// Empty when they make sense, else one sentence naming the two that do not.
std::string CheckTimers(const Timers& timers);

struct RoleConfig {
  bool has_peer = false;  // -x
  uint64_t node_id = 0, cluster_id = 0;
  Incarnation incarnation;
  bool ack_pair = true;
  bool refuse_solo_writes = false;  // --solo-writes=refuse
  std::string node_name;
  uint64_t slot_seed = 0;    // used while this node is the first of a lineage
  uint64_t random_seed = 0;  // ids of generations; differs per process
  Timers timers;
};

struct RoleStatus {
  State state = BOOT;
  // Serves as master: role MASTER in stats (also in SOLO, HOLD as master, FEED).
  bool decides = false;
  Epoch epoch;
  Generation generation;
  ServingMode serving = ServingMode::kClosed;
  bool link_up = false;
  State peer_state = BOOT;
  bool peer_ack_pair = true;  // of the peer's --ack
  std::string peer_name;
  int64_t last_change_ms = 0;  // real time
  std::string last_reason;
  uint64_t promotions = 0, resyncs = 0;
  uint64_t emptied = 0;  // how often it began to serve from empty what might have been old
};

class RoleMachine {
 public:
  explicit RoleMachine(RoleConfig config);
  ~RoleMachine();

  // Takes one event; effects are to be carried out in order, before the next event is given.
  std::vector<Effect> Step(const Event& event);

  // Identity, state, epoch and generation of this node; position and log are the LINK's to add.
  void FillHello(Hello* hello) const;
  // True while Tick is needed at heartbeat pace: a peer is configured, a connection is there, or
  // something is under way.
  bool NeedsTicks() const;
  const RoleStatus& status() const;

 private:
  struct Core;
  std::unique_ptr<Core> core_;
};

}  // namespace twincached::replication
