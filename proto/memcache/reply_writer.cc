#include "proto/memcache/reply_writer.h"

#include <cstring>

#include "absl/strings/string_view.h"
#include "proto/check.h"
#include "proto/limits.h"
#include "proto/memcache/decimal.h"
#include "proto/memcache/text_replies.h"

namespace twincached {
namespace {

constexpr absl::string_view kValuePrefix = "VALUE ";
constexpr absl::string_view kValueEnd = "\r\n";
constexpr absl::string_view kValueAndListEnd = "\r\nEND\r\n";

// prefix key " " flags " " bytes " " cas "\r\n"
constexpr size_t kValueLineBytesMax =
    kValuePrefix.size() + kKeyBytesMax + 3 * (1 + kDecimalDigitsMax) + 2;

void Append(absl::string_view text, std::string* out) { out->append(text.data(), text.size()); }

char* WriteField(uint64_t value, char* to) {
  *to = ' ';
  return WriteDecimal(value, to + 1);
}

void ComposeHit(const Request& request, const Reply& reply, std::string* out) {
  ComposeBeforeValue(request, reply, out);
  Append(reply.value, out);
  ComposeBehindValue(request, out);
}

absl::string_view TooLarge(Op op) {
  // memcached finds out that the sum of two values is too large only when it stores it.
  return op == Op::kAppend || op == Op::kPrepend ? text_replies::kNotStored
                                                 : text_replies::kTooLarge;
}

absl::string_view OutOfMemory(Op op) {
  return op == Op::kIncr || op == Op::kDecr ? text_replies::kOutOfMemoryDelta
                                            : text_replies::kOutOfMemory;
}

// The line for every status but those that carry a value or a number.
absl::string_view StatusLine(Op op, Status status) {
  switch (status) {
    case Status::kStored:
      return text_replies::kStored;
    case Status::kNotStored:
      return text_replies::kNotStored;
    case Status::kExists:
      return text_replies::kExists;
    case Status::kNotFound:
      return text_replies::kNotFound;
    case Status::kDeleted:
      return text_replies::kDeleted;
    case Status::kNonNumeric:
      return text_replies::kNonNumeric;
    case Status::kTouched:
      return text_replies::kTouched;
    case Status::kFlushed:
      return text_replies::kOk;
    case Status::kTooLarge:
      return TooLarge(op);
    case Status::kOutOfMemory:
      return OutOfMemory(op);
    case Status::kNoReplica:
      return text_replies::kNoReplica;
    case Status::kHit:
    case Status::kMiss:
    case Status::kNumber:
      break;
  }
  CHECK(false);
  return {};
}

void ComposeValue(const Request& request, const Reply& reply, std::string* out) {
  if (reply.status == Status::kHit) return ComposeHit(request, reply, out);
  if (!request.last_key) return;
  const bool is_miss = reply.status == Status::kMiss || reply.status == Status::kNotFound;
  Append(is_miss ? text_replies::kEnd : StatusLine(request.command.op, reply.status), out);
}

void ComposeStatus(const Request& request, const Reply& reply, std::string* out) {
  if (reply.status != Status::kNumber)
    return Append(StatusLine(request.command.op, reply.status), out);
  char line[kDecimalDigitsMax + 2];
  char* at = WriteDecimal(reply.number, line);
  *at++ = '\r';
  *at++ = '\n';
  out->append(line, static_cast<size_t>(at - line));
}

}  // namespace

bool HasValue(const Request& request, const Reply& reply) {
  const bool may_have =
      request.form == ReplyForm::kTextValue || request.form == ReplyForm::kTextValueWithCas;
  return may_have && reply.status == Status::kHit && !request.noreply;
}

void ComposeBeforeValue(const Request& request, const Reply& reply, std::string* out) {
  const absl::string_view key = request.command.key;
  CHECK_LE(key.size(), kKeyBytesMax);
  char line[kValueLineBytesMax];
  char* at = line;
  std::memcpy(at, kValuePrefix.data(), kValuePrefix.size());
  at += kValuePrefix.size();
  std::memcpy(at, key.data(), key.size());
  at = WriteField(reply.client_flags, at + key.size());
  at = WriteField(reply.value.size(), at);
  if (request.form == ReplyForm::kTextValueWithCas) at = WriteField(reply.cas, at);
  *at++ = '\r';
  *at++ = '\n';
  out->append(line, static_cast<size_t>(at - line));
}

void ComposeBehindValue(const Request& request, std::string* out) {
  Append(request.last_key ? kValueAndListEnd : kValueEnd, out);
}

void ComposeReply(const Request& request, const Reply& reply, std::string* out) {
  if (request.noreply) return;
  switch (request.form) {
    case ReplyForm::kTextValue:
    case ReplyForm::kTextValueWithCas:
      return ComposeValue(request, reply, out);
    case ReplyForm::kTextStatus:
      return ComposeStatus(request, reply, out);
    case ReplyForm::kFixed:
      return Append(request.text, out);
  }
}

}  // namespace twincached
