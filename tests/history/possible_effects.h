// PossibleEffects: the operations of one sort that may have taken effect after some moment.
//
// What it is: the suspects when an item is found away (deletes, flushes) or there (sets, adds). An
// operation is listed from its begin on; one that is refused, or that is certainly followed by one
// that explains as much, leaves. Owned by one key's rules, or by the flushes of all keys.
//
// Invariant: at-most-once: a suspect whose outcome is unknown and that alone explains something
// that was seen has taken effect by then (Blame), and explains nothing later.
// Bounds: what is under way or unknown, and the newest that ended.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/history/allowances.h"
#include "tests/history/operation.h"

namespace twincached::history {

class PossibleEffects {
 public:
  void Add(OperationPtr operation) { suspects_.push_back(Suspect{std::move(operation)}); }

  // It never takes effect.
  void Remove(const Operation& operation);

  // It ended and was acknowledged: what is no later than it is superfluous beside it.
  void Acknowledged(const Operation& operation, const Allowances& allowances);

  bool empty() const { return suspects_.empty(); }

  // How many may have taken effect at `since_us` or later; counts no further than two.
  int CountSince(int64_t since_us, const Allowances& allowances) const;

  // Who is the only suspect since then took effect by `by_us`.
  void Blame(int64_t since_us, int64_t by_us, const Allowances& allowances);

  // Blames that were laid at `begin_us` or later count no more.
  void OnFork(int64_t begin_us);

 private:
  struct Suspect {
    OperationPtr operation;
    int64_t not_after_us = kForever;
  };

  static int64_t LatestEffect(const Suspect& suspect, const Allowances& allowances);

  std::vector<Suspect> suspects_;  // in the order of their begins
};

}  // namespace twincached::history
