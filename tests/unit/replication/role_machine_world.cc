#include "tests/unit/replication/role_machine_world.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/types/variant.h"

namespace twincached::replication {

World::World(uint64_t seed, Options options) : options_(options), random_(seed) {}

// ---------------------------------------------------------------- time

void World::At(int64_t delay_ms, std::function<void()> what) {
  agenda_.emplace(now_ + delay_ms, std::move(what));
}

void World::ForNode(int node, uint64_t life, std::function<void()> what) {
  Node& n = nodes_[node];
  if (n.machine == nullptr || n.life != life) return;
  if (n.frozen) {
    n.waiting.push_back(std::move(what));
  } else {
    what();
  }
}

void World::Run(int64_t for_ms) {
  const int64_t end = now_ + for_ms;
  while (!agenda_.empty() && agenda_.begin()->first <= end) {
    auto next = agenda_.begin();
    now_ = std::max(now_, next->first);
    const std::function<void()> what = std::move(next->second);
    agenda_.erase(next);
    what();
  }
  now_ = end;
}

void World::TickNode(int node) {
  Node& n = nodes_[node];
  n.running_ms += std::min<int64_t>(now_ - n.last_tick_ms, 100);
  n.last_tick_ms = now_;
  if (n.attached && ends_.count(n.link) != 0) {
    Message beat;
    beat.kind = Message::kHeartbeat;
    beat.sent_ms = now_;
    beat.echo_ms = ends_[n.link].heard_sent_ms;
    beat.state = n.machine->status().state;
    Send(n.link, beat);
  }
  if (!options_.one_host) n.holds_port = true;
  if (!nodes_[1 - node].holds_port || !alive(1 - node)) n.holds_port = true;
  const bool waits = n.unacked_since_ms >= 0 && n.as_source && n.attached;
  Give(node, Tick{n.running_ms, now_, waits ? n.running_ms - n.unacked_since_ms : 0});
}

void World::ClientWrites(int node) {
  Node& n = nodes_[node];
  if (!n.decides || n.serving == ServingMode::kClosed || n.serving == ServingMode::kFollower) {
    return;
  }
  if (!n.told_first) {
    n.told_first = true;
    Give(node, FirstMutation{n.history.size()});
  }
  const uint64_t write = next_write_++;
  n.history.push_back(write);
  if (n.serving == ServingMode::kAlone) {
    ++n.alone_writes;
    Answer(node, write);
  } else {
    n.held.emplace_back(n.history.size(), write);
  }
  if (n.attached && n.as_source) {
    if (n.unacked_since_ms < 0) n.unacked_since_ms = n.running_ms;
    Message message;
    message.kind = Message::kWrite;
    message.position = n.history.size();
    message.write = write;
    if (n.peer_loaded) Send(n.link, message);
  }
}

// ---------------------------------------------------------------- faults

void World::Start(int node) {
  Node& n = nodes_[node];
  n = Node{};
  n.life = next_life_++;
  n.last_tick_ms = now_;
  RoleConfig config;
  config.has_peer = node == 0 ? options_.first_has_peer : options_.second_has_peer;
  config.node_id = 100 + node;
  config.cluster_id = 1;
  config.incarnation.set_high(random_());
  config.incarnation.set_low(random_());
  config.ack_pair = options_.ack_pair;
  config.node_name = absl::StrCat("node", node);
  config.random_seed = random_();
  n.incarnation = config.incarnation;
  n.holds_port = !options_.one_host || !alive(1 - node) || !nodes_[1 - node].holds_port;
  n.machine = std::make_unique<RoleMachine>(config);
  Trace(node, "start");
  Give(node, Started{});
  TickLater(node, n.life, 1 + static_cast<int64_t>(Random(100)));
  WriteLater(node, n.life, 1 + static_cast<int64_t>(Random(400)));
}

void World::TickLater(int node, uint64_t life, int64_t after_ms) {
  At(after_ms, [this, node, life] {
    Node& n = nodes_[node];
    if (n.machine == nullptr || n.life != life) return;
    TickLater(node, life, 100);
    if (!n.frozen) TickNode(node);
  });
}

void World::WriteLater(int node, uint64_t life, int64_t after_ms) {
  At(after_ms, [this, node, life] {
    Node& n = nodes_[node];
    if (n.machine == nullptr || n.life != life) return;
    WriteLater(node, life, 1 + static_cast<int64_t>(Random(60)));
    if (!n.frozen) ClientWrites(node);
  });
}

void World::EndProcess(int node) {
  Node& n = nodes_[node];
  const uint64_t life = n.life;
  n.machine.reset();
  n.holds_port = false;
  n.frozen = false;
  n.waiting.clear();
  n.history.clear();
  std::vector<ConnectionId> own;
  for (const auto& entry : ends_) {
    if (entry.second.node == node && entry.second.life == life) own.push_back(entry.first);
  }
  for (const ConnectionId id : own) CloseEnd(id, Random(2) == 0);
}

void World::Kill(int node) {
  if (!alive(node)) return;
  Trace(node, "kill");
  EndProcess(node);
}

void World::Stop(int node) {
  if (!alive(node)) return;
  Trace(node, "stop");
  ForNode(node, nodes_[node].life, [this, node] { Give(node, StopRequested{15}); });
}

// One operator per node, who waits for the answer.
void World::Switch(int node) {
  if (!alive(node) || nodes_[node].asked != nodes_[node].answers.size()) return;
  Trace(node, "switch");
  ++nodes_[node].asked;
  ForNode(node, nodes_[node].life, [this, node] { Give(node, SwitchoverAsked{}); });
}

void World::Freeze(int node) {
  if (!alive(node)) return;
  Trace(node, "freeze");
  nodes_[node].frozen = true;
}

void World::Thaw(int node) {
  Node& n = nodes_[node];
  if (!n.frozen) return;
  Trace(node, "thaw");
  n.frozen = false;
  const uint64_t life = n.life;
  std::deque<std::function<void()>> waiting = std::move(n.waiting);
  n.waiting.clear();
  for (auto& what : waiting) {  // sockets before timers
    if (n.machine != nullptr && n.life == life) what();
  }
  if (n.machine != nullptr && n.life == life) TickNode(node);
}

void World::Heal() {
  cut_[0] = cut_[1] = false;
  for (const auto& entry : ends_) {
    const ConnectionId id = entry.first;
    for (size_t i = 0; i < entry.second.in.size(); ++i) At(1, [this, id] { Arrive(id); });
  }
}

void World::ResetLink() {
  Trace(0, "reset");
  for (auto& entry : ends_) {
    const ConnectionId id = entry.first;
    Message reset;
    reset.kind = Message::kReset;
    entry.second.in.push_back(reset);
    At(1 + static_cast<int64_t>(Random(3)), [this, id] { Arrive(id); });
  }
}

void World::StallApplying(int node, bool stalled) {
  nodes_[node].stalled = stalled;
  if (stalled || !alive(node)) return;
  std::deque<Message> late = std::move(nodes_[node].not_applied);
  nodes_[node].not_applied.clear();
  for (const Message& message : late) Apply(node, message);
}

void World::UseUpEpoch(int node) {
  if (!alive(node)) return;
  Trace(node, "uses up its epoch");
  const uint64_t number = nodes_[node].epoch.number();
  ForNode(node, nodes_[node].life, [this, node, number] { Give(node, EpochUsedUp{number}); });
}

// ---------------------------------------------------------------- what is seen

State World::state(int node) const {
  return alive(node) ? nodes_[node].machine->status().state : BOOT;
}

bool World::Paired() const {
  if (!alive(0) || !alive(1)) return false;
  return (state(0) == MASTER && state(1) == SLAVE) || (state(0) == SLAVE && state(1) == MASTER);
}

bool World::HasAllAcknowledged(int node) const {
  const auto& history = nodes_[node].history;
  const std::set<uint64_t> has(history.begin(), history.end());
  return std::all_of(acknowledged_.begin(), acknowledged_.end(),
                     [&has](uint64_t write) { return has.count(write) != 0; });
}

uint64_t World::said(int node, ContractLine line) const {
  const auto found = nodes_[node].said.find(line);
  return found == nodes_[node].said.end() ? 0 : found->second;
}

void World::Fail(const std::string& what) {
  if (failure_.empty()) failure_ = absl::StrCat("at ", now_, " ms: ", what);
}

void World::Trace(int node, const std::string& what) {
  absl::StrAppend(&trace_, now_, " node", node, " ", what, "\n");
}

// One epoch is answered for by one process.
void World::Answer(int node, uint64_t write) {
  Node& n = nodes_[node];
  acknowledged_.push_back(write);
  const auto epoch = std::make_pair(n.epoch.number(), n.epoch.minted_by().low());
  const auto known = answered_in_.emplace(epoch, n.life).first;
  if (known->second != n.life) {
    Fail(absl::StrCat("two nodes answer in epoch ", n.epoch.number()));
  }
}

void World::Release(int node) {
  Node& n = nodes_[node];
  const bool leased = n.newest_echo_ms >= 0 && now_ - n.newest_echo_ms < 500;
  while (!n.held.empty()) {
    const bool paired_answer =
        n.serving == ServingMode::kPaired && leased && n.held.front().first <= n.acked_position;
    if (n.serving != ServingMode::kAlone && !paired_answer) return;
    Answer(node, n.held.front().second);
    n.held.pop_front();
  }
}

}  // namespace twincached::replication
