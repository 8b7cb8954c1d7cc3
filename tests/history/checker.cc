#include "tests/history/checker.h"

#include <unordered_map>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "proto/check.h"
#include "tests/history/key_history.h"

namespace twincached::history {

class HistoryChecker::Impl {
 public:
  explicit Impl(const CheckerOptions& options)
      : options_(options), shared_(options.expiry_slack_us, options.retention_us) {}

  Id Begin(Operation operation);
  bool End(Id id, int64_t completed_us, Answer answer);
  void BeginFork(int64_t begin_us);
  Allowances& allowances() { return shared_.allowances; }
  const Allowances& allowances() const { return shared_.allowances; }
  const std::vector<std::string>& violations() const { return violations_; }
  Totals totals() const;

 private:
  struct UnderWay {
    std::shared_ptr<Operation> operation;
    KeyHistory* key;  // null: a flush
  };

  void AdvanceTo(int64_t time_us);
  void Count(const Operation& operation);
  void Report(const Operation& operation, const std::string& wrong);

  const CheckerOptions options_;
  SharedHistory shared_;
  std::unordered_map<std::string, KeyHistory> keys_;  // never iterated
  absl::flat_hash_map<Id, UnderWay> under_way_;       // never iterated
  Id next_id_ = 1;
  int64_t now_us_ = 0;
  Totals totals_;
  std::vector<std::string> violations_;
};

HistoryChecker::Id HistoryChecker::Impl::Begin(Operation operation) {
  AdvanceTo(operation.invoked_us);
  operation.completed_us = kForever;
  operation.answer = Answer();
  auto begun = std::make_shared<Operation>(std::move(operation));
  KeyHistory* key = nullptr;
  if (begun->kind == Kind::kFlush) {
    shared_.flushes.Begin(begun);
  } else {
    key = &keys_.try_emplace(begun->key, &shared_).first->second;
    key->Begin(begun);
  }
  under_way_.emplace(next_id_, UnderWay{std::move(begun), key});
  return next_id_++;
}

bool HistoryChecker::Impl::End(Id id, int64_t completed_us, Answer answer) {
  AdvanceTo(completed_us);
  const auto it = under_way_.find(id);
  CHECK(it != under_way_.end());
  const UnderWay ended = std::move(it->second);
  under_way_.erase(it);
  Operation& operation = *ended.operation;
  operation.completed_us = completed_us;
  operation.answer = std::move(answer);
  Count(operation);
  if (ended.key == nullptr) {
    shared_.flushes.End(ended.operation);
    return true;
  }
  const std::string wrong = ended.key->End(ended.operation);
  if (wrong.empty()) return true;
  Report(operation, wrong);
  return false;
}

void HistoryChecker::Impl::BeginFork(int64_t begin_us) {
  CHECK_GE(begin_us, now_us_ - options_.retention_us);
  shared_.allowances.BeginFork(begin_us);
  shared_.flushes.OnFork(begin_us);
}

void HistoryChecker::Impl::AdvanceTo(int64_t time_us) {
  CHECK_LE(now_us_, time_us);
  now_us_ = time_us;
}

void HistoryChecker::Impl::Count(const Operation& operation) {
  const Outcome outcome = operation.answer.outcome;
  ++totals_.operations;
  if (outcome == Outcome::kUnknown) ++totals_.unknown;
  if (!IsRead(operation.kind)) {
    if (outcome == Outcome::kOk) ++totals_.writes_acknowledged;
  } else if (outcome == Outcome::kOk || outcome == Outcome::kNot) {
    ++totals_.reads;
  }
}

void HistoryChecker::Impl::Report(const Operation& operation, const std::string& wrong) {
  ++totals_.violations;
  if (violations_.size() >= options_.violations_max) return;
  violations_.push_back(absl::StrCat("key ", Quote(operation.key), ": ", wrong));
}

Totals HistoryChecker::Impl::totals() const {
  Totals totals = totals_;
  totals.keys = keys_.size();
  return totals;
}

HistoryChecker::HistoryChecker(const CheckerOptions& options)
    : impl_(std::make_unique<Impl>(options)) {}

HistoryChecker::~HistoryChecker() = default;

HistoryChecker::Id HistoryChecker::Begin(Operation operation) {
  return impl_->Begin(std::move(operation));
}

bool HistoryChecker::End(Id id, int64_t completed_us, Answer answer) {
  return impl_->End(id, completed_us, std::move(answer));
}

void HistoryChecker::DeclareWipe(int64_t begin_us, int64_t end_us) {
  CHECK_LE(begin_us, end_us);
  impl_->allowances().DeclareWipe(end_us);
}

void HistoryChecker::BeginFork(int64_t begin_us) { impl_->BeginFork(begin_us); }

void HistoryChecker::EndFork(int64_t end_us) { impl_->allowances().EndFork(end_us); }

bool HistoryChecker::in_fork() const { return impl_->allowances().in_fork(); }

void HistoryChecker::DeclareEvictions() { impl_->allowances().DeclareEvictions(); }

void HistoryChecker::DeclareSettled(int64_t at_us) { impl_->allowances().DeclareSettled(at_us); }

const std::vector<std::string>& HistoryChecker::violations() const { return impl_->violations(); }

Totals HistoryChecker::totals() const { return impl_->totals(); }

}  // namespace twincached::history
