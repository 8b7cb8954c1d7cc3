// One node of a simulated pair: the whole program, from process start to process end, again and
// again.
//
// What it is: the node's actors on their real core units, which run in virtual time instead of on
// threads, each iteration as one event. What it is not: main(); flags, signals and daemonizing are
// the end-to-end tests' business.
//
// Invariants:
// 1. A unit runs when something is ready for it, never twice at the same time, and not while it is
//    stopped.
// 2. What a process that ended does in its destructors reaches nobody.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "actors/node_actors.h"
#include "actors/supervisor.h"
#include "storage/shard.h"
#include "tests/sim/process.h"
#include "tests/sim/trace.h"

namespace twincached::sim {

// How long things take in a process; drawn per use.
struct Pace {
  int64_t wake_us_max = 40;  // from ready to running
  int64_t iteration_us_max = 30;
  double stall_share = 0;  // of the wake-ups that wait much longer:
  int64_t stall_us_max = 0;
};

// What the nodes of one world share.
struct Surroundings {
  explicit Surroundings(uint64_t seed)
      : random(seed), network_random(random.Next()), network(&timeline, &network_random) {}

  Timeline timeline;
  Random random;
  Random network_random;
  Network network;
  Trace trace;
  Pace pace;
  caf::actor_system* system = nullptr;  // borrowed: outlives the world
};

struct NodePlan {
  std::string name;        // "a"
  Ip ip = 0, peer_ip = 0;  // peer_ip 0: no -x
  uint16_t client_port = 11211;
  uint16_t replication_port = 11212;
  uint32_t threads = 1;
  size_t memory_bytes = 4u << 20;
  bool refuse_solo_writes = false, ack_local = false;
  HostClock clock;
  replication::Timers timers;
};

class SimNode {
 public:
  SimNode(Surroundings* surroundings, NodePlan plan);
  ~SimNode();

  // ---- What is done to it. Without a process all but Start() do nothing. ----
  void Start();  // a new process; REQUIRES: none runs
  // SIGKILL: sockets close after free_us, one by one, gap_us apart.
  void Kill(int64_t free_us, int64_t gap_us);
  void LosePower();      // SetHostUp() of the network is the caller's
  void Terminate();      // SIGTERM
  void AskSwitchover();  // `replication switchover`
  void Stop();           // SIGSTOP
  void Continue();       // SIGCONT; a core that hung runs again as well
  // One core hangs while the others run, and run STOREs.
  void StopCore(size_t core);
  // One core hangs in the middle of running the STORE of the same number: nobody else can.
  void StopStore(size_t core);

  // ---- What it is ----
  const NodePlan& plan() const { return plan_; }
  bool running() const { return life_ != nullptr; }
  bool stopped() const;
  // How long its core 0, where the LINK is, has been stopped: it says nothing to its peer.
  int64_t MuteUs() const;
  uint64_t incarnation() const { return incarnation_; }  // counts processes
  Process* process();
  // nullptr without a process.
  const replication::RoleStatus* status() const;
  // Of the STOREs, in order; empty without a process.
  std::vector<const Shard*> Shards() const;

  // After every iteration of a unit; in it the node may not be touched.
  void set_after_iteration(std::function<void()> hook) { after_iteration_ = std::move(hook); }

 private:
  struct Life;

  void Wake(const std::shared_ptr<Life>& life, size_t core);
  void Run(const std::shared_ptr<Life>& life, size_t core);
  void End();
  NodeSetup MakeSetup(const std::shared_ptr<Life>& life);

  Surroundings& surroundings_;
  const NodePlan plan_;
  std::shared_ptr<Life> life_;
  uint64_t incarnation_ = 0;
  std::function<void()> after_iteration_;
};

}  // namespace twincached::sim
