#include "tests/history/expiry.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace twincached::history {

void KeyExpiry::Begin(OperationPtr operation) {
  if (operation->ttl_us != 0) any_life_ = true;
  setters_.push_back(std::move(operation));
}

void KeyExpiry::Remove(const Operation& operation) {
  auto same = [&](const OperationPtr& setter) { return setter.get() == &operation; };
  setters_.erase(std::remove_if(setters_.begin(), setters_.end(), same), setters_.end());
}

bool KeyExpiry::MayEndSince(int64_t since_us, const Operation& miss) const {
  if (!any_life_) return false;
  if (Unsure(miss.invoked_us)) return true;
  const int64_t certain_us = NewestCertainBefore(miss.invoked_us);
  return std::any_of(setters_.begin(), setters_.end(), [&](const OperationPtr& setter) {
    return setter->ttl_us != 0 && allowances_.LatestEffect(*setter) >= certain_us &&
           EarliestEnd(*setter) <= miss.completed_us && LatestEnd(*setter) >= since_us;
  });
}

std::string KeyExpiry::CheckAlive(const Operation& operation) const {
  if (!any_life_ || Unsure(operation.invoked_us)) return "";
  const int64_t certain_us = NewestCertainBefore(operation.invoked_us);
  const Operation* last = nullptr;
  for (const OperationPtr& setter : setters_) {
    if (setter.get() == &operation || allowances_.LatestEffect(*setter) < certain_us) continue;
    if (LatestEnd(*setter) >= operation.invoked_us) return "";
    if (last == nullptr || LatestEnd(*setter) > LatestEnd(*last)) last = setter.get();
  }
  if (last == nullptr) return "";
  return absl::StrCat("expired item is there: ", Describe(operation),
                      ", but its life had ended by ", LatestEnd(*last), ", given by ",
                      Describe(*last));
}

void KeyExpiry::OnFork(int64_t begin_us) { unsure_since_us_ = begin_us; }

void KeyExpiry::Prune(int64_t oldest_us) {
  const int64_t certain_us = NewestCertainBefore(oldest_us);
  auto followed = [&](const OperationPtr& setter) {
    return allowances_.LatestEffect(*setter) < certain_us;
  };
  setters_.erase(std::remove_if(setters_.begin(), setters_.end(), followed), setters_.end());
}

bool KeyExpiry::Unsure(int64_t time_us) const {
  return unsure_since_us_ >= 0 && NewestCertainBefore(time_us) <= unsure_since_us_;
}

int64_t KeyExpiry::EarliestEnd(const Operation& setter) const {
  return setter.invoked_us + std::max<int64_t>(setter.ttl_us, 0) - allowances_.expiry_slack_us();
}

int64_t KeyExpiry::LatestEnd(const Operation& setter) const {
  if (setter.ttl_us == 0) return kForever;
  const int64_t life_us = std::max<int64_t>(setter.ttl_us, 0) + allowances_.expiry_slack_us();
  return AddTimes(allowances_.LatestEffect(setter), life_us);
}

int64_t KeyExpiry::NewestCertainBefore(int64_t time_us) const {
  int64_t newest_us = -1;
  for (const OperationPtr& setter : setters_) {
    if (setter->answer.outcome != Outcome::kOk || setter->completed_us >= time_us) continue;
    if (allowances_.Proves(*setter)) newest_us = std::max(newest_us, setter->invoked_us);
  }
  return newest_us;
}

}  // namespace twincached::history
