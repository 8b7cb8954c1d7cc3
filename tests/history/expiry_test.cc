#include "tests/history/expiry.h"

#include "tests/history/judge.h"

namespace twincached::history {
namespace {

CheckerOptions Slack(int64_t slack_us) {
  CheckerOptions options;
  options.expiry_slack_us = slack_us;
  return options;
}

TEST(Expiry, AMissIsExcusedFromTheEarliestEndOn) {
  const std::string set = "0 10 1 set k value=a ttl=100 ok\n";
  EXPECT_THAT(Judge(set + "20 99 2 get k not"), Finds("lost write"));
  EXPECT_THAT(Judge(set + "20 100 2 get k not"), FindsNothing());
  EXPECT_THAT(Judge(set + "20 94 2 get k not", Slack(5)), Finds("lost write"));
  EXPECT_THAT(Judge(set + "20 95 2 get k not", Slack(5)), FindsNothing());
}

TEST(Expiry, AHitIsWrongAfterTheLatestEnd) {
  const std::string set = "0 10 1 set k value=a ttl=100 ok\n";
  EXPECT_THAT(Judge(set + "110 120 2 get k ok value=a"), FindsNothing());
  EXPECT_THAT(Judge(set + "111 120 2 get k ok value=a"), Finds("expired item is there: get"));
  EXPECT_THAT(Judge(set + "115 120 2 get k ok value=a", Slack(5)), FindsNothing());
  EXPECT_THAT(Judge(set + "116 120 2 get k ok value=a", Slack(5)), Finds("expired item is there"));
  EXPECT_THAT(Judge(set + "111 120 2 add k value=b not"), Finds("expired item is there: add"));
  EXPECT_THAT(Judge(set + "111 120 2 add k value=b ok"), FindsNothing());
  EXPECT_THAT(Judge(set + "111 120 2 touch k ttl=100 ok"), Finds("expired item is there: touch"));
}

TEST(Expiry, AnUnknownWriteMayBeginItsLifeAtAnyTime) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ttl=100 unknown
      900 910 2 get k ok value=a)"),
              FindsNothing());
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ttl=100 unknown
      20 30 2 get k ok value=a
      60 99 2 get k not)"),
              Finds("lost write"));
}

TEST(Expiry, ATouchProlongsALife) {
  const std::string touched = R"(
      0 10 1 set k value=a ttl=100 ok
      50 60 1 touch k ttl=1000 ok
  )";
  EXPECT_THAT(Judge(touched + "900 910 2 get k ok value=a"), FindsNothing());
  EXPECT_THAT(Judge(touched + "900 910 2 get k not"), Finds("lost write"));
  EXPECT_THAT(Judge(touched + "1100 1110 2 get k not"), FindsNothing());
  EXPECT_THAT(Judge(touched + "1100 1110 2 get k ok value=a"), Finds("expired item is there"));
}

TEST(Expiry, ATouchForEverEndsTheExpiry) {
  const std::string touched = R"(
      0 10 1 set k value=a ttl=100 ok
      50 60 1 touch k ok
  )";
  EXPECT_THAT(Judge(touched + "900 910 2 get k ok value=a"), FindsNothing());
  EXPECT_THAT(Judge(touched + "900 910 2 get k not"), Finds("lost write"));
}

TEST(Expiry, ATouchMayShortenALife) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      50 60 1 touch k ttl=100 ok
      200 210 2 get k ok value=a)"),
              Finds("expired item is there"));
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      50 60 1 touch k ttl=100 ok
      200 210 2 get k not)"),
              FindsNothing());
}

TEST(Expiry, AnUnknownTouchAllowsBoth) {
  const std::string touched = R"(
      0 10 1 set k value=a ok
      50 60 1 touch k ttl=100 unknown
  )";
  EXPECT_THAT(Judge(touched + "200 210 2 get k ok value=a"), FindsNothing());
  EXPECT_THAT(Judge(touched + "200 210 2 get k not"), FindsNothing());
  EXPECT_THAT(Judge(touched + "70 80 2 get k not"), Finds("lost write"));
}

TEST(Expiry, ARefusedTouchAllowsNothing) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ttl=100 ok
      50 60 1 touch k failed
      200 210 2 get k ok value=a)"),
              Finds("expired item is there"));
}

TEST(Expiry, ASetEndsTheLifeThatWasGivenBefore) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ttl=100 ok
      50 60 1 set k value=b ok
      200 210 2 get k ok value=b
      220 230 2 get k not)"),
              Finds("lost write"));
  // Beside each other: either life may be the one.
  EXPECT_THAT(Judge(R"(
      0 50 1 set k value=a ttl=100 ok
      50 60 2 set k value=b ok
      200 210 2 get k not)"),
              FindsNothing());
}

TEST(Expiry, IncrementsKeepTheLife) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=0 ttl=100 ok
      20 30 1 incr k delta=1 ok number=1
      200 210 2 get k ok value=1)"),
              Finds("expired item is there"));
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=0 ttl=100 ok
      20 30 1 incr k delta=1 ok number=1
      200 210 2 incr k delta=1 not)"),
              FindsNothing());
}

TEST(Expiry, ANegativeLifeIsOverAtOnce) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ttl=-1 ok
      20 30 2 get k not)"),
              FindsNothing());
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ttl=-1 ok
      20 30 2 get k ok value=a)"),
              Finds("expired item is there"));
}

TEST(Expiry, WhoExpiredDoesNotComeBack) {
  EXPECT_THAT(Judge(R"(
                  0 10 1 set k value=a ttl=100 ok
                  96 100 2 get k not
                  101 105 2 get k ok value=a)",
                    Slack(10)),
              Finds("resurrection of \"a\""));
}

}  // namespace
}  // namespace twincached::history
