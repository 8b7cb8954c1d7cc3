#include "tests/history/flush_log.h"

#include "tests/history/judge.h"

namespace twincached::history {
namespace {

TEST(FlushLog, AFlushExplainsMissesOfAllKeys) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      0 10 2 set l value=b ok
      20 30 1 flush ok
      40 50 2 get k not
      60 70 2 get l not)"),
              FindsNothing());
}

TEST(FlushLog, AFlushThatEndedBeforeTheWriteExplainsNothing) {
  EXPECT_THAT(Judge(R"(
      0 10 1 flush ok
      11 20 1 set k value=a ok
      30 40 2 get k not)"),
              Finds("lost write"));
  EXPECT_THAT(Judge(R"(
      0 10 1 flush ok
      10 20 1 set k value=a ok
      30 40 2 get k not)"),
              FindsNothing());
}

TEST(FlushLog, FindsAValueThatComesBackAfterAFlush) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      11 20 1 flush ok
      21 40 2 get k ok value=a)"),
              Finds("resurrection of \"a\""));
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      11 20 1 flush ok
      21 40 2 add k value=b not)"),
              Finds("resurrection: add"));
}

TEST(FlushLog, ReadsAndWritesBesideAFlushMayComeBeforeOrAfter) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      11 20 1 flush ok
      20 40 2 get k ok value=a)"),
              FindsNothing());
  EXPECT_THAT(Judge(R"(
      0 11 1 set k value=a ok
      11 20 1 flush ok
      21 40 2 get k ok value=a)"),
              FindsNothing());
}

TEST(FlushLog, AnUnknownFlushExcusesMissesAndProvesNothing) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      20 30 1 flush unknown
      40 50 2 get k ok value=a
      60 70 2 get k not)"),
              FindsNothing());
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      20 30 1 flush unknown
      settled 35
      40 50 2 get k ok value=a
      60 70 2 get k not)"),
              Finds("lost write"));
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      20 30 1 flush failed
      40 50 2 get k not)"),
              Finds("lost write"));
}

TEST(FlushLog, ADelayedFlushExcusesMissesWhenItFires) {
  const std::string history = R"(
      0 10 1 set k value=a ok
      20 30 1 flush ttl=100 ok
  )";
  EXPECT_THAT(Judge(history + "40 119 2 get k not"), Finds("lost write"));
  EXPECT_THAT(Judge(history + "40 120 2 get k not"), FindsNothing());
  EXPECT_THAT(Judge(history + "200 210 2 get k not"), FindsNothing());
  EXPECT_THAT(Judge(history + "200 210 2 get k ok value=a"), FindsNothing());
  EXPECT_THAT(Judge(history + "131 140 2 set k value=b ok\n200 210 2 get k not"),
              Finds("lost write"));
  EXPECT_THAT(Judge(history + "130 140 2 set k value=b ok\n200 210 2 get k not"), FindsNothing());
}

TEST(FlushLog, TheSlackWidensADelay) {
  CheckerOptions options;
  options.expiry_slack_us = 15;
  const std::string history = R"(
      0 10 1 set k value=a ok
      20 30 1 flush ttl=100 ok
  )";
  EXPECT_THAT(Judge(history + "40 104 2 get k not", options), Finds("lost write"));
  EXPECT_THAT(Judge(history + "40 105 2 get k not", options), FindsNothing());
  EXPECT_THAT(Judge(history + "145 150 2 set k value=b ok\n200 210 2 get k not", options),
              FindsNothing());
  EXPECT_THAT(Judge(history + "146 150 2 set k value=b ok\n200 210 2 get k not", options),
              Finds("lost write"));
}

}  // namespace
}  // namespace twincached::history
