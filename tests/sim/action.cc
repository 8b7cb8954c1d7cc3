#include "tests/sim/action.h"

#include <array>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace twincached::sim {

namespace {

// Which words follow a verb.
struct Form {
  Action::Verb verb;
  absl::string_view name;
  bool has_node;
  bool has_other;
  int numbers;
};

constexpr std::array<Form, 20> kForms = {{
    {Action::kStart, "start", true, false, 0},
    {Action::kKill, "kill", true, false, 1},
    {Action::kPower, "power", true, false, 0},
    {Action::kAmbush, "ambush", true, true, 0},
    {Action::kTerm, "term", true, false, 0},
    {Action::kStop, "stop", true, false, 0},
    {Action::kCont, "cont", true, false, 0},
    {Action::kStopCore, "stopcore", true, false, 1},
    {Action::kContCores, "contcores", true, false, 0},
    {Action::kFreeze, "freeze", false, false, 1},
    {Action::kCut, "cut", true, true, 0},
    {Action::kHeal, "heal", false, false, 0},
    {Action::kReset, "reset", false, false, 0},
    {Action::kDelay, "delay", false, false, 2},
    {Action::kPace, "pace", false, false, 2},
    {Action::kCorrupt, "corrupt", true, false, 0},
    {Action::kClock, "clock", true, false, 1},
    {Action::kSwitch, "switch", true, false, 0},
    {Action::kGarbage, "garbage", true, false, 0},
    {Action::kExpect, "expect", true, true, 0},
}};

const Form* FormOf(absl::string_view name) {
  for (const Form& form : kForms) {
    if (form.name == name) return &form;
  }
  return nullptr;
}

}  // namespace

std::string Action::ToString() const {
  const Form& form = kForms[verb];
  std::string text = absl::StrCat("at ", at_ms, " ", form.name);
  if (form.has_node) absl::StrAppend(&text, " ", node);
  if (form.has_other) absl::StrAppend(&text, " ", other);
  if (form.numbers > 0) absl::StrAppend(&text, " ", first);
  if (form.numbers > 1) absl::StrAppend(&text, " ", second);
  return text;
}

absl::StatusOr<Action> ParseAction(absl::string_view line) {
  const std::vector<std::string> words = absl::StrSplit(line, ' ', absl::SkipEmpty());
  const absl::Status bad = absl::InvalidArgumentError(absl::StrCat("not an action: ", line));
  Action action;
  if (words.size() < 3 || words[0] != "at" || !absl::SimpleAtoi(words[1], &action.at_ms)) {
    return bad;
  }
  const Form* form = FormOf(words[2]);
  if (form == nullptr) return bad;
  const size_t names = size_t{form->has_node} + size_t{form->has_other};
  if (words.size() != 3 + names + static_cast<size_t>(form->numbers)) return bad;
  action.verb = form->verb;
  if (form->has_node) action.node = words[3];
  if (form->has_other) action.other = words[4];
  if (form->numbers > 0 && !absl::SimpleAtoi(words[3 + names], &action.first)) return bad;
  if (form->numbers > 1 && !absl::SimpleAtoi(words[4 + names], &action.second)) return bad;
  return action;
}

absl::StatusOr<std::vector<Action>> ParseScenario(absl::string_view text) {
  std::vector<Action> actions;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    line = line.substr(0, line.find('#'));
    if (line.find_first_not_of(" \t\r") == absl::string_view::npos) continue;
    absl::StatusOr<Action> action = ParseAction(line);
    if (!action.ok()) return action.status();
    actions.push_back(std::move(*action));
  }
  return actions;
}

}  // namespace twincached::sim
