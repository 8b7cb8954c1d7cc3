// KeyCounter: the numbers of one counter.
//
// What it is: while one acknowledged write defines the counter, the rules for what increments and
// reads may show: not more than the definition and all increments that may have taken effect, not
// less than it and those that certainly did; without decr also nothing twice and nothing falling.
// An increment with result n by d counts as having moved the counter from n - d to n, so two that
// overlap are one executed twice, or one lost. Owned by one key of the checker.
//
// Invariants: (1) defined_by_ is set only while no other write may take effect at or after its
// begin; (2) an operation is judged, and proves, only if it began after defined_by_ ended;
// (3) what is acknowledged outside of (2) may have taken effect, and is never required to have.
// Bounds: increments that are under way or unknown; HighWaters since Horizon::retained_us.
// Numbers are below 2^63; sums stop there.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/history/allowances.h"
#include "tests/history/high_water.h"
#include "tests/history/operation.h"

namespace twincached::history {

class KeyCounter {
 public:
  explicit KeyCounter(const Allowances* allowances) : allowances_(*allowances) {}

  // A write, an incr or a decr; others have no effect here.
  void Begin(const OperationPtr& operation);
  // After it was checked and, if in order, proved.
  void End(const OperationPtr& operation);

  // Its answer shows a number. Empty, or what is wrong with that. REQUIRES: it proves.
  std::string Check(const Operation& operation) const;
  // What Check() found in order.
  void Prove(const OperationPtr& operation);

  // What was proved at `begin_us` or later counts no more.
  void OnFork(int64_t begin_us);
  void Prune(const Horizon& horizon);

 private:
  struct Life {
    uint64_t base = 0;
    uint64_t rise_max = 0;  // by all increments that may have taken effect in it
    uint64_t fall_max = 0;
    HighWater<uint64_t> rise_min;  // by those that certainly did
    HighWater<uint64_t> fall_min;
    HighWater<uint64_t> numbers;               // that were shown; without decr only
    std::map<uint64_t, OperationPtr> results;  // of increments; without decr only
  };

  bool Judges(const Operation& operation) const;
  std::string CheckBounds(const Operation& operation, uint64_t number) const;
  std::string CheckRising(const Operation& operation, uint64_t number) const;
  std::string CheckOverlap(const Operation& operation, uint64_t number) const;
  void EndWrite(const OperationPtr& write);
  void EndStep(const OperationPtr& step);
  void BeginLife(const OperationPtr& write);
  void Count(const Operation& step);
  bool WriteUnderWay() const;

  const Allowances& allowances_;
  std::vector<OperationPtr> writes_;  // that may take effect, or did last
  // Increments and decrements that are under way or unknown, or ended beside a write.
  std::vector<OperationPtr> steps_;
  OperationPtr defined_by_;  // null: nothing is judged
  Life life_;
};

}  // namespace twincached::history
