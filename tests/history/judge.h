// Judge: a history written down in a test, and what the checker says about it.
//
// The text is that of history_file.h, where a line may be indented. Times in the tests are small
// numbers; what matters is their order.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/history/checker.h"
#include "tests/history/replay.h"

namespace twincached::history {

inline std::unique_ptr<HistoryReader> ReaderOf(absl::string_view text) {
  std::string lines;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    absl::StrAppend(&lines, absl::StripAsciiWhitespace(line), "\n");
  }
  return std::make_unique<HistoryReader>("test", std::make_unique<std::istringstream>(lines));
}

inline std::vector<std::string> Judge(absl::string_view text,
                                      const CheckerOptions& options = CheckerOptions()) {
  HistoryChecker checker(options);
  std::vector<std::unique_ptr<HistoryReader>> readers;
  readers.push_back(ReaderOf(text));
  const absl::Status status = Replay(&checker).Run(std::move(readers));
  EXPECT_TRUE(status.ok()) << status.message();
  return checker.violations();
}

// One violation, which says this.
inline ::testing::Matcher<const std::vector<std::string>&> Finds(const std::string& words) {
  return ::testing::ElementsAre(::testing::HasSubstr(words));
}

inline ::testing::Matcher<const std::vector<std::string>&> FindsNothing() {
  return ::testing::IsEmpty();
}

}  // namespace twincached::history
