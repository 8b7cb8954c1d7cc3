#include "tests/history/key_history.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace twincached::history {
namespace {

bool IsStep(Kind kind) { return kind == Kind::kIncr || kind == Kind::kDecr; }

// The answer says that there was no item; for an add, that there was one.
bool FoundNothing(const Operation& operation) {
  if (operation.kind == Kind::kAdd) return operation.answer.outcome == Outcome::kOk;
  return operation.answer.outcome == Outcome::kNot;
}

}  // namespace

void KeyHistory::Begin(const OperationPtr& operation) {
  CatchUpWithForks();
  ChooseRules(*operation);
  under_way_.push_back(operation);
  presence_.Begin(operation);
  if (values_ != nullptr && IsWrite(operation->kind)) values_->Begin(operation);
  if (counter_ != nullptr) counter_->Begin(operation);
}

void KeyHistory::ChooseRules(const Operation& operation) {
  if (values_ != nullptr || counter_ != nullptr) return;
  if (IsStep(operation.kind) ||
      (IsWrite(operation.kind) && ParseNumber(operation.value, nullptr))) {
    counter_ = std::make_unique<KeyCounter>(&shared_.allowances);
  } else if (IsWrite(operation.kind)) {
    values_ = std::make_unique<KeyValues>(&shared_.allowances);
  }
}

std::string KeyHistory::End(const OperationPtr& operation) {
  CatchUpWithForks();
  under_way_.erase(std::remove(under_way_.begin(), under_way_.end(), operation), under_way_.end());
  newest_end_us_ = operation->completed_us;
  presence_.End(operation);
  std::string wrong;
  if (values_ != nullptr && IsWrite(operation->kind)) {
    wrong = values_->End(*operation, operation->completed_us);
  }
  if (wrong.empty() && shared_.allowances.Proves(*operation)) {
    wrong = Check(*operation);
    if (wrong.empty()) Prove(operation);
  }
  if (counter_ != nullptr) counter_->End(operation);
  Prune(operation->completed_us);
  return wrong;
}

std::string KeyHistory::Check(const Operation& operation) {
  if (operation.kind == Kind::kSet) return "";
  if (FoundNothing(operation)) return presence_.CheckAway(operation);
  return IsRead(operation.kind) ? CheckHit(operation) : CheckFound(operation);
}

std::string KeyHistory::CheckHit(const Operation& read) const {
  std::string wrong;
  if (values_ == nullptr) {
    wrong = presence_.CheckThere(read);
    if (wrong.empty() && counter_ != nullptr) wrong = counter_->Check(read);
  } else {
    wrong = values_->CheckShown(read, read.answer.value, presence_);
    if (wrong.empty()) wrong = presence_.CheckAlive(read);
    if (wrong.empty()) wrong = values_->CheckId(read);
  }
  return wrong.empty() ? shared_.ids.Check(read, ids_) : wrong;
}

std::string KeyHistory::CheckFound(const Operation& operation) const {
  std::string wrong = presence_.CheckThere(operation);
  if (!wrong.empty()) return wrong;
  if (operation.kind == Kind::kCas) return CheckCas(operation);
  if (!IsStep(operation.kind)) return "";
  if (counter_ != nullptr) return counter_->Check(operation);
  return absl::StrCat("number of a value that is none: ", Describe(operation));
}

std::string KeyHistory::CheckCas(const Operation& cas) const {
  std::string wrong = shared_.ids.Check(cas, ids_);
  if (!wrong.empty() || cas.answer.outcome != Outcome::kOk || values_ == nullptr) return wrong;
  const Operation* shown = shared_.ids.ShownBy(cas.cas);
  return shown == nullptr ? "" : values_->CheckShown(cas, shown->answer.value, presence_);
}

void KeyHistory::Prove(const OperationPtr& operation) {
  const Outcome outcome = operation->answer.outcome;
  if (FoundNothing(*operation)) presence_.ProveAway(operation);
  if (outcome == Outcome::kOk) {
    IsRead(operation->kind) ? ProveHit(operation) : ProveDone(operation);
  } else if (!FoundNothing(*operation)) {
    presence_.ProveThere(operation);
    if (outcome == Outcome::kExists) shared_.ids.Prove(operation, &ids_);
  }
}

void KeyHistory::ProveHit(const OperationPtr& read) {
  presence_.ProveThere(read);
  if (values_ != nullptr) values_->ProveShown(read, read->answer.value);
  if (counter_ != nullptr) counter_->Prove(read);
  shared_.ids.Prove(read, &ids_);
}

void KeyHistory::ProveDone(const OperationPtr& operation) {
  const Kind kind = operation->kind;
  const bool found = kind != Kind::kSet && kind != Kind::kAdd;
  // What is written with a life that is over is never there.
  if (found || operation->ttl_us >= 0) presence_.ProveThere(operation);
  if (kind == Kind::kDelete) presence_.ProveAway(operation);
  if (kind == Kind::kCas) ProveCas(operation);
  if (values_ != nullptr && IsWrite(kind)) values_->ProveWritten(operation);
  if (counter_ != nullptr && IsStep(kind)) counter_->Prove(operation);
}

void KeyHistory::ProveCas(const OperationPtr& cas) {
  const Operation* shown = shared_.ids.ShownBy(cas->cas);
  if (values_ != nullptr && shown != nullptr) values_->ProveShown(cas, shown->answer.value);
  shared_.ids.Prove(cas, &ids_);
}

void KeyHistory::CatchUpWithForks() {
  const std::vector<Allowances::Fork>& forks = shared_.allowances.forks();
  for (; forks_seen_ < forks.size(); ++forks_seen_) {
    const int64_t begin_us = forks[forks_seen_].begin_us;
    if (values_ != nullptr) values_->ForgetIds();
    if (newest_end_us_ < begin_us) continue;
    presence_.OnFork(begin_us);
    if (values_ != nullptr) values_->OnFork(begin_us);
    if (counter_ != nullptr) counter_->OnFork(begin_us);
    shared_.ids.OnFork(begin_us, &ids_);
  }
}

void KeyHistory::Prune(int64_t now_us) {
  const int64_t oldest_us = under_way_.empty() ? now_us : under_way_.front()->invoked_us;
  const int64_t retained_us = std::min(oldest_us, now_us - shared_.retention_us);
  const Horizon horizon{oldest_us, retained_us, now_us};
  presence_.Prune(horizon);
  if (values_ != nullptr) values_->Prune(horizon, presence_);
  if (counter_ != nullptr) counter_->Prune(horizon);
  shared_.ids.Prune(horizon, &ids_);
}

}  // namespace twincached::history
