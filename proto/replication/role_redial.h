// How long the role machine waits before it dials the peer again.
//
// What it is: private to the role machine (role_core.h). A dial that fails is repeated after min,
// then twice as late each time, up to max. A link that ends is dialled again at once; one that ends
// before it was settled makes the wait for the next one longer in the same way, so that a link that
// comes and goes does not lead to copy after copy. Only a settled link makes that good.
// What it is not: a timer.
//
// Invariant: every wait but one that was asked for (SetNext) is 0 or min to max.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

namespace twincached::replication {

class RoleRedial {
 public:
  RoleRedial(int64_t min_ms, int64_t max_ms)
      : min_ms_(min_ms), max_ms_(max_ms), after_failure_ms_(min_ms) {}

  // The next wait, once.
  void SetNext(int64_t wait_ms) { next_ms_ = wait_ms; }
  // Somebody is there: failures are counted anew.
  void Answered() { after_failure_ms_ = min_ms_; }
  // There is, and wants no pair.
  void Refused() { after_failure_ms_ = max_ms_; }
  void LinkBegan() {
    next_ms_ = -1;
    after_failure_ms_ = min_ms_;
  }
  // settled: it had been in sync for a while.
  void LinkEnded(bool settled) {
    if (settled) after_link_ms_ = 0;
    next_ms_ = std::exchange(after_link_ms_, Longer(after_link_ms_));
  }
  bool has_next() const { return next_ms_ >= 0; }
  // The wait before the dial that is made now.
  int64_t Take() {
    if (has_next()) return std::exchange(next_ms_, -1);
    return std::exchange(after_failure_ms_, Longer(after_failure_ms_));
  }

 private:
  int64_t Longer(int64_t wait_ms) const { return std::clamp(2 * wait_ms, min_ms_, max_ms_); }

  const int64_t min_ms_, max_ms_;
  int64_t next_ms_ = -1;  // < 0: none was said
  int64_t after_failure_ms_;
  int64_t after_link_ms_ = 0;
};

}  // namespace twincached::replication
