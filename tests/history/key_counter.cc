#include "tests/history/key_counter.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"

namespace twincached::history {
namespace {

constexpr uint64_t kNumberMax = uint64_t{1} << 63;

uint64_t Add(uint64_t a, uint64_t b) { return std::min(kNumberMax, std::min(a, kNumberMax) + b); }
uint64_t Subtract(uint64_t a, uint64_t b) { return a > b ? a - b : 0; }

bool IsStep(Kind kind) { return kind == Kind::kIncr || kind == Kind::kDecr; }

uint64_t LevelBefore(const HighWater<uint64_t>& levels, int64_t time_us) {
  const HighWater<uint64_t>::Mark* mark = levels.Before(time_us);
  return mark == nullptr ? 0 : mark->level;
}

void RaiseBy(uint64_t delta, const OperationPtr& by, HighWater<uint64_t>* levels) {
  const HighWater<uint64_t>::Mark* top = levels->Top();
  levels->Raise(by->completed_us, Add(top == nullptr ? 0 : top->level, delta), by);
}

void Erase(const OperationPtr& operation, std::vector<OperationPtr>* list) {
  list->erase(std::remove(list->begin(), list->end(), operation), list->end());
}

bool Shown(const Operation& operation, uint64_t* number) {
  if (!IsStep(operation.kind)) return ParseNumber(operation.answer.value, number);
  *number = operation.answer.number;
  return true;
}

}  // namespace

void KeyCounter::Begin(const OperationPtr& operation) {
  if (IsWrite(operation->kind)) writes_.push_back(operation);
  if (!IsStep(operation->kind)) return;
  steps_.push_back(operation);
  Count(*operation);
}

void KeyCounter::Count(const Operation& step) {
  uint64_t* sum = step.kind == Kind::kIncr ? &life_.rise_max : &life_.fall_max;
  *sum = Add(*sum, step.delta);
}

void KeyCounter::End(const OperationPtr& operation) {
  if (operation->answer.outcome == Outcome::kUnknown) return;
  if (IsWrite(operation->kind)) EndWrite(operation);
  if (IsStep(operation->kind)) EndStep(operation);
}

void KeyCounter::EndStep(const OperationPtr& step) {
  if (step->answer.outcome == Outcome::kOk) {
    if (!WriteUnderWay()) Erase(step, &steps_);
    return;
  }
  Erase(step, &steps_);
  uint64_t* sum = step->kind == Kind::kIncr ? &life_.rise_max : &life_.fall_max;
  if (*sum < kNumberMax) *sum = Subtract(*sum, step->delta);
}

void KeyCounter::EndWrite(const OperationPtr& write) {
  if (write->answer.outcome != Outcome::kOk) {
    Erase(write, &writes_);
    return;
  }
  auto before = [&](const OperationPtr& other) {
    return allowances_.LatestEffect(*other) < write->invoked_us;
  };
  writes_.erase(std::remove_if(writes_.begin(), writes_.end(), before), writes_.end());
  steps_.erase(std::remove_if(steps_.begin(), steps_.end(), before), steps_.end());
  defined_by_ = nullptr;
  if (writes_.size() == 1 && allowances_.Proves(*write)) BeginLife(write);
}

void KeyCounter::BeginLife(const OperationPtr& write) {
  life_ = Life();
  if (!ParseNumber(write->value, &life_.base)) return;
  for (const OperationPtr& step : steps_) Count(*step);
  defined_by_ = write;
}

bool KeyCounter::WriteUnderWay() const {
  return std::any_of(writes_.begin(), writes_.end(),
                     [](const OperationPtr& write) { return write->completed_us == kForever; });
}

bool KeyCounter::Judges(const Operation& operation) const {
  return defined_by_ != nullptr && writes_.size() == 1 && allowances_.Proves(*defined_by_) &&
         operation.invoked_us > defined_by_->completed_us;
}

std::string KeyCounter::Check(const Operation& operation) const {
  uint64_t number = 0;
  if (!Shown(operation, &number)) {
    return absl::StrCat("counter shows what nobody wrote: ", Describe(operation));
  }
  if (!Judges(operation)) return "";
  std::string wrong = CheckBounds(operation, number);
  if (wrong.empty() && life_.fall_max == 0) wrong = CheckRising(operation, number);
  if (wrong.empty() && life_.fall_max == 0) wrong = CheckOverlap(operation, number);
  return wrong;
}

std::string KeyCounter::CheckBounds(const Operation& operation, uint64_t number) const {
  const uint64_t own_rise = operation.kind == Kind::kIncr ? operation.delta : 0;
  const uint64_t own_fall = operation.kind == Kind::kDecr && number > 0 ? operation.delta : 0;
  const uint64_t rise_min = Add(LevelBefore(life_.rise_min, operation.invoked_us), own_rise);
  const uint64_t fall_min = Add(LevelBefore(life_.fall_min, operation.invoked_us), own_fall);
  const uint64_t most = Subtract(Add(life_.base, life_.rise_max), fall_min);
  if (number > most) {
    return absl::StrCat("duplicated increment: ", Describe(operation), ", but all that began by ",
                        operation.completed_us, " come to no more than ", most, ", from ",
                        life_.base, ", given by ", Describe(*defined_by_));
  }
  const uint64_t least = Subtract(Add(life_.base, rise_min), life_.fall_max);
  if (number >= least) return "";
  return absl::StrCat("lost increment: ", Describe(operation),
                      ", but what was acknowledged before ", operation.invoked_us,
                      " comes to no less than ", least, ", from ", life_.base, ", given by ",
                      Describe(*defined_by_));
}

std::string KeyCounter::CheckRising(const Operation& operation, uint64_t number) const {
  const HighWater<uint64_t>::Mark* mark = life_.numbers.Before(operation.invoked_us);
  if (mark == nullptr || Subtract(number, operation.delta) >= mark->level) return "";
  return absl::StrCat("counter fell: ", Describe(operation), ", but it had come to ", mark->level,
                      ", shown by ", Describe(*mark->by));
}

// An increment of the past moved the counter over what this one shows.
std::string KeyCounter::CheckOverlap(const Operation& operation, uint64_t number) const {
  const auto other = life_.results.upper_bound(Subtract(number, operation.delta));
  if (other == life_.results.end()) return "";
  if (Subtract(other->first, other->second->delta) >= number) return "";
  return absl::StrCat("numbers that exclude each other: ", Describe(operation), " and ",
                      Describe(*other->second));
}

void KeyCounter::Prove(const OperationPtr& operation) {
  uint64_t number = 0;
  if (!Judges(*operation) || !Shown(*operation, &number)) return;
  life_.numbers.Raise(operation->completed_us, number, operation);
  if (operation->kind == Kind::kIncr) {
    RaiseBy(operation->delta, operation, &life_.rise_min);
    life_.results[number] = operation;
  }
  if (operation->kind == Kind::kDecr && number > 0) {
    RaiseBy(operation->delta, operation, &life_.fall_min);
  }
}

void KeyCounter::OnFork(int64_t begin_us) {
  life_.rise_min.Forget(begin_us);
  life_.fall_min.Forget(begin_us);
  life_.numbers.Forget(begin_us);
  for (auto it = life_.results.begin(); it != life_.results.end();) {
    it = it->second->completed_us >= begin_us ? life_.results.erase(it) : std::next(it);
  }
}

void KeyCounter::Prune(const Horizon& horizon) {
  life_.rise_min.Prune(horizon.retained_us);
  life_.fall_min.Prune(horizon.retained_us);
  life_.numbers.Prune(horizon.retained_us);
  const uint64_t floor = LevelBefore(life_.numbers, horizon.oldest_us);
  life_.results.erase(life_.results.begin(), life_.results.upper_bound(floor));
}

}  // namespace twincached::history
