// KeyValues: the values of one register key, each written once.
//
// What it is: the register rule. For every value two facts are kept: `proved_us`, when it had
// certainly been written (its write or a read of it had ended), and `held_us`, the latest begin of
// an operation that showed it in force. A value A came before B if A.proved < B.held, for then A
// was written before B was last in force. Both before each other is impossible; so a read of A that
// began after B.proved contradicts A before B. For histories whose operations have all ended this
// is exact (Gibbons and Korach, Testing Shared Memories, 1997); a value nobody acknowledged and
// nobody read contradicts nothing. A proof that the item was away counts like a value.
//
// Owned by one key of the checker. Bounds: live_ holds what may still be read: what is under way or
// unknown, and the newest; past_ what was overwritten, for `retention_us`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/history/allowances.h"
#include "tests/history/operation.h"
#include "tests/history/presence.h"

namespace twincached::history {

class KeyValues {
 public:
  explicit KeyValues(const Allowances* allowances) : allowances_(*allowances) {}

  // A write begins.
  void Begin(OperationPtr write);
  // It ended. Empty, or what is wrong: it was refused, yet its value was read.
  std::string End(const Operation& write, int64_t now_us);

  // `value` was in force during `operation`, which proves. Empty, or what is wrong with that.
  std::string CheckShown(const Operation& operation, const std::string& value,
                         const KeyPresence& presence) const;
  // What CheckShown() found in order.
  void ProveShown(const OperationPtr& operation, const std::string& value);
  // The id of a value never changes: it is written once. After CheckShown().
  std::string CheckId(const Operation& read) const;

  // REQUIRES: write proves.
  void ProveWritten(const OperationPtr& write);

  // What was proved at `begin_us` or later counts no more.
  void OnFork(int64_t begin_us);
  // Every id may have changed.
  void ForgetIds();

  void Prune(const Horizon& horizon, const KeyPresence& presence);

 private:
  struct Entry {
    OperationPtr write;
    int64_t first_shown_us = kForever;  // the first end of a read that showed it
    int64_t held_us = 0;
    OperationPtr held_by;
    OperationPtr shown_with_id;
    bool written = false;       // its write proved that it took effect
    int64_t past_since_us = 0;  // in past_ only
    OperationPtr past_because;  // in past_ only; null: its write was refused
  };

  bool Known(const Entry& entry) const;
  int64_t ProvedBy(const Entry& entry) const;
  static void Hold(Entry* entry, const OperationPtr& operation);
  Entry* FindLive(const std::string& value);
  const Entry* FindLive(const std::string& value) const;
  std::string DescribeLost(const Operation& operation, const std::string& value) const;
  void ForgetPast(const Horizon& horizon);
  void MoveToPast(size_t index, int64_t now_us, OperationPtr because);
  // The known entry, proved before `oldest_us` and not `except`, that was held latest.
  const Entry* Newest(int64_t oldest_us, const Entry* except) const;

  const Allowances& allowances_;
  std::vector<Entry> live_;
  std::vector<Entry> past_;  // in the order in which they became so
};

}  // namespace twincached::history
