// CasIds: which value each cas id was shown with, over all keys.
//
// What it is: the rules for cas ids. (1) An id shows one value of one key. (2) At most one cas
// replaces it. (3) A cas that answered EXISTS to an id that was in force before and after is wrong.
// (4) On one key ids never fall in real time, and a cas that succeeds names the newest. Owned by
// the checker; each key keeps its KeyIds. What was shown before a wipe ended, or in a fork, does
// not count.
//
// Bounds: an id is forgotten `retention_us` after a greater one of its key was proved.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "tests/history/allowances.h"
#include "tests/history/high_water.h"
#include "tests/history/operation.h"

namespace twincached::history {

// The part of one key.
struct KeyIds {
  struct Learned {
    int64_t at_us;
    uint64_t id;
  };
  HighWater<uint64_t> newest;
  std::vector<Learned> learned;  // in the order of at_us
};

class CasIds {
 public:
  explicit CasIds(const Allowances* allowances) : allowances_(*allowances) {}

  // The operation's answer shows an id (a gets), or names one (a cas that is kOk or kExists).
  // Empty, or what is wrong. REQUIRES: it proves.
  std::string Check(const Operation& operation, const KeyIds& key) const;
  // What Check() found in order.
  void Prove(const OperationPtr& operation, KeyIds* key);

  // The read that showed the id; null: none did.
  const Operation* ShownBy(uint64_t id) const;

  void OnFork(int64_t begin_us, KeyIds* key) const { key->newest.Forget(begin_us); }

  void Prune(const Horizon& horizon, KeyIds* key);

 private:
  struct Use {
    OperationPtr shown;     // the first time
    OperationPtr replaced;  // by this cas
    OperationPtr refused;   // the first EXISTS after it was shown
  };

  bool Counts(const OperationPtr& operation) const;
  const Use* Find(uint64_t id) const;
  std::string CheckShown(const Operation& read, const KeyIds& key) const;
  std::string CheckReplaced(const Operation& cas, const KeyIds& key) const;
  void ProveRefused(const OperationPtr& cas);
  std::string CheckRefused(const Operation& operation, const Use& use) const;

  const Allowances& allowances_;
  absl::flat_hash_map<uint64_t, Use> uses_;  // never iterated
};

}  // namespace twincached::history
