#include "tests/history/checker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace twincached::history {
namespace {

Operation Make(Kind kind, const std::string& key, int64_t invoked_us) {
  Operation operation;
  operation.kind = kind;
  operation.key = key;
  operation.invoked_us = invoked_us;
  if (IsWrite(kind)) operation.value = absl::StrCat("v", invoked_us);
  return operation;
}

Answer Ok(const std::string& value = "") {
  Answer answer;
  answer.outcome = Outcome::kOk;
  answer.value = value;
  return answer;
}

Answer Not() {
  Answer answer;
  answer.outcome = Outcome::kNot;
  return answer;
}

TEST(Checker, SaysAtOnceWhetherAnAnswerIsRight) {
  HistoryChecker checker;
  const auto set = checker.Begin(Make(Kind::kSet, "k", 0));
  EXPECT_TRUE(checker.End(set, 10, Ok()));
  const auto hit = checker.Begin(Make(Kind::kGet, "k", 20));
  const auto miss = checker.Begin(Make(Kind::kGet, "k", 20));
  EXPECT_TRUE(checker.End(hit, 30, Ok("v0")));
  EXPECT_FALSE(checker.End(miss, 30, Not()));
  EXPECT_THAT(checker.violations(), ::testing::ElementsAre(::testing::HasSubstr("lost write")));
}

TEST(Checker, KnowsWhatIsUnderWay) {
  HistoryChecker checker;
  const auto set = checker.Begin(Make(Kind::kSet, "k", 0));
  const auto hit = checker.Begin(Make(Kind::kGet, "k", 5));
  EXPECT_TRUE(checker.End(hit, 10, Ok("v0")));
  EXPECT_TRUE(checker.End(set, 20, Ok()));
  checker.Begin(Make(Kind::kDelete, "k", 30));  // Never ends.
  const auto miss = checker.Begin(Make(Kind::kGet, "k", 900));
  EXPECT_TRUE(checker.End(miss, 910, Not()));
}

TEST(Checker, AnEndAndABeginAtOneTimeMayComeInAnyOrder) {
  HistoryChecker checker;
  const auto set = checker.Begin(Make(Kind::kSet, "k", 0));
  EXPECT_TRUE(checker.End(set, 10, Ok()));
  const auto next = checker.Begin(Make(Kind::kSet, "k", 10));
  EXPECT_TRUE(checker.End(next, 10, Ok()));
  const auto hit = checker.Begin(Make(Kind::kGet, "k", 10));
  EXPECT_TRUE(checker.End(hit, 10, Ok("v0")));
}

TEST(Checker, KeysAreApart) {
  HistoryChecker checker;
  const auto set = checker.Begin(Make(Kind::kSet, "k", 0));
  EXPECT_TRUE(checker.End(set, 10, Ok()));
  const auto miss = checker.Begin(Make(Kind::kGet, "l", 20));
  EXPECT_TRUE(checker.End(miss, 30, Not()));
}

TEST(Checker, Counts) {
  HistoryChecker checker;
  checker.End(checker.Begin(Make(Kind::kSet, "k", 0)), 10, Ok());
  checker.End(checker.Begin(Make(Kind::kGet, "k", 20)), 30, Ok("v0"));
  checker.End(checker.Begin(Make(Kind::kGet, "l", 40)), 50, Not());
  checker.End(checker.Begin(Make(Kind::kGet, "k", 60)), 70, Not());
  checker.End(checker.Begin(Make(Kind::kAdd, "k", 80)), 90, Not());
  checker.End(checker.Begin(Make(Kind::kDelete, "k", 100)), 110, Answer());
  checker.End(checker.Begin(Make(Kind::kFlush, "", 120)), 130, Ok());
  checker.Begin(Make(Kind::kGet, "k", 140));
  const Totals totals = checker.totals();
  EXPECT_EQ(totals.operations, 7u);
  EXPECT_EQ(totals.keys, 2u);
  EXPECT_EQ(totals.writes_acknowledged, 2u);
  EXPECT_EQ(totals.reads, 3u);
  EXPECT_EQ(totals.unknown, 1u);
  EXPECT_EQ(totals.violations, 1u);
}

TEST(Checker, KeepsABoundedNumberOfSentences) {
  CheckerOptions options;
  options.violations_max = 3;
  HistoryChecker checker(options);
  checker.End(checker.Begin(Make(Kind::kSet, "k", 0)), 10, Ok());
  for (int i = 0; i < 10; ++i) {
    checker.End(checker.Begin(Make(Kind::kGet, "k", 20 + i)), 20 + i, Not());
  }
  EXPECT_EQ(checker.violations().size(), 3u);
  EXPECT_EQ(checker.totals().violations, 10u);
}

TEST(Checker, SaysTheSameEachTime) {
  auto run = [] {
    HistoryChecker checker;
    for (int i = 0; i < 50; ++i) {
      const std::string key = absl::StrCat("key", i);
      checker.End(checker.Begin(Make(Kind::kSet, key, i * 10)), i * 10 + 5, Ok());
    }
    for (int i = 0; i < 50; ++i) {
      const std::string key = absl::StrCat("key", i * 7 % 50);
      checker.End(checker.Begin(Make(Kind::kGet, key, 1000 + i)), 1000 + i, Not());
    }
    return checker.violations();
  };
  EXPECT_EQ(run().size(), 50u);
  EXPECT_EQ(run(), run());
}

}  // namespace
}  // namespace twincached::history
