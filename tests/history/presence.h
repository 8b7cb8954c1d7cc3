// KeyPresence: was there an item, whatever its value?
//
// What it is: the rules of one key for misses (a lost write) and for answers that reveal an item
// (one that came back). Proofs of being there and away come from answers; between a proof of one
// and a proof of the other that certainly follows it, something must have been able to change it.
// Owned by one key of the checker. It does not know values: key_values.h and key_counter.h do.
//
// Bounds: those of HighWater since Horizon::retained_us, of PossibleEffects and of KeyExpiry.
#pragma once

#include <cstdint>
#include <string>

#include "tests/history/allowances.h"
#include "tests/history/expiry.h"
#include "tests/history/flush_log.h"
#include "tests/history/high_water.h"
#include "tests/history/operation.h"
#include "tests/history/possible_effects.h"

namespace twincached::history {

class KeyPresence {
 public:
  using Mark = HighWater<int64_t>::Mark;

  // Both live longer than this.
  KeyPresence(const Allowances* allowances, const FlushLog* flushes)
      : allowances_(*allowances), flushes_(*flushes), expiry_(allowances) {}

  // Any operation on the key.
  void Begin(const OperationPtr& operation);

  // It ended; its answer is known by now. Before it is checked.
  void End(const OperationPtr& operation);

  // Its answer shows that the item was away, or there. Empty, or what is wrong with that. A miss
  // that one unknown delete alone explains tells when that took effect. REQUIRES: it proves.
  std::string CheckAway(const Operation& operation);
  std::string CheckThere(const Operation& operation) const;

  // Only that its life had not ended.
  std::string CheckAlive(const Operation& operation) const { return expiry_.CheckAlive(operation); }

  void ProveAway(const OperationPtr& operation);
  void ProveThere(const OperationPtr& operation);

  // The proof older than `time_us`, by an answer or a flush, that the item was away; its level is
  // the latest moment from which on that holds. Null: there is none.
  const Mark* AwayBefore(int64_t time_us) const;

  void OnFork(int64_t begin_us);

  void Prune(const Horizon& horizon);

 private:
  const Allowances& allowances_;
  const FlushLog& flushes_;
  PossibleEffects writers_;  // that need no item
  PossibleEffects removers_;
  KeyExpiry expiry_;
  HighWater<int64_t> there_;  // level: a moment; the item was there then or later
  HighWater<int64_t> away_;
};

}  // namespace twincached::history
