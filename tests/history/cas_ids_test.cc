#include "tests/history/cas_ids.h"

#include "tests/history/judge.h"

namespace twincached::history {
namespace {

TEST(CasIds, AcceptsIdsThatRise) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      20 30 2 gets k ok value=a id=7
      40 50 1 cas k value=b id=7 ok
      60 70 2 gets k ok value=b id=9
      80 90 1 cas k value=c id=7 exists
      100 110 2 gets k ok value=b id=9)"),
              FindsNothing());
}

TEST(CasIds, FindsOneIdWithTwoValuesOfOneKey) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      20 30 2 gets k ok value=a id=7
      40 50 1 set k value=b ok
      60 70 2 gets k ok value=b id=7)"),
              Finds("cas id 7 with two values: gets [60, 70] by client 2: \"b\" with id 7 and "
                    "gets [20, 30] by client 2: \"a\" with id 7 of key \"k\""));
}

TEST(CasIds, FindsOneIdWithTwoKeys) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      0 10 2 set l value=a ok
      20 30 2 gets k ok value=a id=7
      40 50 2 gets l ok value=a id=7)"),
              Finds("cas id 7 with two values"));
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      0 10 2 set l value=b ok
      20 30 2 gets k ok value=a id=7
      40 50 2 cas l value=c id=7 ok)"),
              Finds("cas id of another key"));
}

TEST(CasIds, FindsOneIdWithTwoNumbersOfACounter) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set c value=0 ok
      20 30 2 gets c ok value=0 id=7
      40 50 1 incr c delta=1 ok number=1
      60 70 2 gets c ok value=1 id=7)"),
              Finds("cas id 7 with two values"));
}

TEST(CasIds, FindsIdsThatFall) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      20 30 2 gets k ok value=a id=7
      40 50 1 set k value=b ok
      60 70 2 gets k ok value=b id=6)"),
              Finds("cas id fell"));
  // Beside each other nothing is said about their order.
  EXPECT_THAT(Judge(R"(
      0 40 1 set k value=a ok
      0 65 2 set k value=b ok
      50 60 3 gets k ok value=a id=7
      60 70 4 gets k ok value=b id=6)"),
              FindsNothing());
}

TEST(CasIds, FindsASecondCasOverOneId) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      20 30 2 gets k ok value=a id=7
      40 60 1 cas k value=b id=7 ok
      40 70 2 cas k value=c id=7 ok)"),
              Finds("cas id replaced twice"));
}

TEST(CasIds, FindsACasOverWhatWasOverwritten) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      20 30 2 gets k ok value=a id=7
      40 50 1 set k value=b ok
      60 70 2 gets k ok value=b id=8
      80 90 1 cas k value=c id=7 ok)"),
              Finds("cas over an old id"));
  // Nobody saw the id of b.
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      20 30 2 gets k ok value=a id=7
      40 50 1 set k value=b ok
      80 90 1 cas k value=c id=7 ok)"),
              Finds("stale value \"a\": cas"));
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      20 30 2 gets k ok value=a id=7
      40 50 1 set k value=b ok
      50 90 1 cas k value=c id=7 ok)"),
              FindsNothing());
}

TEST(CasIds, FindsACasThatWasRefusedWhileItsIdWasInForce) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      20 30 2 gets k ok value=a id=7
      40 50 1 cas k value=b id=7 exists
      60 70 2 gets k ok value=a id=7)"),
              Finds("cas refused although its id was in force"));
  // The cas began before the id was seen: it may not have been there yet.
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      20 30 2 gets k ok value=a id=7
      30 50 1 cas k value=b id=7 exists
      60 70 2 gets k ok value=a id=7)"),
              FindsNothing());
}

TEST(CasIds, AWipeBeginsAnew) {
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      20 30 2 gets k ok value=a id=7
      wipe 40 40
      50 60 1 set k value=b ok
      70 80 2 gets k ok value=b id=7
      90 95 2 gets k ok value=b id=7)"),
              FindsNothing());
  EXPECT_THAT(Judge(R"(
      0 10 1 set k value=a ok
      20 30 2 gets k ok value=a id=70
      wipe 40 40
      50 60 1 set k value=b ok
      70 80 2 gets k ok value=b id=7
      90 95 2 set k value=c ok
      100 110 2 gets k ok value=c id=6)"),
              Finds("cas id fell"));
}

TEST(CasIds, ForgetsIdsThatWereReplacedLongAgo) {
  CheckerOptions options;
  options.retention_us = 100;
  std::string history = "0 10 1 set k value=a ok\n11 12 1 gets k ok value=a id=1\n";
  for (int i = 1; i < 200; ++i) {
    history += absl::StrCat(i * 20, " ", i * 20 + 5, " 1 set k value=v", i, " ok\n", i * 20 + 6,
                            " ", i * 20 + 9, " 1 gets k ok value=v", i, " id=", i + 1, "\n");
  }
  // Id 1 is forgotten for other keys, but never falls back on its own.
  EXPECT_THAT(
      Judge(history + "9000 9010 1 set l value=b ok\n9020 9030 1 gets l ok value=b id=1", options),
      FindsNothing());
  EXPECT_THAT(
      Judge(history + "9000 9010 1 set k value=b ok\n9020 9030 1 gets k ok value=b id=1", options),
      Finds("cas id fell"));
  EXPECT_THAT(Judge(history + "9000 9010 1 set l value=b ok\n9020 9030 1 gets l ok value=b id=200",
                    options),
              Finds("cas id 200 with two values"));
}

}  // namespace
}  // namespace twincached::history
