// The load's report: what came of a measured run, as text for people or JSON for programs.
//
// What it is: two pure functions from the options, the counted replies and the two usage marks to
// a text. What it is not: a comparison of servers; tests/bench/bench.py makes that.
//
// Units: latencies in microseconds, CPU in microseconds per request, memory in bytes.
#pragma once

#include <string>

#include "tests/bench/load_options.h"
#include "tests/bench/load_runner.h"
#include "tests/bench/reply_recorder.h"

namespace twincached::bench {

struct LoadResult {
  const LoadOptions& options;
  const ReplyRecorder& replies;
  const UsageMark& begin;
  const UsageMark& end;
};

std::string TextReport(const LoadResult& result);

// One line, one object, no trailing newline.
std::string JsonReport(const LoadResult& result);

}  // namespace twincached::bench
