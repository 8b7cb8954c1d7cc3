#include "tests/sim/scenario.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/sim/action.h"

namespace twincached::sim {

namespace {

constexpr int64_t kJudgedAfterMs = 50;

// The words behind a setting's name, as they are needed.
struct Values {
  size_t node = 0;
  int64_t number = 0;
};

struct Setting {
  absl::string_view name;
  bool has_node;
  int64_t number_max;      // from 1 on; 0: it has none
  absl::string_view word;  // the only one that it takes; empty: none
  void (*apply)(const Values& values, WorldPlan* plan);
};

constexpr std::array<Setting, 11> kSettings = {{
    {"ack", false, 0, "local", [](const Values&, WorldPlan* plan) { plan->ack_local = true; }},
    {"threads", true, 4, "",
     [](const Values& values, WorldPlan* plan) {
       plan->threads[values.node] = static_cast<uint32_t>(values.number);
     }},
    {"same_host", false, 0, "", [](const Values&, WorldPlan* plan) { plan->same_host = true; }},
    {"no_peer", true, 0, "",
     [](const Values& values, WorldPlan* plan) { plan->dials[values.node] = false; }},
    {"solo_writes", false, 0, "refuse",
     [](const Values&, WorldPlan* plan) { plan->refuse_solo_writes = true; }},
    {"think", false, 60000, "",
     [](const Values& values, WorldPlan* plan) { plan->think_us_max = values.number * 1000; }},
    {"ttl", false, 1000, "",
     [](const Values& values, WorldPlan* plan) { plan->ttl_s = values.number; }},
    {"no_flushes", false, 0, "", [](const Values&, WorldPlan* plan) { plan->flushes = false; }},
    {"delayed_flushes", false, 0, "",
     [](const Values&, WorldPlan* plan) { plan->delayed_flushes = true; }},
    {"short_memory", false, 0, "", [](const Values&, WorldPlan* plan) { plan->ShortenMemory(); }},
    {"prompt_answers", false, 0, "", [](const Values&, WorldPlan* plan) { plan->prompt = true; }},
}};

// REQUIRES: the first word is "with".
absl::Status ApplySetting(absl::string_view line, WorldPlan* plan) {
  const std::vector<std::string> words = absl::StrSplit(line, ' ', absl::SkipEmpty());
  if (words.size() < 2) return absl::InvalidArgumentError("a setting is: with NAME ...");
  const auto setting = std::find_if(kSettings.begin(), kSettings.end(),
                                    [&](const Setting& each) { return each.name == words[1]; });
  if (setting == kSettings.end()) {
    return absl::InvalidArgumentError(absl::StrCat("no setting ", words[1]));
  }
  Values values;
  size_t next = 2;
  const auto take = [&] { return next < words.size() ? words[next++] : std::string(); };
  if (setting->has_node) {
    const std::string node = take();
    if (node != "a" && node != "b") {
      return absl::InvalidArgumentError(absl::StrCat(words[1], " takes a or b"));
    }
    values.node = node == "b" ? 1 : 0;
  }
  if (setting->number_max > 0 && (!absl::SimpleAtoi(take(), &values.number) || values.number < 1 ||
                                  values.number > setting->number_max)) {
    return absl::InvalidArgumentError(
        absl::StrCat(words[1], " takes a number from 1 to ", setting->number_max));
  }
  if (!setting->word.empty() && take() != setting->word) {
    return absl::InvalidArgumentError(absl::StrCat(words[1], " takes only ", setting->word));
  }
  if (next != words.size()) {
    return absl::InvalidArgumentError(absl::StrCat("too many words for ", words[1]));
  }
  setting->apply(values, plan);
  return absl::OkStatus();
}

absl::Status ApplyLine(absl::string_view line, WorldPlan* plan) {
  if (line == "with" || absl::StartsWith(line, "with ")) {
    if (plan->actions.empty()) return ApplySetting(line, plan);
    return absl::InvalidArgumentError("settings stand before actions");
  }
  absl::StatusOr<Action> action = ParseAction(line);
  if (!action.ok()) return action.status();
  if (action->at_ms < plan->end_ms) {
    return absl::InvalidArgumentError(absl::StrCat("it is ", plan->end_ms, " ms already"));
  }
  plan->end_ms = action->at_ms;
  plan->actions.push_back(std::move(*action));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<WorldPlan> ParseScenario(absl::string_view text) {
  WorldPlan plan;
  plan.seed = 1;
  for (HostClock& clock : plan.clocks) {
    clock.monotonic_offset_us = 1'000'000'000;
    clock.wall_offset_us = 1'700'000'000'000'000;
  }
  size_t number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    line = absl::StripAsciiWhitespace(line.substr(0, line.find('#')));
    if (line.empty()) continue;
    const absl::Status status = ApplyLine(line, &plan);
    if (!status.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("line ", number, ": ", status.message(), ": ", line));
    }
  }
  plan.end_ms += kJudgedAfterMs;
  return plan;
}

absl::StatusOr<WorldPlan> ReadScenarioFile(const std::string& path) {
  std::ifstream file(path);
  if (!file) return absl::NotFoundError("it cannot be read");
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  return ParseScenario(text);
}

}  // namespace twincached::sim
