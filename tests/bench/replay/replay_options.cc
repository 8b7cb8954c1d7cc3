#include "tests/bench/replay/replay_options.h"

#include <CLI/CLI.hpp>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "tests/bench/replay/trace_batch.h"

namespace twincached::bench {
namespace {

constexpr int kTimeoutMsMax = 3600 * 1000;

// What is given as text, and judged after the parse.
struct Texts {
  std::vector<std::string> targets;
  std::string trace = "zipf-0.99";
};

std::string TraceNames() {
  return absl::StrJoin(kTraceShapes, ", ", [](std::string* out, const TraceShape& shape) {
    absl::StrAppend(out, shape.name);
  });
}

void Declare(CLI::App* flags, ReplayOptions* options, Texts* texts) {
  flags->option_defaults()->always_capture_default();
  flags->add_option("--target", texts->targets, "HOST:PORT of a server, repeated; IPv4 addresses")
      ->allow_extra_args(false);
  flags->add_option("--trace", texts->trace, "one of " + TraceNames());
  flags->add_option("--keys", options->keys, "distinct keys (of `shift`: at one time)")
      ->check(CLI::Range(uint32_t{1}, kTraceKeysMax));
  flags->add_option("--requests", options->length.requests, "with the warm-up")
      ->check(CLI::Range(uint64_t{1}, kTraceRequestsMax));
  flags->add_option("--warm-up", options->length.warm_up, "first requests, not counted");
  flags->add_option("--batch", options->length.batch, "requests that are asked together")
      ->check(CLI::Range(size_t{1}, kBatchRequestsMax));
  flags->add_option("--seed", options->seed, "of the trace");
  flags->add_option("--timeout-ms", options->timeout_ms, "longest time for an answer")
      ->check(CLI::Range(1, kTimeoutMsMax));
  flags->add_flag("--working-set", options->working_set,
                  "print the key and value bytes of the trace's distinct keys, play nothing");
  flags->add_flag("--json", options->json, "print the report as one JSON object");
}

bool ReadTarget(absl::string_view text, TargetAddress* target) {
  const size_t colon = text.rfind(':');
  uint32_t port = 0;
  if (colon == 0 || colon == absl::string_view::npos) return false;
  if (!absl::SimpleAtoi(text.substr(colon + 1), &port) || port < 1 || port > 65535) return false;
  *target = {std::string(text.substr(0, colon)), static_cast<uint16_t>(port)};
  return true;
}

bool Judge(const Texts& texts, ReplayOptions* options, std::string* error) {
  for (const std::string& text : texts.targets) {
    TargetAddress target;
    if (!ReadTarget(text, &target)) {
      *error = absl::StrCat("--target takes HOST:PORT, not ", text);
      return false;
    }
    options->targets.push_back(target);
  }
  options->shape = FindTraceShape(texts.trace);
  if (options->shape == nullptr) {
    *error = absl::StrCat("--trace is one of ", TraceNames(), ", not ", texts.trace);
  } else if (options->length.warm_up >= options->length.requests) {
    *error = absl::StrCat("--warm-up ", options->length.warm_up, " leaves nothing to count of ",
                          options->length.requests, " requests");
  } else if (options->targets.empty() && !options->working_set) {
    *error = "at least one --target is needed";
  }
  return error->empty();
}

}  // namespace

ParsedReplay ParseReplayOptions(int argc, char** argv, ReplayOptions* options, std::string* text) {
  CLI::App flags(
      "Plays a synthetic trace on memcached servers, in lock step, and counts the hits of each. "
      "Exit codes: 0 played, 1 could not.",
      "replay");
  Texts texts;
  Declare(&flags, options, &texts);
  text->clear();
  try {
    flags.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    *text = flags.help();
    return ParsedReplay::kHelp;
  } catch (const CLI::ParseError& error) {
    *text = error.what();
    return ParsedReplay::kWrong;
  }
  return Judge(texts, options, text) ? ParsedReplay::kRun : ParsedReplay::kWrong;
}

}  // namespace twincached::bench
