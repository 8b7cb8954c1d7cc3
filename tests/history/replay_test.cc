#include "tests/history/replay.h"

#include "tests/history/judge.h"

namespace twincached::history {
namespace {

absl::Status RunTogether(const std::vector<std::string>& texts, HistoryChecker* checker) {
  std::vector<std::unique_ptr<HistoryReader>> readers;
  for (const std::string& text : texts) readers.push_back(ReaderOf(text));
  return Replay(checker).Run(std::move(readers));
}

TEST(Replay, MergesFilesByTime) {
  HistoryChecker checker;
  ASSERT_TRUE(RunTogether({R"(
      0 10 1 set k value=a ok
      40 50 1 set k value=b ok)",
                           R"(
      20 30 2 get k ok value=a
      60 70 2 get k ok value=a)",
                           ""},
                          &checker)
                  .ok());
  EXPECT_THAT(checker.violations(), Finds("stale value \"a\": get [60, 70]"));
  EXPECT_EQ(checker.totals().operations, 4u);
}

TEST(Replay, AWriteIsKnownFromItsBeginOn) {
  HistoryChecker checker;
  ASSERT_TRUE(
      RunTogether({"0 1000 1 set k value=a ok", "20 30 2 get k ok value=a"}, &checker).ok());
  EXPECT_THAT(checker.violations(), FindsNothing());
}

TEST(Replay, BeginsComeBeforeEndsOfTheSameTime) {
  for (const bool swapped : {false, true}) {
    std::vector<std::string> texts = {"30 40 1 set k value=a ok", "20 30 2 get k ok value=a"};
    if (swapped) std::swap(texts[0], texts[1]);
    HistoryChecker checker;
    ASSERT_TRUE(RunTogether(texts, &checker).ok());
    EXPECT_THAT(checker.violations(), FindsNothing());
  }
}

TEST(Replay, AllowancesOfAnyFileCountForAll) {
  HistoryChecker checker;
  ASSERT_TRUE(
      RunTogether({"0 10 1 set k value=a ok\n30 40 1 get k not\n", "wipe 20 20"}, &checker).ok());
  EXPECT_THAT(checker.violations(), FindsNothing());
  HistoryChecker evicting;
  ASSERT_TRUE(
      RunTogether({"0 10 1 set k value=a ok\n30 40 1 get k not\n", "evictions"}, &evicting).ok());
  EXPECT_THAT(evicting.violations(), FindsNothing());
}

TEST(Replay, ErrorsEndIt) {
  HistoryChecker checker;
  EXPECT_FALSE(RunTogether({"0 10 1 set k value=a ok", "bad"}, &checker).ok());
  HistoryChecker forked;
  const absl::Status status = RunTogether({"fork 0 20", "fork 10 30"}, &forked);
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("touches another"));
}

TEST(Replay, ForksMayFollowEachOther) {
  HistoryChecker checker;
  ASSERT_TRUE(RunTogether({"fork 0 20\nfork 30 40", "50 60 1 get k not"}, &checker).ok());
  EXPECT_FALSE(checker.in_fork());
}

}  // namespace
}  // namespace twincached::history
