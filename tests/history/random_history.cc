#include "tests/history/random_history.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/history/history_file.h"

namespace twincached::history {
namespace {

constexpr int64_t kPauseMax = 20;
constexpr int64_t kHalfMax = 40;   // from a begin to the effect, from there to the end
constexpr int64_t kLateMax = 600;  // an unknown effect
constexpr int64_t kLifeMax = 400;
constexpr uint64_t kIdsOfAnEpoch = 1'000'000;

bool IsStep(Kind kind) { return kind == Kind::kIncr || kind == Kind::kDecr; }

}  // namespace

RandomHistory::RandomHistory(const RandomOptions& options)
    : options_(options), random_(options.seed) {
  MakeSteps();
  turns_until_fault_ = static_cast<int>(Below(10));
  Execute();
}

int64_t RandomHistory::Below(int64_t bound) {
  return static_cast<int64_t>(random_() % static_cast<uint64_t>(bound));
}

bool RandomHistory::Chance(int percent) { return Below(100) < percent; }

void RandomHistory::MakeSteps() {
  int64_t length_us = 0;
  for (int client = 0; client < options_.clients; ++client) {
    int64_t now_us = Below(kPauseMax);
    for (int i = 0; i < options_.operations / options_.clients; ++i) {
      Step step{MakeCommand(client, i), 0};
      step.operation.invoked_us = now_us;
      step.effect_us = now_us + Below(kHalfMax);
      step.operation.completed_us = step.effect_us + Below(kHalfMax);
      step.operation.answer.outcome = Outcome::kOk;
      if (Chance(4)) {
        step.operation.answer.outcome = Outcome::kUnknown;
        step.effect_us = Chance(50) ? kForever : now_us + Below(kLateMax);
      }
      now_us = step.operation.completed_us + Below(kPauseMax);
      steps_.push_back(std::move(step));
    }
    length_us = std::max(length_us, now_us);
  }
  PlanWorld(length_us);
}

Operation RandomHistory::MakeCommand(int client, int number) {
  Operation operation;
  operation.client = client;
  if (options_.flushes && Chance(1)) {
    operation.kind = Kind::kFlush;
    return operation;
  }
  const int key = static_cast<int>(Below(options_.registers + options_.counters));
  const bool counter = key >= options_.registers;
  operation.key = absl::StrCat(counter ? "counter" : "key", key);
  static constexpr Kind kRegisterKinds[] = {Kind::kGet, Kind::kGet,     Kind::kGets,   Kind::kSet,
                                            Kind::kSet, Kind::kReplace, Kind::kDelete, Kind::kAdd,
                                            Kind::kCas, Kind::kGets};
  static constexpr Kind kCounterKinds[] = {Kind::kIncr, Kind::kIncr, Kind::kIncr,
                                           Kind::kIncr, Kind::kGet,  Kind::kGets};
  operation.kind = counter ? kCounterKinds[Below(6)] : kRegisterKinds[Below(10)];
  if (Chance(options_.reads_percent)) operation.kind = Kind::kGets;
  // A counter that is gone is begun again.
  if (counter && Chance(8)) operation.kind = number % 2 == 0 ? Kind::kAdd : Kind::kSet;
  if (counter && Chance(2)) operation.kind = Kind::kDelete;
  if (IsWrite(operation.kind)) {
    operation.value = counter ? "0" : absl::StrCat("v", client, ".", number);
  }
  if (IsStep(operation.kind)) operation.delta = static_cast<uint64_t>(1 + Below(3));
  GiveLife(&operation);
  return operation;
}

void RandomHistory::GiveLife(Operation* operation) {
  if (!options_.lives) return;
  if (Chance(5)) {
    operation->kind = Kind::kTouch;
    operation->value.clear();
    operation->delta = 0;
  }
  if ((IsWrite(operation->kind) || operation->kind == Kind::kTouch) && Chance(40)) {
    operation->ttl_us = 1 + Below(kLifeMax);
  }
}

void RandomHistory::PlanWorld(int64_t length_us) {
  const int64_t third_us = length_us / 3;
  if (options_.wipe) {
    wipe_us_ = third_us + Below(third_us);
    declarations_.push_back({wipe_us_, Declaration::Sort::kWipe, wipe_us_});
  }
  if (options_.fork) {
    fork_us_ = third_us / 2 + Below(third_us);
    split_us_ = options_.late_fork ? fork_us_ + Below(third_us / 2) : fork_us_;
    heal_us_ = split_us_ + Below(third_us);
    declarations_.push_back({split_us_, Declaration::Sort::kBeginFork, fork_us_});
    declarations_.push_back({heal_us_, Declaration::Sort::kEndFork, 0});
  }
  if (options_.settled) {
    const int64_t settled_us = third_us + Below(third_us);
    declarations_.push_back({settled_us, Declaration::Sort::kSettled, 0});
    for (Step& step : steps_) {
      if (step.operation.answer.outcome != Outcome::kUnknown) continue;
      if (step.operation.completed_us >= settled_us || step.effect_us <= settled_us) continue;
      step.effect_us = kForever;
    }
  }
  std::stable_sort(declarations_.begin(), declarations_.end(),
                   [](const Declaration& a, const Declaration& b) { return a.at_us < b.at_us; });
}

void RandomHistory::Execute() {
  std::vector<Step*> order;
  for (Step& step : steps_) {
    if (step.effect_us != kForever) order.push_back(&step);
  }
  std::stable_sort(order.begin(), order.end(),
                   [](const Step* a, const Step* b) { return a->effect_us < b->effect_us; });
  for (Step* step : order) {
    PassMoments(step->effect_us);
    ExecuteOne(step);
  }
}

// What happens to the nodes themselves up to now.
void RandomHistory::PassMoments(int64_t now_us) {
  if (wipe_us_ >= 0 && now_us > wipe_us_) {
    first_.Clear();
    second_.Clear();
    wipe_us_ = -1;
  }
  if (fork_us_ >= 0 && now_us >= fork_us_) {
    second_ = first_;
    fork_us_ = -1;
  }
  if (heal_us_ >= 0 && now_us > heal_us_) {
    if (Chance(50)) std::swap(first_, second_);
    first_.set_last_cas(std::max(first_.last_cas(), second_.last_cas()) + kIdsOfAnEpoch);
    split_us_ = heal_us_ = -1;
  }
  if (options_.evictions && Chance(3)) {
    first_.Erase(absl::StrCat("key", Below(options_.registers)));
  }
  if (now_us >= resurrect_us_ && first_.Find(resurrected_key_, now_us) == nullptr) {
    first_.PutBack(resurrected_key_, resurrected_);
    resurrect_us_ = kForever;
    fault_happened_ = true;
  }
}

Model& RandomHistory::NodeOf(const Operation& operation, int64_t now_us) {
  return split_us_ >= 0 && now_us >= split_us_ && operation.client % 2 == 1 ? second_ : first_;
}

void RandomHistory::ExecuteOne(Step* step) {
  Operation& operation = step->operation;
  Model& node = NodeOf(operation, step->effect_us);
  if (operation.kind == Kind::kCas) {
    operation.cas = seen_ids_[{operation.client, operation.key}];
  }
  const Model before = node;
  Answer answer = node.Apply(operation, step->effect_us);
  if (operation.answer.outcome == Outcome::kUnknown) return;
  if (answer.outcome == Outcome::kOk && !fault_happened_) {
    PlantFault(*step, before, &node, &answer);
  }
  if (operation.kind == Kind::kGets) seen_ids_[{operation.client, operation.key}] = answer.cas;
  const Model::Item* old = before.Find(operation.key, step->effect_us);
  if (old != nullptr && IsWrite(operation.kind)) overwritten_[operation.key] = old->value;
  operation.answer = std::move(answer);
}

void RandomHistory::PlantFault(const Step& step, const Model& before, Model* node, Answer* answer) {
  const Operation& operation = step.operation;
  const Model::Item* old = before.Find(operation.key, step.effect_us);
  switch (options_.fault) {
    case Fault::kNone:
      return;
    case Fault::kDroppedWrite:
      if (operation.kind != Kind::kSet || turns_until_fault_-- != 0) return;
      *node = before;
      break;
    case Fault::kStaleRead:
      if (!IsRead(operation.kind) || overwritten_.count(operation.key) == 0) return;
      if (ParseNumber(answer->value, nullptr) || turns_until_fault_-- != 0) return;
      answer->value = overwritten_[operation.key];
      break;
    case Fault::kDoubleStep:
      if (operation.kind != Kind::kIncr || turns_until_fault_-- != 0) return;
      node->Apply(operation, step.effect_us);
      break;
    case Fault::kResurrection:
      if (operation.kind != Kind::kDelete || old == nullptr || resurrect_us_ != kForever) return;
      resurrected_ = *old;
      resurrected_key_ = operation.key;
      resurrect_us_ = step.effect_us + 2 * kHalfMax;
      return;
    case Fault::kReusedId:
      if (operation.kind != Kind::kGets || turns_until_fault_-- != 0) return;
      node->set_last_cas(node->last_cas() - 1);
      break;
  }
  fault_happened_ = true;
}

void RandomHistory::PutTo(HistoryChecker* checker) const {
  struct Event {
    int64_t at_us;
    bool end;
    size_t step;
  };
  std::vector<Event> events;
  for (size_t i = 0; i < steps_.size(); ++i) {
    events.push_back(Event{steps_[i].operation.invoked_us, false, i});
    events.push_back(Event{steps_[i].operation.completed_us, true, i});
  }
  std::sort(events.begin(), events.end(), [](const Event& a, const Event& b) {
    return std::tie(a.at_us, a.end, a.step) < std::tie(b.at_us, b.end, b.step);
  });
  if (options_.evictions) checker->DeclareEvictions();
  std::vector<HistoryChecker::Id> ids(steps_.size());
  size_t declared = 0;
  for (const Event& event : events) {
    DeclareUntil(event.at_us, &declared, checker);
    const Operation& operation = steps_[event.step].operation;
    if (event.end) {
      checker->End(ids[event.step], operation.completed_us, operation.answer);
    } else {
      ids[event.step] = checker->Begin(operation);
    }
  }
}

void RandomHistory::DeclareUntil(int64_t time_us, size_t* next, HistoryChecker* checker) const {
  for (; *next < declarations_.size() && declarations_[*next].at_us <= time_us; ++*next) {
    const Declaration& declaration = declarations_[*next];
    switch (declaration.sort) {
      case Declaration::Sort::kWipe:
        checker->DeclareWipe(declaration.at_us, declaration.at_us);
        break;
      case Declaration::Sort::kBeginFork:
        checker->BeginFork(declaration.begin_us);
        break;
      case Declaration::Sort::kEndFork:
        checker->EndFork(declaration.at_us);
        break;
      case Declaration::Sort::kSettled:
        checker->DeclareSettled(declaration.at_us);
        break;
    }
  }
}

std::string RandomHistory::Print() const {
  std::vector<const Step*> order;
  for (const Step& step : steps_) order.push_back(&step);
  std::stable_sort(order.begin(), order.end(), [](const Step* a, const Step* b) {
    return a->operation.invoked_us < b->operation.invoked_us;
  });
  std::string text = absl::StrCat("seed ", options_.seed, "\n");
  for (const Step* step : order) text += FormatHistoryLine(step->operation);
  for (const Declaration& declaration : declarations_) {
    absl::StrAppend(&text, "# declaration ", static_cast<int>(declaration.sort), " at ",
                    declaration.at_us, " of ", declaration.begin_us, "\n");
  }
  return text;
}

}  // namespace twincached::history
