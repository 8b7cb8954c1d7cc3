// KeyHistory: all that is known of one key, and what each answer says about it.
//
// What it is: the translation of commands and answers into the facts that presence.h, key_values.h,
// key_counter.h and cas_ids.h judge: there, away, this value, this number, this id. Owned by the
// checker, one for each key. What it is not: a rule of its own.
//
// Bounds: those of its parts.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/history/allowances.h"
#include "tests/history/cas_ids.h"
#include "tests/history/flush_log.h"
#include "tests/history/key_counter.h"
#include "tests/history/key_values.h"
#include "tests/history/operation.h"
#include "tests/history/presence.h"

namespace twincached::history {

// What all keys share.
struct SharedHistory {
  SharedHistory(int64_t expiry_slack_us, int64_t retention_us)
      : allowances(expiry_slack_us),
        flushes(&allowances),
        ids(&allowances),
        retention_us(retention_us) {}

  Allowances allowances;
  FlushLog flushes;
  CasIds ids;
  const int64_t retention_us;
};

class KeyHistory {
 public:
  // `shared` lives longer than this.
  explicit KeyHistory(SharedHistory* shared)
      : shared_(*shared),
        presence_(&shared->allowances, &shared->flushes),
        forks_seen_(shared->allowances.forks().size()) {}

  // REQUIRES: not a flush.
  void Begin(const OperationPtr& operation);
  // Its answer is in it by now. Empty, or what is wrong with that.
  std::string End(const OperationPtr& operation);

 private:
  std::string Check(const Operation& operation);
  std::string CheckHit(const Operation& read) const;
  // It found the item, and did something with it or refused to.
  std::string CheckFound(const Operation& operation) const;
  std::string CheckCas(const Operation& cas) const;
  void Prove(const OperationPtr& operation);
  void ProveHit(const OperationPtr& read);
  void ProveDone(const OperationPtr& operation);
  void ProveCas(const OperationPtr& cas);
  void ChooseRules(const Operation& operation);
  void CatchUpWithForks();
  void Prune(int64_t now_us);

  SharedHistory& shared_;
  KeyPresence presence_;
  KeyIds ids_;
  // Both null until the first write or step begins; then one is set.
  std::unique_ptr<KeyValues> values_;
  std::unique_ptr<KeyCounter> counter_;
  std::vector<OperationPtr> under_way_;  // in the order of their begins
  size_t forks_seen_;
  int64_t newest_end_us_ = -1;
};

}  // namespace twincached::history
