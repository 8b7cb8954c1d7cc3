#include "tests/history/allowances.h"

#include <algorithm>

#include "proto/check.h"

namespace twincached::history {

int64_t AddTimes(int64_t a, int64_t b) {
  if (b > 0 && a > kForever - b) return kForever;
  return a + b;
}

void Allowances::BeginFork(int64_t begin_us) {
  CHECK(!in_fork());
  forks_.push_back(Fork{begin_us, kForever});
}

void Allowances::EndFork(int64_t end_us) {
  CHECK(in_fork());
  CHECK_LE(forks_.back().begin_us, end_us);
  forks_.back().end_us = end_us;
}

void Allowances::DeclareWipe(int64_t end_us) {
  newest_wipe_us_ = std::max(newest_wipe_us_, end_us);
}

void Allowances::DeclareSettled(int64_t at_us) {
  CHECK(settled_us_.empty() || settled_us_.back() <= at_us);
  settled_us_.push_back(at_us);
}

bool Allowances::Proves(const Operation& operation) const {
  const Outcome outcome = operation.answer.outcome;
  if (outcome == Outcome::kUnknown || outcome == Outcome::kFailed) return false;
  return ForkDuring(operation) == nullptr;
}

int64_t Allowances::LatestEffect(const Operation& operation) const {
  if (operation.completed_us == kForever) return kForever;
  if (operation.answer.outcome == Outcome::kUnknown) {
    auto it = std::upper_bound(settled_us_.begin(), settled_us_.end(), operation.completed_us);
    return it == settled_us_.end() ? kForever : *it;
  }
  const Fork* fork = ForkDuring(operation);
  return fork == nullptr ? operation.completed_us : std::max(fork->end_us, operation.completed_us);
}

// The newest that touches it: what was written in an earlier one as well may come back in this.
const Allowances::Fork* Allowances::ForkDuring(const Operation& operation) const {
  for (auto fork = forks_.rbegin(); fork != forks_.rend(); ++fork) {
    if (fork->end_us < operation.invoked_us) return nullptr;
    if (fork->begin_us <= operation.completed_us) return &*fork;
  }
  return nullptr;
}

}  // namespace twincached::history
