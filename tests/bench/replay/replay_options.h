// ReplayOptions: what the trace player's command line asks for.
//
// What it is: plain values with their defaults, and the parser that fills and checks them. What it
// is not: a place for results. Made once in main, read by everybody.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/bench/replay/target_connection.h"
#include "tests/bench/replay/trace_player.h"
#include "tests/bench/replay/trace_source.h"

namespace twincached::bench {

struct ReplayOptions {
  std::vector<TargetAddress> targets;
  const TraceShape* shape = nullptr;
  uint32_t keys = 1000000;
  PlayLength length = {4000000, 2000000, 32};
  uint64_t seed = 1;
  int timeout_ms = 10000;
  bool working_set = false;  // play nothing, print the working set's size
  bool json = false;
};

enum class ParsedReplay { kRun, kHelp, kWrong };

// Parses and checks the command line. kHelp: `*text` is the help. kWrong: `*text` is one line that
// says what is wrong.
ParsedReplay ParseReplayOptions(int argc, char** argv, ReplayOptions* options, std::string* text);

}  // namespace twincached::bench
