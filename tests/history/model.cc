#include "tests/history/model.h"

#include "absl/strings/str_cat.h"

namespace twincached::history {
namespace {

Answer Plain(Outcome outcome) {
  Answer answer;
  answer.outcome = outcome;
  return answer;
}

int64_t EndOfLife(const Operation& operation, int64_t now_us) {
  return operation.ttl_us == 0 ? kForever : now_us + operation.ttl_us;
}

}  // namespace

const Model::Item* Model::Find(const std::string& key, int64_t now_us) const {
  const auto it = items_.find(key);
  return it == items_.end() || it->second.end_us <= now_us ? nullptr : &it->second;
}

Answer Model::Apply(const Operation& operation, int64_t now_us) {
  if (operation.kind == Kind::kFlush) {
    items_.clear();
    return Plain(Outcome::kOk);
  }
  if (IsWrite(operation.kind)) return Write(operation, now_us);
  if (Find(operation.key, now_us) == nullptr) return Plain(Outcome::kNot);
  Item& item = items_[operation.key];
  Answer answer = Plain(Outcome::kOk);
  switch (operation.kind) {
    case Kind::kGets:
      answer.cas = item.cas;
      answer.value = item.value;
      break;
    case Kind::kGet:
      answer.value = item.value;
      break;
    case Kind::kDelete:
      items_.erase(operation.key);
      break;
    case Kind::kTouch:
      item.end_us = EndOfLife(operation, now_us);
      break;
    default:
      return Step(operation, &item);
  }
  return answer;
}

Answer Model::Write(const Operation& operation, int64_t now_us) {
  const Item* old = Find(operation.key, now_us);
  if (operation.kind == Kind::kAdd && old != nullptr) return Plain(Outcome::kNot);
  if (operation.kind == Kind::kReplace || operation.kind == Kind::kCas) {
    if (old == nullptr) return Plain(Outcome::kNot);
  }
  if (operation.kind == Kind::kCas && old->cas != operation.cas) return Plain(Outcome::kExists);
  items_[operation.key] = Item{operation.value, ++last_cas_, EndOfLife(operation, now_us)};
  return Plain(Outcome::kOk);
}

Answer Model::Step(const Operation& operation, Item* item) {
  uint64_t number = 0;
  if (!ParseNumber(item->value, &number)) return Plain(Outcome::kFailed);
  if (operation.kind == Kind::kIncr) {
    number += operation.delta;
  } else {
    number = number > operation.delta ? number - operation.delta : 0;
  }
  item->value = absl::StrCat(number);
  item->cas = ++last_cas_;
  Answer answer = Plain(Outcome::kOk);
  answer.number = number;
  return answer;
}

}  // namespace twincached::history
