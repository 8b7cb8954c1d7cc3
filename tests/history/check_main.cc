// check_history: judges recorded histories (history_file.h says how they look).
//
//   check_history [--expiry-slack-us=N] FILE...
//
// Prints each violation, then one line of totals. Exit code 0: none was found; 1: some were; 2: bad
// input or usage.
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "tests/history/checker.h"
#include "tests/history/replay.h"

namespace twincached::history {
namespace {

constexpr int kClean = 0;
constexpr int kViolated = 1;
constexpr int kBadInput = 2;

bool ParseArguments(int argc, char** argv, CheckerOptions* options,
                    std::vector<std::string>* paths) {
  for (int i = 1; i < argc; ++i) {
    absl::string_view argument = argv[i];
    if (absl::ConsumePrefix(&argument, "--expiry-slack-us=")) {
      if (!absl::SimpleAtoi(argument, &options->expiry_slack_us)) return false;
      if (options->expiry_slack_us < 0) return false;
    } else if (argument.empty() || argument.front() == '-') {
      return false;
    } else {
      paths->emplace_back(argument);
    }
  }
  return !paths->empty();
}

absl::Status Judge(const std::vector<std::string>& paths, HistoryChecker* checker) {
  std::vector<std::unique_ptr<HistoryReader>> readers;
  for (const std::string& path : paths) {
    absl::StatusOr<std::unique_ptr<HistoryReader>> reader = HistoryReader::Open(path);
    if (!reader.ok()) return reader.status();
    readers.push_back(*std::move(reader));
  }
  return Replay(checker).Run(std::move(readers));
}

void PrintFindings(const HistoryChecker& checker) {
  for (const std::string& violation : checker.violations()) std::puts(violation.c_str());
  const Totals totals = checker.totals();
  const size_t shown = checker.violations().size();
  if (totals.violations > shown) absl::PrintF("and %d more\n", totals.violations - shown);
  absl::PrintF(
      "check_history: %d operations on %d keys, %d writes acknowledged, %d reads, %d unknown, "
      "%d violations\n",
      totals.operations, totals.keys, totals.writes_acknowledged, totals.reads, totals.unknown,
      totals.violations);
}

int Main(int argc, char** argv) {
  CheckerOptions options;
  std::vector<std::string> paths;
  if (!ParseArguments(argc, argv, &options, &paths)) {
    std::fprintf(stderr, "usage: check_history [--expiry-slack-us=N] FILE...\n");
    return kBadInput;
  }
  HistoryChecker checker(options);
  const absl::Status status = Judge(paths, &checker);
  if (!status.ok()) {
    std::fprintf(stderr, "check_history: %s\n", std::string(status.message()).c_str());
    return kBadInput;
  }
  PrintFindings(checker);
  return checker.totals().violations == 0 ? kClean : kViolated;
}

}  // namespace
}  // namespace twincached::history

int main(int argc, char** argv) { return twincached::history::Main(argc, argv); }
