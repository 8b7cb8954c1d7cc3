#include "tests/sim/world.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "actors/log.h"
#include "proto/check.h"

namespace twincached::sim {

namespace {

// An item's time may be off by what clocks of both nodes and replies under way make of it.
constexpr int64_t kExpirySlackUs = 1500000;

// Longer than a node waits for its peer.
constexpr int64_t kPromptUs = 1'500'000;

history::CheckerOptions Options() {
  history::CheckerOptions options;
  options.expiry_slack_us = kExpirySlackUs;
  options.retention_us = 60'000'000;
  options.violations_max = 5;
  return options;
}

}  // namespace

void WorldPlan::ShortenMemory() {
  memory_is_short = true;
  value_bytes_max = 60000;
  register_keys = 300;
  think_us_max = 8000;
}

World::World(WorldPlan plan, caf::actor_system* system)
    : plan_(std::move(plan)), surroundings_(plan_.seed), history_(Options()) {
  SetLogSink([](absl::string_view) {});
  surroundings_.system = system;
  surroundings_.network.set_on_delivery(
      [this](const SocketName& to, const std::string& bytes) { OnDelivery(to, bytes); });
  for (size_t index = 0; index < 2; ++index) {
    NodePlan node;
    node.name = index == 0 ? "a" : "b";
    node.ip = kNodeIp + (plan_.same_host ? 0 : index);
    if (plan_.dials[index]) node.peer_ip = kNodeIp + (plan_.same_host ? 0 : 1 - index);
    node.client_port = static_cast<uint16_t>(kClientPort + (plan_.same_host ? 2 * index : 0));
    node.replication_port = kReplicationPort;
    node.threads = plan_.threads[index];
    node.clock = plan_.clocks[index];
    node.refuse_solo_writes = plan_.refuse_solo_writes;
    node.ack_local = plan_.ack_local;
    node.memory_bytes = plan_.memory_bytes;
    nodes_[index] = std::make_unique<SimNode>(&surroundings_, node);
  }
  observer_ = std::make_unique<Observer>(&surroundings_.timeline,
                                         std::array<SimNode*, 2>{nodes_[0].get(), nodes_[1].get()},
                                         &history_);
  // A node without -x serves at once, whoever else does.
  if (!plan_.dials[0] || !plan_.dials[1]) observer_->AllowFork();
  observer_->set_expects_no_gap(plan_.prompt);
  for (auto& node : nodes_) {
    node->set_after_iteration([this] {
      observer_->Observe();
      if (!ambush_.node.empty()) SpringAmbush();
    });
  }
  if (plan_.memory_is_short) history_.DeclareEvictions();
  MakeClients();
}

World::~World() {
  SetLogSink([](absl::string_view) {});
  surroundings_.network.set_on_delivery(nullptr);
  for (auto& node : nodes_) node->set_after_iteration(nullptr);
  clients_.clear();
  nodes_ = {};
  surroundings_.timeline.Clear();
}

void World::TellStory() {
  tells_ = true;
  SetLogSink([this](absl::string_view line) {
    std::string name = "?";
    for (const auto& node : nodes_) {
      if (node->process() != nullptr && node->process() == Process::current()) {
        name = node->plan().name;
      }
    }
    if (name == "?") return;  // of a process that is being destroyed
    std::printf("%9.3f %s %.*s\n", static_cast<double>(surroundings_.timeline.now_us()) / 1000,
                name.c_str(), static_cast<int>(line.size()), line.data());
  });
}

void World::OnDelivery(const SocketName& to, const std::string& bytes) {
  surroundings_.trace.Add(static_cast<uint64_t>(surroundings_.timeline.now_us()) << 16 | to.port);
  surroundings_.trace.Add(absl::string_view(bytes));
}

void World::TellOperations() {
  surroundings_.network.set_on_delivery([this](const SocketName& to, const std::string& bytes) {
    OnDelivery(to, bytes);
    if (to.ip >= kClientIp || to.port == kClientPort || bytes.empty()) return;
    std::printf("%9.3f host %u port %u gets %zu bytes\n",
                static_cast<double>(surroundings_.timeline.now_us()) / 1000, to.ip & 255, to.port,
                bytes.size());
  });
  for (auto& client : clients_) {
    client->set_on_operation([](const history::Operation& operation) {
      std::printf("%9.3f %s %s\n", static_cast<double>(operation.completed_us) / 1000,
                  operation.key.c_str(), history::Describe(operation).c_str());
    });
  }
}

void World::MakeClients() {
  for (uint32_t id = 0; id < plan_.clients; ++id) {
    ClientPlan client;
    client.id = id;
    client.ip = kClientIp + id;
    for (const auto& node : nodes_)
      client.nodes.push_back({node->plan().ip, node->plan().client_port});
    client.roams = id % 2 == 1;
    client.think_us_max = plan_.think_us_max;
    client.ttl_s = plan_.ttl_s;
    client.value_bytes_max = plan_.value_bytes_max;
    client.register_keys = plan_.register_keys;
    client.flushes = plan_.flushes;
    client.delayed_flushes = plan_.delayed_flushes;
    client.expects_answers = plan_.prompt;
    if (plan_.prompt) client.patience_us = kPromptUs;
    client.seed = surroundings_.random.Next();
    clients_.push_back(std::make_unique<SimClient>(&surroundings_.timeline, &surroundings_.network,
                                                   client, &history_));
  }
}

// ---------------------------------------------------------------- phases

Result World::Run() {
  for (auto& client : clients_) client->Start();
  for (const Action& action : plan_.actions) {
    RunUntil(action.at_ms);
    if (Failed()) break;
    Perform(action);
    observer_->Observe();
  }
  if (!Failed()) RunUntil(plan_.end_ms);
  if (!Failed()) {
    Heal();
    const int64_t limit_ms = surroundings_.timeline.now_us() / 1000 + kConvergeMs;
    if (RunUntilPaired(limit_ms)) {
      observer_->set_calm(true);
      FinalReads();
      if (!Failed()) CompareContents();
    } else if (!Failed()) {
      std::string states;
      for (const auto& node : nodes_) {
        absl::StrAppend(
            &states, " ", node->plan().name, "=",
            node->running() ? replication::State_Name(node->status()->state) : "none",
            node->running() ? absl::StrCat(" (", node->status()->last_reason, ")") : "");
      }
      violations_.push_back(
          absl::StrCat("I15: no pair ", kConvergeMs, " ms after the last fault:", states));
    }
  }

  Result result;
  result.violations = violations_;
  for (const std::string& each : observer_->violations()) result.violations.push_back(each);
  for (const std::string& each : HistoryViolations()) result.violations.push_back(each);
  for (const auto& client : clients_) {
    result.operations += client->operations();
    if (!client->complaint().empty()) result.violations.push_back(client->complaint());
  }
  surroundings_.trace.Add(result.operations);
  result.trace_hash = surroundings_.trace.hash();
  result.promotions = observer_->promotions();
  result.forks = observer_->forks();
  result.wipes = observer_->wipes();
  result.virtual_us = surroundings_.timeline.now_us();
  return result;
}

std::vector<std::string> World::HistoryViolations() const {
  return plan_.ack_local ? std::vector<std::string>() : history_.violations();
}

bool World::Failed() const {
  if (!violations_.empty() || !observer_->violations().empty() || !HistoryViolations().empty()) {
    return true;
  }
  return std::any_of(clients_.begin(), clients_.end(),
                     [](const auto& client) { return !client->complaint().empty(); });
}

void World::RunUntil(int64_t time_ms) {
  while (surroundings_.timeline.RunNext(time_ms * 1000) && !Failed()) {
  }
}

// Who was still about to end when all was healed is started when it has.
bool World::RunUntilPaired(int64_t limit_ms) {
  while (!observer_->Paired()) {
    if (Failed() || !surroundings_.timeline.RunNext(limit_ms * 1000)) return false;
    for (auto& node : nodes_) {
      if (!node->running()) node->Start();
    }
  }
  return true;
}

void World::Heal() {
  ambush_ = Action();
  surroundings_.network.HealAll();
  surroundings_.network.SetDelay(50, 200);
  surroundings_.pace = Pace();
  for (auto& node : nodes_) {
    surroundings_.network.SetHostUp(node->plan().ip, true);
    if (!node->running()) node->Start();
    node->Continue();
  }
}

void World::FinalReads() {
  for (auto& client : clients_) client->Stop();
  // What was given up is through by then.
  RunUntil(surroundings_.timeline.now_us() / 1000 + 3000);
  if (Failed()) return;
  clients_[0]->ReadAll();
  const int64_t limit_us = surroundings_.timeline.now_us() + 10'000'000;
  while (!clients_[0]->idle() && !Failed() && surroundings_.timeline.RunNext(limit_us)) {
  }
  if (!clients_[0]->idle() && !Failed()) violations_.push_back("the last reads got no answer");
  RunUntil(surroundings_.timeline.now_us() / 1000 + 200);
}

// I7: both nodes hold the same items.
void World::CompareContents() {
  if (!observer_->Paired()) {
    violations_.push_back("I15: the pair broke up while nothing happened");
    return;
  }
  std::array<std::map<std::string, std::string>, 2> contents;
  for (size_t index = 0; index < 2; ++index) {
    for (const Shard* shard : nodes_[index]->Shards()) {
      shard->ForEachItem([&](const ItemView& item) {
        contents[index][std::string(item.key)] =
            absl::StrCat(item.version, " ", item.expiry_ms, " ", item.client_flags, " ",
                         absl::string_view(item.value.data(), item.value.size()));
      });
    }
  }
  if (contents[0] == contents[1]) return;
  for (const auto& item : contents[0]) {
    const auto found = contents[1].find(item.first);
    if (found != contents[1].end() && found->second == item.second) continue;
    violations_.push_back(absl::StrCat("I7: ", item.first, " is ", item.second, " on a, ",
                                       found == contents[1].end() ? "absent" : found->second,
                                       " on b"));
    return;
  }
  violations_.push_back("I7: b has items that a has not");
}

}  // namespace twincached::sim
