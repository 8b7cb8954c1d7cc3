// HistoryChecker: does a history of client operations keep the pair's promise?
//
// What it is: an online judge. It is told each operation when it begins and when it ends, and says
// in one sentence each what cannot have happened in any order of the operations on one key that
// respects real time: A before B if A ended before B began; touching times are concurrent. Owned by
// whoever runs the world (a simulator, or check_main.cc over recorded files); one thread; no clock.
// What it is not: complete. It never blames a history that is possible, and finds all that concerns
// one read or write and the newest proof against it; it does not search through orders.
//
//   Registers  keys whose values are not numbers. REQUIRES: no value is written twice to one key.
//              A read is stale if its value was certainly overwritten or removed before it began;
//              a value that was seen replaced never comes back; nobody reads what nobody wrote.
//   Counters   keys whose first written value is a number. REQUIRES: only numbers are written to
//              them. While one acknowledged write defines the counter (no other write under way or
//              unknown): between what acknowledged increments oblige to and what all increments
//              allow. Without decr: results are distinct, and numbers never fall in real time.
//              After a write with unknown outcome a counter is unchecked until the next
//              acknowledged write after DeclareSettled(): begin a new key.
//   Presence   a miss needs something that may have removed the item since it was last proved to
//              be there, a hit something that may have written it since it was proved to be away.
//              NOT_STORED, NOT_FOUND, EXISTS, DELETED, TOUCHED prove as much as reads do.
//   Expiry     a key may be away from its time minus the slack on, and must be from its time plus
//              the slack on.
//   Cas ids    one id shows one value of one key, is replaced by at most one cas, and on one key
//              ids never fall in real time.
//
// Use:     const HistoryChecker::Id id = checker.Begin(operation);    as it leaves its client
//          if (!checker.End(id, now_us, answer)) Fail(checker.violations().back());
//
// A store is empty when its history begins. Unknown outcomes may take effect at any later time, at
// most once. An operation that breaks a rule proves nothing afterwards: one sentence for one cause.
//
// Cost: an operation is judged in time proportional to what is under way or unknown on its key.
// Bounds: memory is per key its newest proofs, its unknown writes, and what was overwritten in the
// last `retention_us`.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/history/operation.h"

namespace twincached::history {

struct CheckerOptions {
  // How far clocks, and whole seconds, may move an expiry, to either side.
  int64_t expiry_slack_us = 0;
  // How far back BeginFork() may reach. Values overwritten longer ago than this are forgotten.
  int64_t retention_us = 10'000'000;
  // Sentences that are kept; the rest is counted only.
  size_t violations_max = 100;
};

struct Totals {
  uint64_t operations = 0;  // ended
  uint64_t keys = 0;
  uint64_t writes_acknowledged = 0;  // all that changed something, deletes and touches too
  uint64_t reads = 0;                // hits and misses
  uint64_t unknown = 0;
  uint64_t violations = 0;
};

class HistoryChecker {
 public:
  using Id = uint64_t;

  explicit HistoryChecker(const CheckerOptions& options = CheckerOptions());
  ~HistoryChecker();
  HistoryChecker(const HistoryChecker&) = delete;
  HistoryChecker& operator=(const HistoryChecker&) = delete;

  // ---- Operations. REQUIRES: their times, in the order of the calls, begin at 0 and never fall.

  // The operation leaves its client at `operation.invoked_us`. `completed_us` and `answer` do not
  // count.
  Id Begin(Operation operation);

  // Its answer arrived, or its client gave up (Outcome::kUnknown). REQUIRES: `id` is from Begin()
  // and has not ended. True if it broke no rule. Operations that never end count as under way.
  bool End(Id id, int64_t completed_us, Answer answer);

  // ---- Allowances, declared by whoever runs the world.

  // Every copy was destroyed at some moment in [begin_us, end_us], which may lie in the past: what
  // was there may be missing. Never an excuse for an old value; a value that survived is fine.
  void DeclareWipe(int64_t begin_us, int64_t end_us);

  // Two nodes were alone at once, each with its own history, from `begin_us` on. That may lie up to
  // `retention_us` in the past: the first of them may have been alone for a while when the second
  // became so. What ends or is under way until EndFork() proves nothing; what was written may be
  // lost, or come back, until then. REQUIRES: BeginFork() and EndFork() alternate.
  void BeginFork(int64_t begin_us);
  void EndFork(int64_t end_us);
  bool in_fork() const;

  // Memory is short: a miss proves no loss. Everything else holds.
  void DeclareEvictions();

  // What had ended as kUnknown before `at_us` takes effect by then or never: say so when the
  // connections of those clients are gone from every node. REQUIRES: not in the past.
  void DeclareSettled(int64_t at_us);

  // ---- Findings, in the order in which they were made; at most `violations_max`.
  const std::vector<std::string>& violations() const;
  Totals totals() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace twincached::history
