// What is done to a world: the verbs of action.h.
#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/sim/world.h"

namespace twincached::sim {

SimNode* World::Find(const std::string& name) {
  for (auto& node : nodes_) {
    if (node->plan().name == name) return node.get();
    const replication::RoleStatus* status = node->status();
    if (status != nullptr && name == (status->decides ? "master" : "slave")) return node.get();
  }
  return nullptr;
}

void World::Perform(const Action& action) {
  surroundings_.trace.Add(absl::string_view(action.ToString()));
  if (tells_) std::printf("---- %s\n", action.ToString().c_str());
  switch (action.verb) {
    case Action::kHeal:
      return surroundings_.network.HealAll();
    case Action::kReset:
      return ResetLink();
    case Action::kFreeze:
      return Freeze(action.first);
    case Action::kDelay:
      return surroundings_.network.SetDelay(action.first, action.second);
    case Action::kPace:
      surroundings_.pace.stall_share = static_cast<double>(action.first) / 1000;
      surroundings_.pace.stall_us_max = action.second * 1000;
      return;
    case Action::kAmbush:
      ambush_ = action;
      return;
    case Action::kCut:
      return Cut(action.node, action.other);
    case Action::kExpect:
      return Expect(action);
    case Action::kPromoted:
      return ExpectCount(action, observer_->promotions());
    case Action::kForked:
      return ExpectCount(action, observer_->forks());
    case Action::kWiped:
      return ExpectCount(action, observer_->wipes());
    default:
      break;
  }
  SimNode* node = Find(action.node);
  if (node != nullptr) PerformOn(node, action);
}

void World::PerformOn(SimNode* node, const Action& action) {
  switch (action.verb) {
    case Action::kStart:
      surroundings_.network.SetHostUp(node->plan().ip, true);
      if (!node->running()) node->Start();
      break;
    case Action::kKill:
      node->Kill(action.first * 1000, surroundings_.random.Between(1, 60));
      break;
    case Action::kPower:
      LosePower(node);
      break;
    case Action::kTerm:
      node->Terminate();
      break;
    case Action::kStop:
      node->Stop();
      break;
    case Action::kCont:
      node->Continue();
      break;
    case Action::kStopCore:
      node->StopCore(static_cast<size_t>(action.first));
      break;
    case Action::kStopStore:
      node->StopStore(static_cast<size_t>(action.first));
      break;
    case Action::kCorrupt:
      for (const TcpEndPtr& stream : LinkOf(node)) stream->CorruptNext();
      break;
    case Action::kClock:
      if (node->process() != nullptr) node->process()->StepWallClock(action.first * 1000);
      break;
    case Action::kSwitch:
      node->AskSwitchover();
      break;
    case Action::kGarbage:
      SendGarbage(node);
      break;
    default:
      break;
  }
}

void World::Expect(const Action& action) {
  const SimNode* node = Find(action.node);
  const bool runs = node != nullptr && node->running();
  const std::string is = runs ? replication::State_Name(node->status()->state) : "none";
  if (is != action.other) {
    violations_.push_back(absl::StrCat(action.ToString(), ": it is ", is));
  }
}

void World::ExpectCount(const Action& action, uint64_t is) {
  if (static_cast<int64_t>(is) == action.first) return;
  violations_.push_back(absl::StrCat(action.ToString(), ": it is ", is));
}

void World::LosePower(SimNode* node) {
  node->LosePower();
  if (!plan_.same_host) surroundings_.network.SetHostUp(node->plan().ip, false);
}

// Strikes while what the two told each other is still on its way.
void World::SpringAmbush() {
  SimNode* victim = Find(ambush_.node);
  for (auto& node : nodes_) {
    const replication::RoleStatus* status = node->status();
    if (victim == nullptr || node.get() == victim || status == nullptr) continue;
    if (replication::State_Name(status->state) != ambush_.other) continue;
    ambush_ = Action();
    surroundings_.timeline.After(surroundings_.random.Between(0, 300),
                                 [this, victim] { LosePower(victim); });
    return;
  }
}

// Nobody may conclude anything from a time in which nobody ran.
void World::Freeze(int64_t ms) {
  for (auto& node : nodes_) node->Stop();
  surroundings_.timeline.After(ms * 1000, [this] {
    for (auto& node : nodes_) node->Continue();
  });
}

void World::Cut(const std::string& from, const std::string& to) {
  const SimNode* source = Find(from);
  const SimNode* target = Find(to);
  if (source == nullptr || target == nullptr || source == target) return;
  observer_->AllowFork();
  surroundings_.network.Cut(source->plan().ip, target->plan().ip);
}

// The streams between this node and its peer.
std::vector<TcpEndPtr> World::LinkOf(SimNode* node) {
  std::vector<TcpEndPtr> link;
  if (node->process() == nullptr) return link;
  for (const TcpEndPtr& stream : node->process()->Streams()) {
    const bool replication =
        stream->peer().port == kReplicationPort || stream->local().port == kReplicationPort;
    if (replication && stream->peer().ip < kClientIp) link.push_back(stream);
  }
  return link;
}

void World::ResetLink() {
  for (auto& node : nodes_) {
    for (const TcpEndPtr& stream : LinkOf(node.get())) stream->Kill();
  }
}

void World::SendGarbage(SimNode* node) {
  const TcpEndPtr stranger = surroundings_.network.Connect(
      kClientIp + 200, {node->plan().ip, node->plan().replication_port}, nullptr);
  const uint64_t bytes = surroundings_.random.Between(1, 300);
  std::string nonsense;
  for (uint64_t i = 0; i < bytes; ++i) {
    nonsense.push_back(static_cast<char>(surroundings_.random.Below(256)));
  }
  surroundings_.timeline.After(
      1000, [stranger, nonsense] { stranger->Send(nonsense.data(), nonsense.size()); });
  surroundings_.timeline.After(50000, [stranger] { stranger->Close(false); });
}

}  // namespace twincached::sim
