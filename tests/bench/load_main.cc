// load: the load generator. See LoadUsage() for its flags and exit codes.

#include <signal.h>

#include <algorithm>
#include <cstdio>
#include <string>

#include "tests/bench/load_options.h"
#include "tests/bench/load_report.h"
#include "tests/bench/load_runner.h"
#include "tests/bench/reply_recorder.h"
#include "tests/bench/request_text.h"

namespace twincached::bench {
namespace {

constexpr int kExitCannotRun = 1;
constexpr int kExitWrongReplies = 2;
constexpr int kPrefillConnections = 4;
constexpr size_t kPrefillBatchBytes = 64 * 1024;

volatile sig_atomic_t stop_requested = 0;

void RequestStop(int) { stop_requested = 1; }

void HandleStopSignals() {
  struct sigaction action = {};
  action.sa_handler = RequestStop;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

int CannotRun(const std::string& reason) {
  std::fprintf(stderr, "load: %s\n", reason.c_str());
  return kExitCannotRun;
}

// A few connections with batches of 64 KiB, through the first port.
LoadOptions PrefillOptions(const LoadOptions& options) {
  LoadOptions prefill = options;
  const size_t request_bytes = options.value_bytes + options.key_bytes + 64;
  prefill.ports.resize(1);
  prefill.connections = kPrefillConnections;
  prefill.pipeline = static_cast<int>(std::max<size_t>(1, kPrefillBatchBytes / request_bytes));
  prefill.rate = 0;
  return prefill;
}

bool Prefill(const LoadOptions& options, std::string* error) {
  const LoadOptions prefill = PrefillOptions(options);
  ReplyRecorder recorder(false);
  LoadRunner runner(&prefill, &recorder, &stop_requested);
  SequentialSets sets(options.keys);
  if (!runner.Connect(error)) return false;
  runner.RunToEnd(&sets);
  if (recorder.errors() > 0) *error = "prefill: " + recorder.first_error();
  if (stop_requested != 0) *error = "prefill: stopped by a signal";
  return error->empty();
}

int Measure(const LoadOptions& options) {
  std::string error;
  ReplyRecorder recorder(!options.trace_path.empty());
  LoadRunner runner(&options, &recorder, &stop_requested);
  RandomRequests requests(options.keys, options.get_ratio, options.seed);
  if (!runner.Connect(&error)) return CannotRun(error);
  if (!runner.RunMeasured(&requests, &error)) return CannotRun(error);
  const LoadResult result = {options, recorder, runner.begin(), runner.end()};
  if (options.json) {
    std::printf("%s\n", JsonReport(result).c_str());
  } else {
    std::printf("%s", TextReport(result).c_str());
  }
  if (!options.trace_path.empty() && !recorder.WriteTrace(options.trace_path)) {
    return CannotRun("cannot write the trace: " + options.trace_path);
  }
  return recorder.errors() == 0 ? 0 : kExitWrongReplies;
}

int Main(int argc, char** argv) {
  LoadOptions options;
  std::string error;
  if (!ParseLoadOptions(argc, argv, &options, &error)) return CannotRun(error);
  if (options.help) {
    std::printf("%s", LoadUsage());
    return 0;
  }
  HandleStopSignals();
  if (options.prefill && !Prefill(options, &error)) return CannotRun(error);
  if (options.seconds == 0) return 0;
  return Measure(options);
}

}  // namespace
}  // namespace twincached::bench

int main(int argc, char** argv) { return twincached::bench::Main(argc, argv); }
