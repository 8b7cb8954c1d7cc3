#include "tests/history/flush_log.h"

#include <algorithm>

namespace twincached::history {

void FlushLog::Begin(OperationPtr flush) {
  if (flush->ttl_us > 0) {
    delayed_.push_back(std::move(flush));
  } else {
    flushes_.Add(std::move(flush));
  }
}

void FlushLog::End(const OperationPtr& flush) {
  const Outcome outcome = flush->answer.outcome;
  if (outcome == Outcome::kUnknown) return;
  if (outcome != Outcome::kOk) {
    flushes_.Remove(*flush);
    delayed_.erase(std::remove(delayed_.begin(), delayed_.end(), flush), delayed_.end());
    return;
  }
  if (flush->ttl_us > 0) return;
  flushes_.Acknowledged(*flush, allowances_);
  if (allowances_.Proves(*flush)) away_.Raise(flush->completed_us, flush->invoked_us, flush);
}

bool FlushLog::MayRemoveBetween(int64_t since_us, int64_t by_us) const {
  if (allowances_.newest_wipe_us() >= since_us) return true;
  if (flushes_.CountSince(since_us, allowances_) > 0) return true;
  return std::any_of(delayed_.begin(), delayed_.end(), [&](const OperationPtr& flush) {
    return MayFireBetween(*flush, since_us, by_us);
  });
}

bool FlushLog::MayFireBetween(const Operation& delayed, int64_t since_us, int64_t by_us) const {
  const int64_t slack_us = allowances_.expiry_slack_us();
  const int64_t latest_us = AddTimes(allowances_.LatestEffect(delayed), delayed.ttl_us + slack_us);
  return delayed.invoked_us + delayed.ttl_us - slack_us <= by_us && latest_us >= since_us;
}

}  // namespace twincached::history
