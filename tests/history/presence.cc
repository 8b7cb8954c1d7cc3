#include "tests/history/presence.h"

#include "absl/strings/str_cat.h"

namespace twincached::history {
namespace {

bool NeedsNoItem(Kind kind) { return kind == Kind::kSet || kind == Kind::kAdd; }

bool GivesLife(Kind kind) { return IsWrite(kind) || kind == Kind::kTouch; }

}  // namespace

void KeyPresence::Begin(const OperationPtr& operation) {
  if (NeedsNoItem(operation->kind)) writers_.Add(operation);
  if (operation->kind == Kind::kDelete) removers_.Add(operation);
  if (GivesLife(operation->kind)) expiry_.Begin(operation);
}

void KeyPresence::End(const OperationPtr& operation) {
  const Outcome outcome = operation->answer.outcome;
  if (outcome == Outcome::kUnknown) return;
  const bool done = outcome == Outcome::kOk;
  if (NeedsNoItem(operation->kind)) {
    done ? writers_.Acknowledged(*operation, allowances_) : writers_.Remove(*operation);
  }
  if (operation->kind == Kind::kDelete) {
    done ? removers_.Acknowledged(*operation, allowances_) : removers_.Remove(*operation);
  }
  if (GivesLife(operation->kind) && !done) expiry_.Remove(*operation);
}

std::string KeyPresence::CheckAway(const Operation& operation) {
  const Mark* there = there_.Before(operation.invoked_us);
  if (there == nullptr || allowances_.evictions()) return "";
  const int64_t since_us = there->level;
  if (flushes_.MayRemoveBetween(since_us, operation.completed_us)) return "";
  if (expiry_.MayEndSince(since_us, operation)) return "";
  const int suspects = removers_.CountSince(since_us, allowances_);
  if (suspects == 1) removers_.Blame(since_us, operation.completed_us, allowances_);
  if (suspects > 0) return "";
  return absl::StrCat("lost write: ", Describe(operation), ", but the item was there, shown by ",
                      Describe(*there->by), ", and nothing can have removed it since");
}

std::string KeyPresence::CheckThere(const Operation& operation) const {
  const Mark* away = AwayBefore(operation.invoked_us);
  if (away == nullptr) {
    if (writers_.empty()) return absl::StrCat("item that nobody wrote: ", Describe(operation));
  } else if (writers_.CountSince(away->level, allowances_) == 0) {
    return absl::StrCat("resurrection: ", Describe(operation), ", but the item was away, shown by ",
                        Describe(*away->by), ", and nothing can have written it since");
  }
  return CheckAlive(operation);
}

void KeyPresence::ProveAway(const OperationPtr& operation) {
  away_.Raise(operation->completed_us, operation->invoked_us, operation);
}

void KeyPresence::ProveThere(const OperationPtr& operation) {
  there_.Raise(operation->completed_us, operation->invoked_us, operation);
}

const KeyPresence::Mark* KeyPresence::AwayBefore(int64_t time_us) const {
  const Mark* own = away_.Before(time_us);
  const Mark* flush = flushes_.AwayBefore(time_us);
  if (own == nullptr || flush == nullptr) return own == nullptr ? flush : own;
  return own->level >= flush->level ? own : flush;
}

void KeyPresence::OnFork(int64_t begin_us) {
  there_.Forget(begin_us);
  away_.Forget(begin_us);
  removers_.OnFork(begin_us);
  expiry_.OnFork(begin_us);
}

void KeyPresence::Prune(const Horizon& horizon) {
  there_.Prune(horizon.retained_us);
  away_.Prune(horizon.retained_us);
  expiry_.Prune(horizon.oldest_us);
}

}  // namespace twincached::history
