// Which lines people see, and in which shape.
#include "actors/log.h"

#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace twincached {
namespace {

// One line of each kind, at a verbosity.
std::string LinesAt(int level) {
  SetVerbosity(level);
  testing::internal::CaptureStderr();
  LogError("an error");
  LogWarning("a warning");
  LogContract("replication: listen");
  LogInfo("a change of role");
  LogDetail("a detail");
  return testing::internal::GetCapturedStderr();
}

constexpr char kAlways[] = "twincached: an error\ntwincached: warning: a warning\n";

TEST(Log, ErrorsAndWarningsComeAlways) { EXPECT_EQ(LinesAt(0), kAlways); }

TEST(Log, VerboseAddsContractLinesAsTheyAreAndChangesOfRole) {
  EXPECT_EQ(LinesAt(1),
            absl::StrCat(kAlways, "replication: listen\ntwincached: a change of role\n"));
}

TEST(Log, VeryVerboseAddsDetails) {
  const std::string lines = LinesAt(2);
  EXPECT_THAT(lines, testing::EndsWith("twincached: a detail\n"));
  EXPECT_EQ(LinesAt(3), lines);
}

TEST(Log, VerbosityCanBeLoweredAgain) {
  LinesAt(2);
  EXPECT_EQ(LinesAt(0), kAlways);
  EXPECT_EQ(Verbosity(), 0);
}

TEST(Log, WhatAPeerPutsIntoALineStaysOneLine) {
  testing::internal::CaptureStderr();
  LogError("name \"a\nreplication: start\r\x1b[2J{}%s\"");
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "twincached: name \"a replication: start  [2J{}%s\"\n");
}

TEST(Log, LinesOfThreadsDoNotMix) {
  constexpr int kThreads = 4;
  constexpr int kLines = 200;
  testing::internal::CaptureStderr();
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([i] {
      for (int line = 0; line < kLines; ++line)
        LogError(std::string(100, static_cast<char>('a' + i)));
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::string text = testing::internal::GetCapturedStderr();
  int count = 0;
  for (const absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    const absl::string_view body = line.substr(line.size() - 100);
    EXPECT_EQ(line, absl::StrCat("twincached: ", std::string(100, body[0])));
    ++count;
  }
  EXPECT_EQ(count, kThreads * kLines);
}

}  // namespace
}  // namespace twincached
