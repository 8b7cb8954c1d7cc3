#include "tests/history/possible_effects.h"

#include <algorithm>

#include "proto/check.h"

namespace twincached::history {

void PossibleEffects::Remove(const Operation& operation) {
  auto same = [&](const Suspect& suspect) { return suspect.operation.get() == &operation; };
  suspects_.erase(std::remove_if(suspects_.begin(), suspects_.end(), same), suspects_.end());
}

void PossibleEffects::Acknowledged(const Operation& operation, const Allowances& allowances) {
  const auto own = std::find_if(suspects_.begin(), suspects_.end(), [&](const Suspect& suspect) {
    return suspect.operation.get() == &operation;
  });
  CHECK(own != suspects_.end());
  // Once blamed, it explains less. Blames of others do not count here: a fork may take them back.
  const int64_t latest_us = std::min(own->not_after_us, operation.completed_us);
  auto superfluous = [&](const Suspect& suspect) {
    return suspect.operation.get() != &operation &&
           allowances.LatestEffect(*suspect.operation) <= latest_us;
  };
  suspects_.erase(std::remove_if(suspects_.begin(), suspects_.end(), superfluous), suspects_.end());
}

int PossibleEffects::CountSince(int64_t since_us, const Allowances& allowances) const {
  int count = 0;
  for (auto it = suspects_.rbegin(); it != suspects_.rend() && count < 2; ++it) {
    if (LatestEffect(*it, allowances) >= since_us) ++count;
  }
  return count;
}

void PossibleEffects::Blame(int64_t since_us, int64_t by_us, const Allowances& allowances) {
  for (Suspect& suspect : suspects_) {
    if (LatestEffect(suspect, allowances) < since_us) continue;
    suspect.not_after_us = std::min(suspect.not_after_us, by_us);
    return;
  }
}

void PossibleEffects::OnFork(int64_t begin_us) {
  for (Suspect& suspect : suspects_) {
    if (suspect.not_after_us >= begin_us) suspect.not_after_us = kForever;
  }
}

int64_t PossibleEffects::LatestEffect(const Suspect& suspect, const Allowances& allowances) {
  return std::min(suspect.not_after_us, allowances.LatestEffect(*suspect.operation));
}

}  // namespace twincached::history
