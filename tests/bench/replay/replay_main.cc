// replay: the trace player. See `replay --help` for its flags and exit codes.

#include <chrono>
#include <cstdio>
#include <string>

#include "tests/bench/replay/replay_options.h"
#include "tests/bench/replay/replay_report.h"
#include "tests/bench/replay/trace_batch.h"
#include "tests/bench/replay/trace_player.h"
#include "tests/bench/replay/trace_source.h"

namespace twincached::bench {
namespace {

constexpr int kExitCannotRun = 1;

int CannotRun(const std::string& reason) {
  std::fprintf(stderr, "replay: %s\n", reason.c_str());
  return kExitCannotRun;
}

int PrintWorkingSet(const ReplayOptions& options) {
  const TraceSource source(options.shape, options.keys, options.seed);
  const uint64_t bytes = WorkingSetBytes(source, options.length.requests, kTraceKeyBytes);
  const char* const format =
      options.json ? "{\"working_set_bytes\":%llu}\n" : "working set: %llu bytes\n";
  std::printf(format, static_cast<unsigned long long>(bytes));
  return 0;
}

int Play(const ReplayOptions& options) {
  const auto begin = std::chrono::steady_clock::now();
  std::string error;
  TracePlayer player(options.targets, options.timeout_ms);
  TraceSource source(options.shape, options.keys, options.seed);
  if (!player.Connect(&error)) return CannotRun(error);
  if (!player.Play(&source, options.length, &error)) return CannotRun(error);
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
  ReplayResult result = {options, {}, elapsed.count()};
  for (size_t i = 0; i < player.targets(); ++i) result.counts.push_back(player.counts(i));
  if (options.json) {
    std::printf("%s\n", JsonReport(result).c_str());
  } else {
    std::printf("%s", TextReport(result).c_str());
  }
  return 0;
}

int Main(int argc, char** argv) {
  ReplayOptions options;
  std::string text;
  switch (ParseReplayOptions(argc, argv, &options, &text)) {
    case ParsedReplay::kHelp:
      std::printf("%s", text.c_str());
      return 0;
    case ParsedReplay::kWrong:
      return CannotRun(text);
    case ParsedReplay::kRun:
      break;
  }
  return options.working_set ? PrintWorkingSet(options) : Play(options);
}

}  // namespace
}  // namespace twincached::bench

int main(int argc, char** argv) { return twincached::bench::Main(argc, argv); }
