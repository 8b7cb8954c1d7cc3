// FlushLog: what removed all keys, or may have: flushes and wipes.
//
// What it is: the part of every key's history that no key owns. An acknowledged flush without a
// delay proves every key away at one moment; a delayed one, an unknown one and a wipe only excuse a
// miss. Owned by the checker.
// Bounds: flushes that are under way, unknown or delayed, and one mark for each acknowledged one.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/history/allowances.h"
#include "tests/history/high_water.h"
#include "tests/history/operation.h"
#include "tests/history/possible_effects.h"

namespace twincached::history {

class FlushLog {
 public:
  using Mark = HighWater<int64_t>::Mark;

  explicit FlushLog(const Allowances* allowances) : allowances_(*allowances) {}

  void Begin(OperationPtr flush);
  void End(const OperationPtr& flush);

  void OnFork(int64_t begin_us) { away_.Forget(begin_us); }

  // May something have removed a key at `since_us` or later, and by `by_us`?
  bool MayRemoveBetween(int64_t since_us, int64_t by_us) const;

  // The proof, older than `time_us`, that all keys were away; its level is the latest moment from
  // which on that holds. Null: there is none.
  const Mark* AwayBefore(int64_t time_us) const { return away_.Before(time_us); }

 private:
  bool MayFireBetween(const Operation& delayed, int64_t since_us, int64_t by_us) const;

  const Allowances& allowances_;
  PossibleEffects flushes_;
  std::vector<OperationPtr> delayed_;
  HighWater<int64_t> away_;
};

}  // namespace twincached::history
