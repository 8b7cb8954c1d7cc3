#include "tests/sim/sim_node.h"

#include <algorithm>
#include <utility>

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/send.hpp>

#include "absl/strings/str_cat.h"
#include "actors/stats_text.h"
#include "actors/store.h"
#include "net/poller.h"
#include "proto/check.h"
#include "proto/key_hash.h"

namespace twincached::sim {

namespace {

net::Address ToAddress(Ip ip, uint16_t port) {
  const std::string text =
      absl::StrCat(ip >> 24, ".", ip >> 16 & 255, ".", ip >> 8 & 255, ".", ip & 255);
  return *net::ParseAddress({text, port});
}

// The object behind a handle; it lives as long as the handle.
template <typename Actor, typename Handle>
Actor* Behind(const Handle& handle) {
  return static_cast<Actor*>(caf::actor_cast<caf::abstract_actor*>(handle));
}

}  // namespace

// One process, from its start to its end.
struct SimNode::Life {
  struct Core {
    std::unique_ptr<CoreUnit> unit;
    int epoll_fd = -1;
    bool scheduled = false;
    bool stopped = false;
    int64_t stopped_since_us = 0;
    bool missed = false;    // a run, while stopped
    bool in_store = false;  // stopped in the middle of running its STORE
    int64_t busy_until_us = 0;
    uint64_t sleep = 0;  // which one; an earlier one's alarm means nothing
  };

  std::shared_ptr<Process> process;
  std::vector<std::unique_ptr<CoreUnit>> units;
  std::vector<Core> cores;
  WiringPtr wiring;
  bool exiting = false;

  void LetGoOfStore(size_t core) {
    if (!std::exchange(cores[core].in_store, false)) return;
    Behind<StoreActor>(wiring->stores[core])->LetGo();
  }

  // Runs the units until none has anything to do.
  void Settle() {
    for (bool worked = true; worked;) {
      worked = false;
      for (auto& unit : units) worked = unit->RunIteration() || unit->HasWork() || worked;
    }
  }
};

SimNode::SimNode(Surroundings* surroundings, NodePlan plan)
    : surroundings_(*surroundings), plan_(std::move(plan)) {}

SimNode::~SimNode() {
  if (life_ == nullptr) return;
  life_->process->Vanish();
  End();
}

// ---------------------------------------------------------------- begin and end

NodeSetup SimNode::MakeSetup(const std::shared_ptr<Life>& life) {
  Random& random = surroundings_.random;
  NodeSetup setup;
  Config& config = setup.config;
  config.port = plan_.client_port;
  config.replication_port = plan_.replication_port;
  config.threads = plan_.threads;
  config.memory_bytes_max = plan_.memory_bytes;
  config.timers = plan_.timers;
  if (plan_.peer_ip != 0) {
    setup.peer = {ToAddress(plan_.peer_ip, 0).HostString(), plan_.replication_port};
    config.peer = setup.peer.host;
  }
  setup.client_addresses = {ToAddress(plan_.ip, plan_.client_port)};
  setup.replication_addresses = {ToAddress(plan_.ip, plan_.replication_port)};

  replication::RoleConfig& role = setup.role;
  role.has_peer = plan_.peer_ip != 0;
  role.node_name = plan_.name;
  role.node_id = HashKey(plan_.name, 0);
  role.incarnation.set_high(random.Next());
  role.incarnation.set_low(random.Next());
  role.refuse_solo_writes = config.refuse_solo_writes = plan_.refuse_solo_writes;
  role.ack_pair = config.ack_pair = !plan_.ack_local;
  role.slot_seed = random.Next();
  role.random_seed = random.Next();
  role.timers = plan_.timers;

  setup.on_open = [] {};
  setup.on_exit = [weak = std::weak_ptr<Life>(life)](int) { weak.lock()->exiting = true; };
  setup.compose_stats = [config](absl::string_view argument, const NodeStats& stats) {
    return ComposeStats(argument, stats, ProcessStats(), config);
  };
  return setup;
}

void SimNode::Start() {
  CHECK(life_ == nullptr);
  ++incarnation_;
  auto life = std::make_shared<Life>();
  life_ = life;
  life->process = std::make_shared<Process>(&surroundings_.timeline, &surroundings_.network,
                                            plan_.ip, plan_.clock);
  const Process::Scope scope(life->process.get());
  for (uint32_t core = 0; core < plan_.threads; ++core) {
    auto poller = net::NewEpollPoller();
    CHECK(poller.ok());
    life->units.push_back(std::make_unique<CoreUnit>(
        nullptr, core, std::make_unique<net::EventLoop>(std::move(*poller))));
  }
  life->cores.resize(plan_.threads);
  life->process->set_on_ready([this, weak = std::weak_ptr<Life>(life)](int epoll_fd) {
    const std::shared_ptr<Life> woken = weak.lock();
    if (woken == nullptr) return;
    for (size_t core = 0; core < woken->cores.size(); ++core) {
      if (woken->cores[core].epoll_fd == epoll_fd) Wake(woken, core);
    }
  });
  life->wiring = SpawnNodeActors(surroundings_.system, life->units, MakeSetup(life));
  for (size_t core = 0; core < life->cores.size(); ++core) Wake(life, core);
}

void SimNode::Kill(int64_t free_us, int64_t gap_us) {
  if (life_ == nullptr) return;
  // Its memory goes first; until then its sockets look alive.
  const std::shared_ptr<Process> process = life_->process;
  surroundings_.timeline.After(free_us, [process, gap_us] { process->Die(gap_us); });
  process->set_on_ready(nullptr);
  End();
}

void SimNode::LosePower() {
  if (life_ == nullptr) return;
  life_->process->Vanish();
  End();
}

// Destroys what the process was, without any effect outside.
void SimNode::End() {
  const std::shared_ptr<Life> life = std::exchange(life_, nullptr);
  // The destructors talk to a process that is nobody's.
  for (size_t core = 0; core < life->cores.size(); ++core) life->LetGoOfStore(core);
  Process nowhere(&surroundings_.timeline, &surroundings_.network, plan_.ip, plan_.clock);
  nowhere.Vanish();
  const Process::Scope scope(&nowhere);
  WiringPtr wiring = std::exchange(life->wiring, nullptr);
  const auto reason = caf::exit_reason::user_shutdown;
  caf::anon_send_exit(wiring->supervisor, reason);
  life->Settle();
  for (const store_actor& actor : wiring->stores) caf::anon_send_exit(actor, reason);
  life->Settle();
  for (const listener_actor& actor : wiring->listeners) caf::anon_send_exit(actor, reason);
  caf::anon_send_exit(wiring->link, reason);
  life->Settle();
  wiring.reset();  // the actors are destroyed while their loops are there
  for (auto& unit : life->units) unit->Stop();
  life->units.clear();
}

// ---------------------------------------------------------------- signals

void SimNode::Terminate() {
  if (life_ == nullptr) return;
  caf::anon_send(life_->wiring->supervisor, StopSignal{15});
  Wake(life_, 0);
}

void SimNode::AskSwitchover() {
  if (life_ == nullptr) return;
  caf::anon_send(life_->wiring->supervisor,
                 AdminRequest{ClientToken(), ReplicationCommand::kSwitchover});
  Wake(life_, 0);
}

void SimNode::Stop() {
  for (size_t core = 0; life_ != nullptr && core < life_->cores.size(); ++core) StopCore(core);
}

void SimNode::StopCore(size_t core) {
  if (life_ == nullptr || core >= life_->cores.size()) return;
  Life::Core& stopped = life_->cores[core];
  if (!std::exchange(stopped.stopped, true)) {
    stopped.stopped_since_us = surroundings_.timeline.now_us();
  }
}

void SimNode::StopStore(size_t core) {
  if (life_ == nullptr || core >= life_->cores.size()) return;
  StopCore(core);
  if (std::exchange(life_->cores[core].in_store, true)) return;
  Behind<StoreActor>(life_->wiring->stores[core])->Hold();
}

void SimNode::Continue() {
  if (life_ == nullptr) return;
  for (size_t core = 0; core < life_->cores.size(); ++core) {
    Life::Core& each = life_->cores[core];
    each.stopped = false;
    life_->LetGoOfStore(core);
    if (life_->units[core]->HasWork()) each.missed = true;
    if (std::exchange(each.missed, false)) Wake(life_, core);
  }
}

bool SimNode::stopped() const {
  return life_ != nullptr && std::any_of(life_->cores.begin(), life_->cores.end(),
                                         [](const Life::Core& core) { return core.stopped; });
}

int64_t SimNode::MuteUs() const {
  if (life_ == nullptr || !life_->cores[0].stopped) return 0;
  return surroundings_.timeline.now_us() - life_->cores[0].stopped_since_us;
}

// ---------------------------------------------------------------- running

void SimNode::Wake(const std::shared_ptr<Life>& life, size_t core) {
  Life::Core& woken = life->cores[core];
  if (std::exchange(woken.scheduled, true)) return;
  const Pace& pace = surroundings_.pace;
  Random& random = surroundings_.random;
  int64_t delay_us = random.Between(1, pace.wake_us_max);
  if (pace.stall_share > 0 && random.Chance(pace.stall_share)) {
    delay_us = random.Between(1, pace.stall_us_max);
  }
  const int64_t at_us = std::max(surroundings_.timeline.now_us() + delay_us, woken.busy_until_us);
  surroundings_.timeline.At(at_us, [this, weak = std::weak_ptr<Life>(life), core] {
    const std::shared_ptr<Life> running = weak.lock();
    if (running != nullptr && running == life_) Run(running, core);
  });
}

void SimNode::Run(const std::shared_ptr<Life>& life, size_t core) {
  Life::Core& running = life->cores[core];
  running.scheduled = false;
  if (running.stopped) {
    running.missed = true;
    return;
  }
  bool worked = false;
  int timeout_ms = 0;
  {
    const Process::Scope scope(life->process.get());
    worked = life->units[core]->RunIteration();
    timeout_ms = life->process->newest_timeout_ms();
    running.epoll_fd = life->process->newest_epoll_fd();
  }
  const int64_t now_us = surroundings_.timeline.now_us();
  running.busy_until_us =
      now_us + surroundings_.random.Between(1, surroundings_.pace.iteration_us_max);
  surroundings_.trace.Add(static_cast<uint64_t>(now_us) << 8 | plan_.ip % 16 << 4 | core);
  for (size_t other = 0; other < life->cores.size(); ++other) {
    if (other != core && life->units[other]->HasWork()) Wake(life, other);
  }
  if (worked || timeout_ms == 0 || life->units[core]->HasWork()) {
    Wake(life, core);
  } else if (timeout_ms > 0) {
    const uint64_t sleep = ++running.sleep;
    surroundings_.timeline.After(int64_t{timeout_ms} * 1000,
                                 [this, weak = std::weak_ptr<Life>(life), core, sleep] {
                                   const std::shared_ptr<Life> woken = weak.lock();
                                   if (woken != nullptr && woken->cores[core].sleep == sleep)
                                     Wake(woken, core);
                                 });
  }
  if (life->exiting) Kill(0, 20);
  if (after_iteration_) after_iteration_();
}

// ---------------------------------------------------------------- what it is

Process* SimNode::process() { return life_ == nullptr ? nullptr : life_->process.get(); }

const replication::RoleStatus* SimNode::status() const {
  if (life_ == nullptr) return nullptr;
  return &Behind<SupervisorActor>(life_->wiring->supervisor)->status();
}

std::vector<const Shard*> SimNode::Shards() const {
  std::vector<const Shard*> shards;
  if (life_ == nullptr) return shards;
  for (const store_actor& store : life_->wiring->stores) {
    shards.push_back(&Behind<StoreActor>(store)->shard());
  }
  return shards;
}

}  // namespace twincached::sim
