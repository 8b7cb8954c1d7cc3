#include "tests/bench/shard/operation_recorder.h"

#include <algorithm>

namespace twincached::bench {

void OperationRecorder::Record(const Operation& operation) {
  const uint64_t number = cpu_.count();
  cpu_.Record(operation.cpu_ns);
  wall_max_ns_ = std::max(wall_max_ns_, operation.wall_ns);
  if (operation.cpu_ns <= limit_ns_) return;
  ++over_limit_;
  if (suspects_.size() < kSuspectsMax) suspects_.push_back({number, operation});
}

void OperationRecorder::Confirm(const OperationRecorder& other_round) {
  std::vector<Suspect> confirmed;
  auto other = other_round.suspects_.begin();
  for (const Suspect& suspect : suspects_) {
    while (other != other_round.suspects_.end() && other->number < suspect.number) ++other;
    if (other == other_round.suspects_.end()) break;
    if (other->number != suspect.number) continue;
    const bool faster = other->operation.cpu_ns < suspect.operation.cpu_ns;
    confirmed.push_back(faster ? *other : suspect);
  }
  suspects_ = std::move(confirmed);
}

std::vector<OperationRecorder::Suspect> OperationRecorder::Slowest(size_t count_max) const {
  std::vector<Suspect> slowest = suspects_;
  std::stable_sort(slowest.begin(), slowest.end(), [](const Suspect& a, const Suspect& b) {
    return a.operation.cpu_ns > b.operation.cpu_ns;
  });
  slowest.resize(std::min(slowest.size(), count_max));
  return slowest;
}

}  // namespace twincached::bench
