#include "tests/sim/action.h"

#include <algorithm>
#include <array>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/types/span.h"

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

constexpr std::array<Form, 23> kForms = {{
    {Action::kStart, "start", true, false, 0},
    {Action::kKill, "kill", true, false, 1},
    {Action::kPower, "power", true, false, 0},
    {Action::kAmbush, "ambush", true, true, 0},
    {Action::kTerm, "term", true, false, 0},
    {Action::kStop, "stop", true, false, 0},
    {Action::kCont, "cont", true, false, 0},
    {Action::kStopCore, "stopcore", true, false, 1},
    {Action::kStopStore, "stopstore", true, false, 1},
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
    {Action::kPromoted, "promoted", false, false, 1},
    {Action::kForked, "forked", false, false, 1},
    {Action::kWiped, "wiped", false, false, 1},
}};

constexpr std::array<absl::string_view, 4> kNodes = {"a", "b", "master", "slave"};
constexpr std::array<absl::string_view, 8> kStates = {"none",   "BOOT", "JOIN", "SLAVE",
                                                      "MASTER", "HOLD", "SOLO", "FEED"};

const Form* FormOf(absl::string_view name) {
  for (const Form& form : kForms) {
    if (form.name == name) return &form;
  }
  return nullptr;
}

bool IsIn(absl::Span<const absl::string_view> names, absl::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// A name that means nothing would make its line do nothing.
absl::Status CheckNames(const Action& action) {
  const Form& form = kForms[action.verb];
  if (form.has_node && !IsIn(kNodes, action.node)) {
    return absl::InvalidArgumentError(absl::StrCat("no node ", action.node));
  }
  if (action.verb == Action::kStart && !IsIn({"a", "b"}, action.node)) {
    return absl::InvalidArgumentError("what does not run has no role: start a or b");
  }
  if (action.verb == Action::kCut && !IsIn(kNodes, action.other)) {
    return absl::InvalidArgumentError(absl::StrCat("no node ", action.other));
  }
  const bool has_state = action.verb == Action::kExpect || action.verb == Action::kAmbush;
  if (has_state && !IsIn(kStates, action.other)) {
    return absl::InvalidArgumentError(absl::StrCat("no state ", action.other));
  }
  return absl::OkStatus();
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
  Action action;
  if (words.size() < 3 || words[0] != "at" || !absl::SimpleAtoi(words[1], &action.at_ms)) {
    return absl::InvalidArgumentError("an action is: at MS VERB ...");
  }
  const Form* form = FormOf(words[2]);
  if (form == nullptr) return absl::InvalidArgumentError(absl::StrCat("no verb ", words[2]));
  const size_t names = size_t{form->has_node} + size_t{form->has_other};
  const size_t needed = names + static_cast<size_t>(form->numbers);
  if (words.size() != 3 + needed) {
    return absl::InvalidArgumentError(
        absl::StrCat(form->name, " takes ", needed, " words, not ", words.size() - 3));
  }
  action.verb = form->verb;
  if (form->has_node) action.node = words[3];
  if (form->has_other) action.other = words[4];
  const absl::Status names_status = CheckNames(action);
  if (!names_status.ok()) return names_status;
  for (size_t i = 3 + names; i < words.size(); ++i) {
    int64_t* number = i == 3 + names ? &action.first : &action.second;
    if (!absl::SimpleAtoi(words[i], number)) {
      return absl::InvalidArgumentError(absl::StrCat("not a number: ", words[i]));
    }
  }
  return action;
}

}  // namespace twincached::sim
