#include "tests/history/key_counter.h"

#include "tests/history/judge.h"

namespace twincached::history {
namespace {

TEST(KeyCounter, AcceptsIncrementsOneAfterTheOther) {
  EXPECT_THAT(Judge(R"(
      0 10 1 add c value=5 ok
      20 30 1 incr c delta=1 ok number=6
      40 50 2 incr c delta=10 ok number=16
      60 70 3 get c ok value=16
      80 90 3 incr c delta=1 ok number=17)"),
              FindsNothing());
}

TEST(KeyCounter, AcceptsConcurrentIncrementsInAnyOrder) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set c value=0 ok
      20 50 1 incr c delta=1 ok number=2
      25 40 2 incr c delta=1 ok number=1
      30 35 3 get c ok value=2
      60 70 3 get c ok value=2)"),
              FindsNothing());
}

TEST(KeyCounter, FindsAnIncrementExecutedTwice) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set c value=0 ok
      20 30 1 incr c delta=1 ok number=1
      40 50 2 incr c delta=1 ok number=3)"),
              Finds("key \"c\": duplicated increment: incr by 1 [40, 50] by client 2: 3, but all "
                    "that began by 50 come to no more than 2, from 0, given by set \"0\""));
  EXPECT_THAT(Judge(R"(
      0 10 1 set c value=0 ok
      20 30 1 incr c delta=7 ok number=14)"),
              Finds("duplicated increment"));
  EXPECT_THAT(Judge(R"(
      0 10 1 set c value=0 ok
      20 30 1 incr c delta=1 ok number=1
      40 50 2 get c ok value=2)"),
              Finds("duplicated increment: get"));
}

TEST(KeyCounter, AnUnknownIncrementExplainsOneStepOnly) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set c value=0 ok
      20 30 1 incr c delta=1 unknown
      40 50 2 incr c delta=1 ok number=2)"),
              FindsNothing());
  EXPECT_THAT(Judge(R"(
      0 10 1 set c value=0 ok
      20 30 1 incr c delta=1 unknown
      40 50 2 incr c delta=1 ok number=1
      900 950 2 incr c delta=1 ok number=3)"),
              FindsNothing());
  EXPECT_THAT(Judge(R"(
      0 10 1 set c value=0 ok
      20 30 1 incr c delta=1 unknown
      40 50 2 incr c delta=1 ok number=3)"),
              Finds("duplicated increment"));
}

TEST(KeyCounter, AnIncrementUnderWayExplainsItsStep) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set c value=0 ok
      20 90 1 incr c delta=1 ok number=1
      40 50 2 incr c delta=1 ok number=2)"),
              FindsNothing());
  // It ends with another number, so the step at 40 stays unexplained.
  EXPECT_THAT(Judge(R"(
      0 10 1 set c value=0 ok
      20 90 1 incr c delta=1 ok number=3
      40 50 2 incr c delta=1 ok number=2)"),
              Finds("duplicated increment"));
}

TEST(KeyCounter, ARefusedIncrementExplainsNothing) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set c value=0 ok
      20 30 1 incr c delta=1 failed
      40 50 2 incr c delta=1 ok number=2)"),
              Finds("duplicated increment"));
}

TEST(KeyCounter, FindsALostIncrement) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set c value=0 ok
      20 30 1 incr c delta=1 ok number=1
      40 50 2 get c ok value=0)"),
              Finds("lost increment"));
  EXPECT_THAT(Judge(R"(
      0 10 1 set c value=0 ok
      20 30 1 incr c delta=1 ok number=1
      40 50 2 incr c delta=1 ok number=1)"),
              Finds("lost increment: incr by 1 [40, 50]"));
}

TEST(KeyCounter, AReadBesideTheIncrementMayShowEither) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set c value=0 ok
      20 30 1 incr c delta=1 ok number=1
      30 50 2 get c ok value=0)"),
              FindsNothing());
  EXPECT_THAT(Judge(R"(
      0 10 1 set c value=0 ok
      20 30 1 incr c delta=1 ok number=1
      31 50 2 get c ok value=0)"),
              Finds("lost increment"));
}

TEST(KeyCounter, FindsTwoIncrementsWithOneResult) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set c value=0 ok
      20 50 1 incr c delta=1 ok number=1
      25 40 2 incr c delta=1 ok number=1)"),
              Finds("numbers that exclude each other"));
  EXPECT_THAT(Judge(R"(
      0 10 1 set c value=0 ok
      20 50 1 incr c delta=5 ok number=7
      25 40 2 incr c delta=5 ok number=5
      28 60 3 incr c delta=5 unknown)"),
              Finds("numbers that exclude each other"));
}

TEST(KeyCounter, FindsANumberThatAnIncrementPassedOver) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set c value=0 ok
      20 50 1 incr c delta=5 ok number=5
      20 60 2 incr c delta=2 unknown
      25 55 3 get c ok value=2)"),
              Finds("numbers that exclude each other"));
}

TEST(KeyCounter, FindsANumberThatFell) {
  // Nothing is certain to have been added: the unknown increment was seen.
  EXPECT_THAT(Judge(R"(
      0 10 1 set c value=0 ok
      20 30 1 incr c delta=1 unknown
      40 50 2 get c ok value=1
      60 70 3 get c ok value=0)"),
              Finds("counter fell"));
  EXPECT_THAT(Judge(R"(
      0 10 1 set c value=0 ok
      20 30 1 incr c delta=1 unknown
      40 50 2 get c ok value=1
      60 70 3 incr c delta=1 ok number=1)"),
              Finds("counter fell"));
}

TEST(KeyCounter, FindsWhatIsNoNumber) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set c value=0 ok
      20 30 2 get c ok value=zero)"),
              Finds("counter shows what nobody wrote"));
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=zero ok
      20 30 2 incr k delta=1 ok number=1)"),
              Finds("number of a value that is none"));
}

TEST(KeyCounter, AcceptsDecrements) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set c value=10 ok
      20 30 1 decr c delta=1 ok number=9
      32 35 2 get c ok value=9%20
      40 50 2 incr c delta=5 ok number=14
      60 70 3 decr c delta=100 ok number=0
      80 90 3 get c ok value=0)"),
              FindsNothing());
}

TEST(KeyCounter, FindsADecrementExecutedTwice) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set c value=10 ok
      20 30 1 decr c delta=1 ok number=9
      40 50 2 decr c delta=1 ok number=7)"),
              Finds("lost increment"));
}

TEST(KeyCounter, FindsALostDecrement) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set c value=10 ok
      20 30 1 decr c delta=1 ok number=9
      40 50 2 get c ok value=10)"),
              Finds("duplicated increment"));
}

TEST(KeyCounter, AWriteBeginsACounterAnew) {
  const std::string twice = R"(
      0 10 1 set c value=0 ok
      20 30 1 incr c delta=1 ok number=1
      40 50 1 set c value=100 ok
      60 70 1 incr c delta=1 ok number=)";
  EXPECT_THAT(Judge(twice + "101"), FindsNothing());
  EXPECT_THAT(Judge(twice + "102"), Finds("duplicated increment"));
  EXPECT_THAT(Judge(twice + "2"), Finds("lost increment"));
}

TEST(KeyCounter, ADeletedCounterMayBeAddedAgain) {
  EXPECT_THAT(Judge(R"(
      0 10 1 add c value=0 ok
      20 30 1 incr c delta=1 ok number=1
      40 50 1 delete c ok
      60 70 1 add c value=0 ok
      80 90 1 incr c delta=1 ok number=1)"),
              FindsNothing());
  EXPECT_THAT(Judge(R"(
      0 10 1 add c value=0 ok
      40 50 1 delete c ok
      60 70 1 incr c delta=1 ok number=1)"),
              Finds("resurrection"));
}

TEST(KeyCounter, IncrementsBesideItsWriteMayCountOrNot) {
  for (const char* number : {"0", "1", "2"}) {
    EXPECT_THAT(Judge(absl::StrCat(R"(
        0 10 1 set c value=0 ok
        12 20 2 incr c delta=1 ok number=1
        15 30 1 set c value=0 ok
        25 40 2 incr c delta=1 ok number=1
        50 60 2 get c ok value=)",
                                   number)),
                FindsNothing());
  }
  EXPECT_THAT(Judge(R"(
      0 10 1 set c value=0 ok
      12 14 2 incr c delta=1 ok number=1
      15 30 1 set c value=0 ok
      25 40 2 incr c delta=1 ok number=1
      50 60 2 get c ok value=2)"),
              Finds("duplicated increment"));
}

TEST(KeyCounter, AnUnknownIncrementMayLandInTheNextLife) {
  const std::string history = R"(
      0 10 1 set c value=0 ok
      12 20 2 incr c delta=1 unknown
  )";
  const std::string after = R"(
      50 60 1 set c value=0 ok
      70 80 2 get c ok value=1
  )";
  EXPECT_THAT(Judge(history + after), FindsNothing());
  EXPECT_THAT(Judge(history + "settled 40\n" + after), Finds("duplicated increment"));
}

TEST(KeyCounter, AnUnknownWriteSuspendsTheRulesUntilItIsSettled) {
  const std::string history = R"(
      0 10 1 set c value=0 ok
      12 20 2 set c value=50 unknown
      30 40 1 incr c delta=1 ok number=51
      50 60 1 incr c delta=1 ok number=2
  )";
  EXPECT_THAT(Judge(history), FindsNothing());
  EXPECT_THAT(Judge(history + "70 80 1 set c value=0 ok\n90 95 1 get c ok value=50"),
              FindsNothing());
  EXPECT_THAT(Judge(history + "settled 65\n70 80 1 set c value=0 ok\n90 95 1 get c ok value=50"),
              Finds("duplicated increment"));
}

TEST(KeyCounter, ARefusedWriteDoesNotSuspendTheRules) {
  EXPECT_THAT(Judge(R"(
      0 10 1 add c value=0 ok
      15 45 2 add c value=0 not
      20 30 1 incr c delta=1 ok number=1
      50 60 1 get c ok value=1
      70 80 1 get c ok value=2)"),
              Finds("duplicated increment"));
}

TEST(KeyCounter, ManyIncrementsAreForgottenInTime) {
  std::string history = "0 10 1 set c value=0 ok\n";
  for (int i = 1; i <= 500; ++i) {
    history += absl::StrCat(i * 20, " ", i * 20 + 10, " ", i % 3,
                            " incr c delta=2 ok number=", i * 2, "\n");
  }
  EXPECT_THAT(Judge(history + "20000 20010 1 get c ok value=1000"), FindsNothing());
  EXPECT_THAT(Judge(history + "20000 20010 1 get c ok value=998"), Finds("lost increment"));
  EXPECT_THAT(Judge(history + "20000 20010 1 get c ok value=1002"), Finds("duplicated increment"));
}

}  // namespace
}  // namespace twincached::history
