#include "tests/history/key_values.h"

#include "tests/history/judge.h"

namespace twincached::history {
namespace {

TEST(KeyValues, AcceptsReadsOfTheNewestValue) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      20 30 2 get k ok value=a
      40 50 1 set k value=b ok
      60 70 2 get k ok value=b
      80 90 3 get k ok value=b)"),
              FindsNothing());
}

TEST(KeyValues, FindsAReadOfWhatWasOverwritten) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      20 30 1 set k value=b ok
      40 50 2 get k ok value=a)"),
              Finds("key \"k\": stale value \"a\": get [40, 50] by client 2: \"a\", but \"b\" had "
                    "come after it, shown by set \"b\" [20, 30] by client 1: ok; it was written "
                    "by set \"a\" [0, 10] by client 1: ok"));
}

TEST(KeyValues, TouchingTimesAreConcurrent) {
  // The read begins when the overwriting set ends.
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      20 30 1 set k value=b ok
      30 50 2 get k ok value=a)"),
              FindsNothing());
  // The second set begins when the first one ends.
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      10 20 2 set k value=b ok
      30 40 2 get k ok value=a)"),
              FindsNothing());
}

TEST(KeyValues, OneMicrosecondApartIsInOrder) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      20 30 1 set k value=b ok
      31 50 2 get k ok value=a)"),
              Finds("stale value"));
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      11 20 2 set k value=b ok
      30 40 2 get k ok value=a)"),
              Finds("stale value"));
}

TEST(KeyValues, ConcurrentWritesMayLandInEitherOrder) {
  EXPECT_THAT(Judge(R"(
      0 20 1 set k value=a ok
      10 30 2 set k value=b ok
      40 50 3 get k ok value=a
      60 70 3 get k ok value=a)"),
              FindsNothing());
  EXPECT_THAT(Judge(R"(
      0 20 1 set k value=a ok
      10 30 2 set k value=b ok
      40 50 3 get k ok value=b)"),
              FindsNothing());
}

TEST(KeyValues, ReadsDecideTheOrderOfConcurrentWrites) {
  EXPECT_THAT(Judge(R"(
      0 20 1 set k value=a ok
      10 30 2 set k value=b ok
      40 50 3 get k ok value=a
      60 70 3 get k ok value=b)"),
              Finds("stale value \"b\""));
}

TEST(KeyValues, AReadBesideTheWriteMayShowEither) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      20 60 1 set k value=b ok
      30 40 2 get k ok value=a
      35 45 3 get k ok value=b)"),
              FindsNothing());
}

TEST(KeyValues, ReadsNeverGoBackWhileTheWriteIsUnderWay) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      20 90 1 set k value=b ok
      30 40 2 get k ok value=b
      50 60 3 get k ok value=a)"),
              Finds("stale value \"a\""));
}

TEST(KeyValues, AnUnknownWriteMayLandAtAnyLaterTime) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a unknown
      20 30 2 set k value=b ok
      40 50 2 get k ok value=b
      60 70 2 get k ok value=a)"),
              FindsNothing());
}

TEST(KeyValues, AnUnknownWriteLandsAtMostOnce) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a unknown
      12 15 2 get k ok value=a
      20 30 2 set k value=b ok
      40 50 2 get k ok value=b
      60 70 2 get k ok value=a)"),
              Finds("stale value \"a\""));
}

TEST(KeyValues, AnUnknownWriteThatNobodySawChangesNothing) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      20 30 2 set k value=b unknown
      40 50 3 get k ok value=a
      60 70 3 get k ok value=a)"),
              FindsNothing());
}

TEST(KeyValues, ASettledUnknownWriteCannotLandLater) {
  const std::string history = R"(
      0 10 1 set k value=a unknown
      20 30 2 set k value=b ok
      settled 40
      50 60 2 set k value=c ok
      70 80 2 get k ok value=)";
  EXPECT_THAT(Judge(history + "a"), Finds("stale value \"a\""));
  EXPECT_THAT(Judge(history + "b"), Finds("stale value \"b\""));
  EXPECT_THAT(Judge(history + "c"), FindsNothing());
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a unknown
      20 30 2 set k value=b ok
      settled 40
      70 80 2 get k ok value=a
      90 99 2 get k ok value=a)"),
              FindsNothing());
}

TEST(KeyValues, FindsAValueThatNobodyWrote) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      20 30 2 get k ok value=b)"),
              Finds("value that nobody wrote"));
  EXPECT_THAT(Judge(R"(
      0 10 1 set other value=a ok
      20 30 2 get k ok value=a)"),
              Finds("item that nobody wrote"));
}

TEST(KeyValues, FindsAReadOfAWriteThatHadNotBegun) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      20 30 2 get k ok value=b
      40 50 1 set k value=b ok)"),
              Finds("value that nobody wrote"));
}

TEST(KeyValues, FindsAReadOfARefusedWrite) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      20 30 1 add k value=b not
      40 50 2 get k ok value=b)"),
              Finds("refused write is read"));
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      20 90 1 set k value=b failed
      40 50 2 get k ok value=b)"),
              Finds("refused write was read: set \"b\""));
}

TEST(KeyValues, FindsAValueThatComesBackAfterADelete) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      20 30 1 delete k ok
      40 50 2 get k ok value=a)"),
              Finds("resurrection of \"a\""));
}

TEST(KeyValues, ADeleteBesideTheWriteMayComeFirst) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      20 40 1 delete k ok
      30 50 2 set k value=b ok
      60 70 3 get k ok value=b)"),
              FindsNothing());
}

TEST(KeyValues, FindsAValueThatComesBackAfterAMiss) {
  // The miss itself is excused by the delete whose outcome is unknown.
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      20 30 1 delete k unknown
      40 50 2 get k not
      60 70 2 get k ok value=a)"),
              Finds("resurrection of \"a\""));
}

TEST(KeyValues, FindsTheOldValueLongAfterItsOverwriting) {
  CheckerOptions options;
  options.retention_us = 100;
  std::string history = "0 10 1 set k value=a ok\n20 30 1 set k value=b ok\n";
  for (int time = 1000; time < 3000; time += 20) {
    history += absl::StrCat(time, " ", time + 10, " 1 set k value=v", time, " ok\n");
  }
  EXPECT_THAT(Judge(history + "4000 4010 2 get k ok value=v2980", options), FindsNothing());
  EXPECT_THAT(Judge(history + "4000 4010 2 get k ok value=v2960", options),
              Finds("had come after it, shown by"));
  EXPECT_THAT(Judge(history + "4000 4010 2 get k ok value=a", options),
              Finds("value that nobody wrote, or that was overwritten long ago"));
}

TEST(KeyValues, AStaleReadProvesNothing) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      20 30 1 set k value=b ok
      40 50 2 get k ok value=a
      60 70 2 get k ok value=b)"),
              Finds("stale value \"a\""));
}

TEST(KeyValues, AReadThatBeganEarlierThanTheOverwritingIsFine) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      15 95 3 get k ok value=a
      20 30 1 set k value=b ok
      40 50 1 set k value=c ok
      60 70 2 get k ok value=c)"),
              FindsNothing());
}

TEST(KeyValues, AValueIsInForceOnceOnly) {
  // b is seen, then c, then b again, all while the sets are under way.
  EXPECT_THAT(Judge(R"(
      0 100 1 set k value=b ok
      1 100 2 set k value=c ok
      10 20 3 get k ok value=b
      30 40 3 get k ok value=c
      50 60 3 get k ok value=b)"),
              Finds("stale value \"b\""));
}

TEST(KeyValues, ReplaceAndCasWriteAsSetDoes) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      20 30 1 replace k value=b ok
      40 50 1 gets k ok value=b id=7
      60 70 1 cas k value=c id=7 ok
      80 90 1 get k ok value=c)"),
              FindsNothing());
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      20 30 1 replace k value=b ok
      40 50 1 get k ok value=a)"),
              Finds("stale value \"a\""));
}

TEST(KeyValues, FindsOneWriteWithTwoIds) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      20 30 2 gets k ok value=a id=7
      40 50 2 gets k ok value=a id=8)"),
              Finds("value with two cas ids, so its write took effect twice"));
}

}  // namespace
}  // namespace twincached::history
