// KeyExpiry: when the life of one key's item may end, and when it must have ended.
//
// What it is: the commands that give a life (set, add, replace, cas, touch) and may be the last
// that did. Owned by one key of the checker. incr and decr give no life.
//
// After a fork that the key took part in, it allows everything until a command of after it, with a
// certain end, gives a life: who won may have forgotten a touch, and so may this have.
// Bounds: what is under way or unknown, and what is not certainly followed by another.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/history/allowances.h"
#include "tests/history/operation.h"

namespace twincached::history {

class KeyExpiry {
 public:
  explicit KeyExpiry(const Allowances* allowances) : allowances_(*allowances) {}

  // Only commands that give a life.
  void Begin(OperationPtr operation);
  void Remove(const Operation& operation);

  // The item was there at `since_us` or later: may its life have ended before `miss` did?
  bool MayEndSince(int64_t since_us, const Operation& miss) const;

  // The item was there during `operation`. Empty, or what is wrong with that.
  std::string CheckAlive(const Operation& operation) const;

  void OnFork(int64_t begin_us);

  // Nothing that is judged from now on began before `oldest_us`.
  void Prune(int64_t oldest_us);

 private:
  // What held in a fork may still hold, for all that is certain before `time_us`.
  bool Unsure(int64_t time_us) const;
  int64_t EarliestEnd(const Operation& setter) const;
  int64_t LatestEnd(const Operation& setter) const;
  // The begin of the newest acknowledged setter that had ended before `time_us`; -1: none.
  int64_t NewestCertainBefore(int64_t time_us) const;

  const Allowances& allowances_;
  std::vector<OperationPtr> setters_;
  int64_t unsure_since_us_ = -1;  // the begin of the newest fork that mattered; -1: none
  bool any_life_ = false;         // some setter gave a life that ends
};

}  // namespace twincached::history
