// Forks: what is allowed in one, what is not after it, and forks that are noticed late.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/history/checker.h"
#include "tests/history/judge.h"

namespace twincached::history {
namespace {

TEST(CheckerFork, ReadsInAForkProveNothingAndNeedNothing) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      fork 20 90
      30 40 1 set k value=b ok
      45 50 2 get k ok value=a
      52 54 1 get k ok value=b
      60 70 2 get k not
      95 99 2 get k ok value=a)"),
              FindsNothing());
}

TEST(CheckerFork, EitherSideMayWin) {
  const std::string history = R"(
      0 10 1 set k value=a ok
      fork 20 90
      30 40 1 set k value=b ok
      32 42 2 set k value=c ok
      45 50 2 get k ok value=c
      95 99 2 get k ok value=)";
  for (const char* value : {"a", "b", "c"}) {
    EXPECT_THAT(Judge(history + value), FindsNothing()) << value;
  }
}

TEST(CheckerFork, WhoHasWonDoesNotChange) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      fork 20 90
      30 40 1 set k value=b ok
      32 42 2 set k value=c ok
      95 99 2 get k ok value=c
      100 110 2 get k ok value=b)"),
              Finds("stale value \"b\""));
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      fork 20 90
      30 40 1 set k value=b ok
      95 99 2 get k ok value=b
      100 110 2 get k ok value=a)"),
              Finds("stale value \"a\""));
}

TEST(CheckerFork, NothingOfAForkComesBackAfterALaterWrite) {
  for (const char* value : {"a", "b"}) {
    EXPECT_THAT(Judge(absl::StrCat(R"(
        0 10 1 set k value=a ok
        fork 20 90
        30 40 1 set k value=b ok
        95 99 1 set k value=d ok
        100 110 2 get k ok value=)",
                                   value)),
                Finds("stale value"));
  }
}

TEST(CheckerFork, WhatWasOldBeforeTheForkStaysOld) {
  EXPECT_THAT(Judge(R"(
      0 5 1 set k value=a ok
      6 10 1 set k value=b ok
      fork 20 90
      30 40 1 set k value=c ok
      95 99 2 get k ok value=a)"),
              Finds("stale value \"a\""));
}

TEST(CheckerFork, AnItemOfBeforeIsNotLostByAFork) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      fork 20 90
      95 99 2 get k not)"),
              Finds("lost write"));
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      fork 20 90
      30 40 1 delete k ok
      95 99 2 get k not)"),
              FindsNothing());
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      fork 20 90
      30 40 1 delete k ok
      95 99 2 get k ok value=a
      100 110 2 get k not)"),
              Finds("lost write"));
}

TEST(CheckerFork, AnItemWrittenInAForkMayBeLost) {
  EXPECT_THAT(Judge(R"(
      fork 20 90
      30 40 1 set k value=a ok
      95 99 2 get k not)"),
              FindsNothing());
  EXPECT_THAT(Judge(R"(
      fork 20 90
      30 40 1 set k value=a ok
      95 99 2 get k ok value=a
      100 110 2 get k not)"),
              Finds("lost write"));
  EXPECT_THAT(Judge(R"(
      fork 20 90
      30 40 1 set k value=a ok
      95 99 2 get k not
      100 110 2 get k ok value=a)"),
              Finds("resurrection"));
}

TEST(CheckerFork, AFlushInAForkMayCountOrNot) {
  for (const char* answer : {"ok value=a", "not"}) {
    EXPECT_THAT(Judge(absl::StrCat(R"(
        0 10 1 set k value=a ok
        fork 20 90
        30 40 1 flush ok
        95 99 2 get k )",
                                   answer)),
                FindsNothing());
  }
}

TEST(CheckerFork, IncrementsInAForkMayBeLost) {
  const std::string history = R"(
      0 10 1 set c value=0 ok
      12 18 1 incr c delta=1 ok number=1
      fork 20 90
      30 40 1 incr c delta=1 ok number=2
      32 42 2 incr c delta=1 ok number=2
      95 99 2 get c ok value=)";
  for (const char* number : {"1", "2", "3"}) {
    EXPECT_THAT(Judge(history + number), FindsNothing()) << number;
  }
  EXPECT_THAT(Judge(history + "0"), Finds("lost increment"));
  EXPECT_THAT(Judge(history + "4"), Finds("duplicated increment"));
}

TEST(CheckerFork, IdsOfAForkDoNotCount) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      fork 20 90
      30 40 1 set k value=b ok
      30 40 2 set k value=c ok
      50 55 1 gets k ok value=b id=9
      50 55 2 gets k ok value=c id=9
      95 99 2 gets k ok value=b id=9
      100 110 2 cas k value=d id=9 ok)"),
              FindsNothing());
}

TEST(CheckerFork, ATouchInAForkMayBeLost) {
  const std::string history = R"(
      0 10 1 set k value=a ttl=100 ok
      fork 20 90
      30 40 1 touch k ttl=1000 ok
      200 210 2 get k )";
  EXPECT_THAT(Judge(history + "not"), FindsNothing());
  EXPECT_THAT(Judge(history + "ok value=a"), FindsNothing());
  // A later set ends the doubt.
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ttl=100 ok
      fork 20 90
      30 40 1 touch k ttl=1000 ok
      95 99 1 set k value=b ttl=10 ok
      200 210 2 get k ok value=b)"),
              Finds("expired item is there"));
}

// ---- Forks that are noticed late: the first node was alone for a while.

class LateFork : public ::testing::Test {
 protected:
  void Do(const std::string& text) {
    const absl::StatusOr<HistoryLine> line = ParseHistoryLine(text);
    ASSERT_TRUE(line.ok()) << line.status().message();
    const HistoryChecker::Id id = checker_.Begin(line->operation);
    checker_.End(id, line->operation.completed_us, line->operation.answer);
  }

  HistoryChecker checker_;
};

TEST_F(LateFork, TakesBackWhatWasProved) {
  Do("0 10 1 set k value=a ok");
  Do("30 40 1 set k value=b ok");
  Do("50 60 1 get k ok value=b");
  checker_.BeginFork(20);
  Do("70 80 2 get k ok value=a");
  checker_.EndFork(90);
  Do("95 99 2 get k ok value=a");
  EXPECT_THAT(checker_.violations(), FindsNothing());
  Do("100 110 2 get k ok value=b");
  EXPECT_THAT(checker_.violations(), Finds("stale value \"b\""));
}

TEST_F(LateFork, LeavesWhatWasProvedBefore) {
  Do("0 5 1 set k value=a ok");
  Do("6 10 1 set k value=b ok");
  Do("30 40 1 set k value=c ok");
  checker_.BeginFork(20);
  checker_.EndFork(90);
  Do("95 99 2 get k ok value=a");
  EXPECT_THAT(checker_.violations(), Finds("stale value \"a\""));
}

TEST_F(LateFork, TakesBackAMissAndADelete) {
  Do("0 10 1 set k value=a ok");
  Do("30 40 1 delete k ok");
  Do("50 60 1 get k not");
  checker_.BeginFork(20);
  checker_.EndFork(90);
  Do("95 99 2 get k ok value=a");
  Do("100 110 2 add k value=b not");
  EXPECT_THAT(checker_.violations(), FindsNothing());
}

TEST_F(LateFork, TakesBackABlame) {
  Do("0 10 1 set k value=a ok");
  Do("12 15 1 delete k unknown");
  Do("30 40 1 get k not");
  checker_.BeginFork(20);
  checker_.EndFork(90);
  Do("95 99 2 get k ok value=a");
  Do("100 110 2 get k not");
  EXPECT_THAT(checker_.violations(), FindsNothing());
}

TEST_F(LateFork, TakesBackIncrements) {
  Do("0 10 1 set c value=0 ok");
  Do("12 15 1 incr c delta=1 ok number=1");
  Do("30 40 1 incr c delta=1 ok number=2");
  Do("42 45 1 get c ok value=2");
  checker_.BeginFork(20);
  checker_.EndFork(90);
  Do("95 99 2 get c ok value=1");
  Do("100 110 2 incr c delta=1 ok number=2");
  EXPECT_THAT(checker_.violations(), FindsNothing());
  Do("120 130 2 get c ok value=1");
  EXPECT_THAT(checker_.violations(), Finds("lost increment"));
}

TEST_F(LateFork, TakesBackLivesAndIds) {
  Do("0 10 1 set k value=a ok");
  Do("11 12 1 gets k ok value=a id=5");
  Do("30 40 1 set k value=b ttl=10 ok");
  Do("42 45 1 gets k ok value=b id=6");
  checker_.BeginFork(20);
  checker_.EndFork(90);
  Do("95 99 2 gets k ok value=a id=5");
  Do("100 110 2 cas k value=c id=5 ok");
  EXPECT_THAT(checker_.violations(), FindsNothing());
}

TEST_F(LateFork, TakesBackAFlush) {
  Do("0 10 1 set k value=a ok");
  Do("30 40 1 flush ok");
  checker_.BeginFork(20);
  checker_.EndFork(90);
  Do("95 99 2 get k ok value=a");
  EXPECT_THAT(checker_.violations(), FindsNothing());
}

}  // namespace
}  // namespace twincached::history
