// The replay's report: what came of a played trace, as text for people or JSON for programs.
//
// What it is: pure functions from the options and the counts to a text. What it is not: a
// comparison of servers; tests/bench/hit_ratio.py makes that.
//
// Units: ratios of requests, 0 to 1, seconds, bytes.
#pragma once

#include <string>
#include <vector>

#include "tests/bench/replay/replay_options.h"
#include "tests/bench/replay/trace_player.h"

namespace twincached::bench {

struct ReplayResult {
  const ReplayOptions& options;
  std::vector<TargetCounts> counts;  // one per target
  double seconds;
};

// Hits of the counted requests; 0 when nothing was counted.
double HitRatio(const TargetCounts& counts);

std::string TextReport(const ReplayResult& result);

// One line, one object, no trailing newline.
std::string JsonReport(const ReplayResult& result);

}  // namespace twincached::bench
