#include "tests/history/presence.h"

#include "tests/history/judge.h"

namespace twincached::history {
namespace {

TEST(Presence, FindsAMissOfAnAcknowledgedWrite) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      20 30 2 get k not)"),
              Finds("key \"k\": lost write: get [20, 30] by client 2: not, but the item was "
                    "there, shown by set \"a\" [0, 10] by client 1: ok, and nothing can have "
                    "removed it since"));
}

TEST(Presence, AMissBesideTheWriteMayComeFirst) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      10 30 2 get k not)"),
              FindsNothing());
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a unknown
      20 30 2 get k not)"),
              FindsNothing());
}

TEST(Presence, AReadProvesTheItemAsAWriteDoes) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a unknown
      20 30 2 get k ok value=a
      40 50 2 get k not)"),
              Finds("lost write"));
}

TEST(Presence, ADeleteExplainsAMiss) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      20 30 1 delete k ok
      40 50 2 get k not)"),
              FindsNothing());
  // Beside the miss, and unknown.
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      20 60 1 delete k ok
      40 50 2 get k not)"),
              FindsNothing());
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      20 30 1 delete k unknown
      400 500 2 get k not)"),
              FindsNothing());
}

TEST(Presence, ADeleteThatEndedBeforeTheItemWasThereExplainsNothing) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      20 30 1 delete k ok
      31 40 1 set k value=b ok
      50 60 2 get k not)"),
              Finds("lost write"));
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      20 30 1 delete k ok
      30 40 1 set k value=b ok
      50 60 2 get k not)"),
              FindsNothing());
  // A read shows that the delete came before the write beside it.
  EXPECT_THAT(Judge(R"(
      0 40 1 set k value=a ok
      0 30 2 delete k ok
      50 60 2 get k ok value=a
      70 80 2 get k not)"),
              Finds("lost write"));
}

TEST(Presence, ADeleteThatBeganAfterTheMissExplainsNothing) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      20 30 2 get k not
      40 50 1 delete k ok)"),
              ::testing::Contains(::testing::HasSubstr("lost write: get")));
}

TEST(Presence, AnUnknownDeleteTakesEffectOnce) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      20 30 1 delete k unknown
      40 50 2 get k not
      60 70 1 set k value=b ok
      80 90 2 get k not)"),
              Finds("lost write: get [80, 90]"));
  // With two of them each explains one miss.
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      20 30 1 delete k unknown
      20 30 2 delete k unknown
      40 50 2 get k not
      60 70 1 set k value=b ok
      80 90 2 get k not)"),
              FindsNothing());
}

TEST(Presence, ADeleteThatEndsLateMayHaveTakenEffectEarly) {
  // The add shows that the long delete came before it; the short one removed what was added.
  EXPECT_THAT(Judge(R"(
      0 9 1 set k value=a ok
      10 60 2 delete k ok
      20 30 1 add k value=b ok
      40 50 1 delete k ok
      70 80 3 get k not)"),
              FindsNothing());
}

TEST(Presence, ARefusedDeleteExplainsNothing) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      20 30 1 delete k failed
      40 50 2 get k not)"),
              Finds("lost write"));
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      20 30 1 delete k not)"),
              Finds("lost write: delete"));
}

TEST(Presence, ASettledDeleteExplainsNothingLater) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      20 30 1 delete k unknown
      settled 40
      50 60 2 get k ok value=a
      70 80 2 get k not)"),
              Finds("lost write"));
}

TEST(Presence, AnswersOfNothingFoundAreMisses) {
  for (const char* answer : {"add k value=b ok", "replace k value=b not", "delete k not",
                             "cas k value=b id=1 not", "touch k not"}) {
    EXPECT_THAT(Judge(absl::StrCat("0 10 1 set k value=a ok\n20 30 2 ", answer)),
                Finds("lost write"))
        << answer;
    EXPECT_THAT(Judge(absl::StrCat("0 20 1 set k value=a ok\n20 30 2 ", answer)), FindsNothing())
        << answer;
  }
  EXPECT_THAT(Judge("0 10 1 set k value=1 ok\n20 30 2 incr k delta=1 not"), Finds("lost write"));
}

TEST(Presence, AnswersOfSomethingFoundAreHits) {
  for (const char* answer : {"add k value=b not", "replace k value=b ok", "delete k ok",
                             "cas k value=b id=1 exists", "touch k ok", "cas k value=b id=1 ok"}) {
    EXPECT_THAT(Judge(absl::StrCat("20 30 2 ", answer)), Finds("that nobody wrote")) << answer;
    EXPECT_THAT(Judge(absl::StrCat("0 10 1 set k value=a ok\n"
                                   "11 19 1 delete k ok\n20 30 2 ",
                                   answer)),
                Finds("resurrection"))
        << answer;
    EXPECT_THAT(Judge(absl::StrCat("0 10 1 set k value=a ok\n"
                                   "11 20 1 delete k ok\n20 30 2 ",
                                   answer)),
                FindsNothing())
        << answer;
    EXPECT_THAT(Judge(absl::StrCat("0 10 1 set k value=a unknown\n"
                                   "11 19 1 get k not\n20 30 2 ",
                                   answer)),
                FindsNothing())
        << answer;
  }
}

TEST(Presence, AnAddThatIsStoredProvesBoth) {
  EXPECT_THAT(Judge(R"(
      0 10 1 add k value=a ok
      20 30 2 add k value=b ok)"),
              Finds("lost write: add \"b\""));
  EXPECT_THAT(Judge(R"(
      0 10 1 add k value=a ok
      5 30 2 add k value=b ok)"),
              FindsNothing());
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      12 15 1 delete k ok
      20 30 2 add k value=b ok
      40 50 2 get k ok value=b)"),
              FindsNothing());
}

TEST(Presence, EvictionsExcuseMissesOnly) {
  EXPECT_THAT(Judge(R"(
      evictions
      0 10 1 set k value=a ok
      20 30 2 get k not
      40 50 1 set k value=b ok
      60 70 2 get k ok value=b)"),
              FindsNothing());
  EXPECT_THAT(Judge(R"(
      evictions
      0 10 1 set k value=a ok
      20 30 2 get k not
      40 50 2 get k ok value=a)"),
              Finds("resurrection of \"a\""));
}

TEST(Presence, AWipeExcusesAMissOfWhatWasWrittenBefore) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      wipe 20 20
      30 40 2 get k not)"),
              FindsNothing());
  // Under way while it happened.
  EXPECT_THAT(Judge(R"(
      15 25 1 set k value=a ok
      wipe 20 20
      30 40 2 get k not)"),
              FindsNothing());
  EXPECT_THAT(Judge(R"(
      wipe 20 20
      21 25 1 set k value=a ok
      30 40 2 get k not)"),
              Finds("lost write"));
}

TEST(Presence, WhatSurvivedAWipeIsNotLostLater) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      wipe 20 22
      30 40 2 get k ok value=a
      50 60 2 get k ok value=a)"),
              FindsNothing());
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      wipe 20 22
      30 40 2 get k ok value=a
      50 60 2 get k not)"),
              Finds("lost write"));
}

TEST(Presence, AWipeExcusesNoOldValue) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      wipe 20 20
      30 40 2 get k not
      50 60 2 get k ok value=a)"),
              Finds("resurrection of \"a\""));
  EXPECT_THAT(Judge(R"(
      0 5 1 set k value=a ok
      6 10 1 set k value=b ok
      wipe 20 20
      30 40 2 get k ok value=a)"),
              Finds("stale value \"a\""));
}

}  // namespace
}  // namespace twincached::history
