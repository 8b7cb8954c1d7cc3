// Replay: recorded histories, merged by time, put to a checker.
//
// What it is: the offline way into checker.h. Begins and ends of all files come in the order of
// their times; where times are equal, begins come first. One use. Bounds: one line of each file,
// and what is under way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <queue>
#include <vector>

#include "absl/status/status.h"
#include "tests/history/checker.h"
#include "tests/history/history_file.h"

namespace twincached::history {

class Replay {
 public:
  // The checker is new, and lives longer than this.
  explicit Replay(HistoryChecker* checker) : checker_(*checker) {}

  // All of these together. The error says which file and line is no history.
  absl::Status Run(std::vector<std::unique_ptr<HistoryReader>> readers);

 private:
  struct Source {
    std::unique_ptr<HistoryReader> reader;
    HistoryLine line;  // the next
  };
  struct Turn {
    int64_t at_us;
    size_t source;
    bool operator>(const Turn& other) const;
  };
  struct EndOf {
    int64_t at_us;
    HistoryChecker::Id operation;  // 0: a fork
    Answer answer;
    bool operator>(const EndOf& other) const;
  };

  absl::Status Load(size_t source);
  absl::Status Take(HistoryLine line);
  void RunEndsBefore(int64_t time_us);

  HistoryChecker& checker_;
  std::vector<Source> sources_;
  std::priority_queue<Turn, std::vector<Turn>, std::greater<Turn>> turns_;
  std::priority_queue<EndOf, std::vector<EndOf>, std::greater<EndOf>> ends_;
};

}  // namespace twincached::history
