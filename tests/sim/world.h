// One seed's world: two nodes, a network, clients, a plan of what happens to them, and judgement.
//
// Two phases. In the first the plan's actions happen while clients work. Then everything is healed,
// both nodes run, and the pair must be in sync within kConvergeMs; clients read every key on both
// nodes, and the nodes must hold the same items.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/history/checker.h"
#include "tests/sim/action.h"
#include "tests/sim/observer.h"
#include "tests/sim/sim_client.h"
#include "tests/sim/sim_node.h"

namespace twincached::sim {

// 10.0.0.1 and the next one are the nodes, 10.0.1.0 and up the clients.
inline constexpr Ip kNodeIp = 10u << 24 | 1;
inline constexpr Ip kClientIp = 10u << 24 | 256;
inline constexpr uint16_t kClientPort = 11211;
inline constexpr uint16_t kReplicationPort = 11212;
// 10 s and the time of a copy.
inline constexpr int64_t kConvergeMs = 12000;

// Everything about a world that is chosen before it begins.
struct WorldPlan {
  uint64_t seed = 0;
  std::vector<Action> actions;  // in order of time
  int64_t end_ms = 0;           // of the first phase
  bool same_host = false;
  std::array<uint32_t, 2> threads = {1, 1};
  std::array<HostClock, 2> clocks;
  std::array<bool, 2> dials = {true, true};  // -x
  bool refuse_solo_writes = false;
  // Nothing is promised of the newest writes: the history is not judged, all else is.
  bool ack_local = false;
  size_t clients = 4;
  int64_t think_us_max = 20000;
  int64_t ttl_s = 0;
  size_t memory_bytes = 4u << 20;
  size_t value_bytes_max = 40;
  uint32_t register_keys = 8;
  bool memory_is_short = false;  // items are evicted
  bool flushes = true, delayed_flushes = false;
  // Only processes end and links break: nobody waits long on a connection that lives.
  bool prompt = false;

  // Clients write more than fits, all the time.
  void ShortenMemory();
};

struct Result {
  std::vector<std::string> violations;
  uint64_t trace_hash = 0;
  uint64_t promotions = 0, forks = 0, wipes = 0;
  uint64_t operations = 0;
  int64_t virtual_us = 0;
};

class World {
 public:
  World(WorldPlan plan, caf::actor_system* system);
  ~World();

  // Prints each action and each line that a node logs. Before Run().
  void TellStory();
  // Prints each operation of the clients as well.
  void TellOperations();
  Result Run();

 private:
  void OnDelivery(const SocketName& to, const std::string& bytes);
  void MakeClients();
  void Perform(const Action& action);
  void PerformOn(SimNode* node, const Action& action);
  void Freeze(int64_t ms);
  void LosePower(SimNode* node);
  void SpringAmbush();
  void Expect(const Action& action);
  void ExpectCount(const Action& action, uint64_t is);
  void Cut(const std::string& from, const std::string& to);
  void SendGarbage(SimNode* node);
  void ResetLink();
  std::vector<TcpEndPtr> LinkOf(SimNode* node);
  // By name or by role; nullptr when nobody has that role.
  SimNode* Find(const std::string& name);
  void Heal();
  void RunUntil(int64_t time_ms);
  bool RunUntilPaired(int64_t limit_ms);
  void FinalReads();
  void CompareContents();
  bool Failed() const;
  std::vector<std::string> HistoryViolations() const;

  const WorldPlan plan_;
  Surroundings surroundings_;
  history::HistoryChecker history_;
  std::array<std::unique_ptr<SimNode>, 2> nodes_;
  std::unique_ptr<Observer> observer_;
  std::vector<std::unique_ptr<SimClient>> clients_;
  std::vector<std::string> violations_;
  Action ambush_;  // its node is empty: none
  bool tells_ = false;
};

}  // namespace twincached::sim
