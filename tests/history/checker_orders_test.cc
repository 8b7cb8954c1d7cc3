// The checker beside a search through all orders, on every kind of small history: what is possible
// is never blamed; and for sets and gets alone, what is impossible is always found.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/history/checker.h"
#include "tests/history/history_file.h"
#include "tests/history/model.h"

namespace twincached::history {
namespace {

using Operations = std::vector<Operation>;

// Is there an order of these operations, respecting real time, in which one store answers so?
class OrderSearch {
 public:
  explicit OrderSearch(const Operations& operations)
      : operations_(operations), done_(operations.size(), false) {}

  bool Possible() { return Extend(Model()); }

 private:
  // Whether an order of what is not done yet continues this store.
  bool Extend(const Model& model) {
    bool complete = true;
    for (size_t i = 0; i < operations_.size(); ++i) {
      if (done_[i]) continue;
      if (Answered(operations_[i])) complete = false;
      if (!MayBeNext(i)) continue;
      Model next = model;
      const Answer answer = next.Apply(operations_[i], 0);
      if (Answered(operations_[i]) && !Same(answer, operations_[i].answer)) continue;
      done_[i] = true;
      const bool possible = Extend(next);
      done_[i] = false;
      if (possible) return true;
    }
    return complete;
  }

  // Nothing that is not done ended before it began; the unknown ends never.
  bool MayBeNext(size_t index) const {
    for (size_t i = 0; i < operations_.size(); ++i) {
      if (done_[i] || i == index || !Answered(operations_[i])) continue;
      if (operations_[i].completed_us < operations_[index].invoked_us) return false;
    }
    return true;
  }

  static bool Answered(const Operation& operation) {
    return operation.answer.outcome != Outcome::kUnknown;
  }

  static bool Same(const Answer& a, const Answer& b) {
    return a.outcome == b.outcome && a.value == b.value && a.number == b.number;
  }

  const Operations& operations_;
  std::vector<bool> done_;
};

// Begins and ends in the order of their times, begins first.
std::vector<std::string> Judge(const Operations& operations) {
  struct Event {
    int64_t at_us;
    bool end;
    size_t index;
  };
  std::vector<Event> events;
  for (size_t i = 0; i < operations.size(); ++i) {
    events.push_back(Event{operations[i].invoked_us, false, i});
    events.push_back(Event{operations[i].completed_us, true, i});
  }
  std::sort(events.begin(), events.end(), [](const Event& a, const Event& b) {
    return std::tie(a.at_us, a.end, a.index) < std::tie(b.at_us, b.end, b.index);
  });
  HistoryChecker checker;
  std::vector<HistoryChecker::Id> ids(operations.size());
  for (const Event& event : events) {
    const Operation& operation = operations[event.index];
    if (!event.end) {
      ids[event.index] = checker.Begin(operation);
    } else {
      checker.End(ids[event.index], operation.completed_us, operation.answer);
    }
  }
  return checker.violations();
}

std::string Print(const Operations& operations) {
  std::string text;
  for (const Operation& operation : operations) text += FormatHistoryLine(operation);
  return text;
}

// Small histories on one key whose answers are guesses: some are possible, most are not.
class Guesses {
 public:
  Guesses(uint64_t seed, std::vector<Kind> kinds) : random_(seed), kinds_(std::move(kinds)) {}

  Operations Make(size_t count, bool counter) {
    Operations operations;
    values_ = {counter ? "0" : "v0"};
    for (size_t i = 0; i < count; ++i) operations.push_back(MakeOne(static_cast<int>(i), counter));
    for (Operation& operation : operations) Answer(&operation, counter);
    return operations;
  }

 private:
  uint64_t Below(uint64_t bound) { return random_() % bound; }

  Operation MakeOne(int index, bool counter) {
    Operation operation;
    operation.client = index;
    operation.key = "k";
    operation.kind = index == 0 ? Kind::kSet : kinds_[Below(kinds_.size())];
    operation.invoked_us = index == 0 ? 0 : static_cast<int64_t>(2 + Below(24));
    operation.completed_us = operation.invoked_us + static_cast<int64_t>(Below(10));
    if (index == 0) operation.completed_us = 1;
    if (IsWrite(operation.kind)) {
      operation.value = counter ? "0" : absl::StrCat("v", index);
      values_.push_back(operation.value);
    }
    if (operation.kind == Kind::kIncr) operation.delta = 1;
    return operation;
  }

  void Answer(Operation* operation, bool counter) {
    history::Answer& answer = operation->answer;
    const bool defines = counter && operation->client == 0;
    answer.outcome = Below(8) == 0 && !defines ? Outcome::kUnknown : Outcome::kOk;
    if (answer.outcome == Outcome::kUnknown || operation->kind == Kind::kSet) return;
    if (Below(kinds_.size() > 2 ? 3 : 100) == 0) answer.outcome = Outcome::kNot;
    if (answer.outcome != Outcome::kOk) return;
    if (operation->kind == Kind::kIncr) answer.number = 1 + Below(3);
    if (operation->kind != Kind::kGet) return;
    answer.value = counter ? absl::StrCat(Below(4)) : values_[Below(values_.size())];
  }

  std::mt19937_64 random_;
  const std::vector<Kind> kinds_;
  std::vector<std::string> values_;
};

struct Tally {
  int possible = 0;
  int impossible = 0;
  int found = 0;
};

Tally Compare(Guesses guesses, int rounds, bool counter) {
  Tally tally;
  for (int round = 0; round < rounds; ++round) {
    const Operations operations = guesses.Make(4 + static_cast<size_t>(round) % 4, counter);
    const bool possible = OrderSearch(operations).Possible();
    const std::vector<std::string> violations = Judge(operations);
    EXPECT_TRUE(violations.empty() || !possible) << violations.front() << "\n" << Print(operations);
    ++(possible ? tally.possible : tally.impossible);
    if (!possible && !violations.empty()) ++tally.found;
  }
  return tally;
}

constexpr int kRounds = 10'000;

TEST(CheckerOrders, SetsAndGetsAreJudgedExactly) {
  const Tally tally = Compare(Guesses(1, {Kind::kSet, Kind::kGet}), kRounds, false);
  EXPECT_GT(tally.possible, kRounds / 20);
  EXPECT_GT(tally.impossible, kRounds / 20);
  EXPECT_EQ(tally.found, tally.impossible);
}

TEST(CheckerOrders, AllCommandsAreNeverBlamedWrongly) {
  const Tally tally = Compare(
      Guesses(2, {Kind::kSet, Kind::kGet, Kind::kGet, Kind::kDelete, Kind::kAdd, Kind::kReplace}),
      kRounds, false);
  EXPECT_GT(tally.possible, kRounds / 20);
  EXPECT_GT(tally.found, tally.impossible * 9 / 10);
}

TEST(CheckerOrders, CountersAreNeverBlamedWrongly) {
  const Tally tally = Compare(
      Guesses(3, {Kind::kIncr, Kind::kGet, Kind::kIncr, Kind::kGet, Kind::kDelete, Kind::kAdd}),
      kRounds, true);
  EXPECT_GT(tally.possible, kRounds / 20);
  EXPECT_GT(tally.found, tally.impossible * 3 / 4);
}

TEST(CheckerOrders, IncrementsAloneAreJudgedNearlyExactly) {
  const Tally tally = Compare(Guesses(4, {Kind::kIncr, Kind::kGet}), kRounds, true);
  EXPECT_GT(tally.possible, kRounds / 20);
  EXPECT_GT(tally.found, tally.impossible * 95 / 100);
}

}  // namespace
}  // namespace twincached::history
