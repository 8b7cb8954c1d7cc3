// Allowances: what the world declared, and what an operation proves in the light of it.
//
// What it is: forks, wipes, evictions, moments of settling, and the slack of expiries. One for all
// keys, owned by the checker. What it is not: a judge.
//
// Bounds: one entry for each fork and each moment of settling; the newest wipe.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/history/operation.h"

namespace twincached::history {

// a + b, stopping at kForever. REQUIRES: not below the smallest int64_t.
int64_t AddTimes(int64_t a, int64_t b);

// What a key need not keep.
struct Horizon {
  int64_t oldest_us;    // nothing that is judged from now on began before it
  int64_t retained_us;  // no fork that is declared from now on began before it; <= oldest_us
  int64_t now_us;
};

class Allowances {
 public:
  struct Fork {
    int64_t begin_us;
    int64_t end_us;  // kForever while it lasts
  };

  explicit Allowances(int64_t expiry_slack_us) : expiry_slack_us_(expiry_slack_us) {}

  void BeginFork(int64_t begin_us);
  void EndFork(int64_t end_us);
  bool in_fork() const { return !forks_.empty() && forks_.back().end_us == kForever; }
  const std::vector<Fork>& forks() const { return forks_; }

  void DeclareWipe(int64_t end_us);
  // The newest wipe ended then; -1: there was none.
  int64_t newest_wipe_us() const { return newest_wipe_us_; }

  void DeclareEvictions() { evictions_ = true; }
  bool evictions() const { return evictions_; }

  void DeclareSettled(int64_t at_us);

  int64_t expiry_slack_us() const { return expiry_slack_us_; }

  // It ended, was answered, and no fork was on meanwhile.
  bool Proves(const Operation& operation) const;

  // If it takes effect at all, it does by then: kForever while it is under way or unknown.
  int64_t LatestEffect(const Operation& operation) const;

 private:
  const Fork* ForkDuring(const Operation& operation) const;

  const int64_t expiry_slack_us_;
  std::vector<Fork> forks_;          // begin and end in rising order
  std::vector<int64_t> settled_us_;  // rising
  int64_t newest_wipe_us_ = -1;
  bool evictions_ = false;
};

}  // namespace twincached::history
