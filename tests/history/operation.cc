#include "tests/history/operation.h"

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace twincached::history {
namespace {

constexpr absl::string_view kKindNames[kKinds] = {
    "get", "gets", "set", "add", "replace", "cas", "delete", "incr", "decr", "touch", "flush"};
constexpr absl::string_view kOutcomeNames[kOutcomes] = {"ok", "not", "exists", "unknown", "failed"};

constexpr size_t kQuotedBytesMax = 60;

std::string DescribeArgument(const Operation& operation) {
  std::string text;
  if (IsWrite(operation.kind)) text = absl::StrCat(" ", Quote(operation.value));
  if (operation.kind == Kind::kCas) absl::StrAppend(&text, " over id ", operation.cas);
  if (operation.delta != 0) absl::StrAppend(&text, " by ", operation.delta);
  if (operation.ttl_us != 0) absl::StrAppend(&text, " for ", operation.ttl_us, " us");
  return text;
}

std::string DescribeAnswer(const Operation& operation) {
  if (operation.completed_us == kForever) return "under way";
  const Answer& answer = operation.answer;
  if (answer.outcome != Outcome::kOk) return std::string(NameOf(answer.outcome));
  if (operation.delta != 0) return absl::StrCat(answer.number);
  if (!IsRead(operation.kind)) return "ok";
  std::string text = Quote(answer.value);
  if (answer.cas != 0) absl::StrAppend(&text, " with id ", answer.cas);
  return text;
}

}  // namespace

bool IsWrite(Kind kind) {
  return kind == Kind::kSet || kind == Kind::kAdd || kind == Kind::kReplace || kind == Kind::kCas;
}

bool IsRead(Kind kind) { return kind == Kind::kGet || kind == Kind::kGets; }

bool ParseNumber(absl::string_view text, uint64_t* number) {
  text = absl::StripTrailingAsciiWhitespace(text);
  if (text.empty()) return false;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
  }
  int64_t parsed = 0;
  if (!absl::SimpleAtoi(text, &parsed)) return false;
  if (number != nullptr) *number = static_cast<uint64_t>(parsed);
  return true;
}

absl::string_view NameOf(Kind kind) { return kKindNames[static_cast<size_t>(kind)]; }

absl::string_view NameOf(Outcome outcome) { return kOutcomeNames[static_cast<size_t>(outcome)]; }

std::string Describe(const Operation& operation) {
  const std::string end = operation.completed_us == kForever ? std::string("...")
                                                             : absl::StrCat(operation.completed_us);
  return absl::StrCat(NameOf(operation.kind), DescribeArgument(operation), " [",
                      operation.invoked_us, ", ", end, "] by client ", operation.client, ": ",
                      DescribeAnswer(operation));
}

std::string Quote(absl::string_view text) {
  if (text.size() <= kQuotedBytesMax) return absl::StrCat("\"", absl::CHexEscape(text), "\"");
  return absl::StrCat("\"", absl::CHexEscape(text.substr(0, kQuotedBytesMax)), "\"... (",
                      text.size(), " bytes)");
}

}  // namespace twincached::history
