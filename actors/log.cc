#include "actors/log.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

namespace twincached {
namespace {

std::atomic<int> verbosity{0};

std::function<void(absl::string_view)>& Sink() {
  static auto* const sink = new std::function<void(absl::string_view)>();
  return *sink;
}

// Never destroyed: a line may come from any thread until the very end.
spdlog::logger& Logger() {
  static spdlog::logger* const logger = [] {
    auto* made = new spdlog::logger("", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%v");
    made->set_level(spdlog::level::trace);
    made->flush_on(spdlog::level::trace);
    return made;
  }();
  return *logger;
}

// One line is one line, whatever a peer or a client put into it.
void Write(absl::string_view prefix, absl::string_view line) {
  std::string text = absl::StrCat(prefix, line);
  std::replace_if(
      text.begin(), text.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  if (Sink()) return Sink()(text);
  Logger().log(spdlog::level::info, spdlog::string_view_t(text.data(), text.size()));
}

}  // namespace

void SetVerbosity(int level) { verbosity.store(level, std::memory_order_relaxed); }

void SetLogSink(std::function<void(absl::string_view line)> sink) { Sink() = std::move(sink); }

int Verbosity() { return verbosity.load(std::memory_order_relaxed); }

void LogError(absl::string_view line) { Write("twincached: ", line); }

void LogWarning(absl::string_view line) { Write("twincached: warning: ", line); }

void LogContract(absl::string_view line) {
  if (Verbosity() >= 1) Write("", line);
}

void LogInfo(absl::string_view line) {
  if (Verbosity() >= 1) Write("twincached: ", line);
}

void LogDetail(absl::string_view line) {
  if (Verbosity() >= 2) Write("twincached: ", line);
}

}  // namespace twincached
