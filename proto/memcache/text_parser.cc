#include "proto/memcache/text_parser.h"

#include <algorithm>
#include <cstring>

#include "proto/check.h"
#include "proto/limits.h"
#include "proto/memcache/text_replies.h"
#include "proto/memcache/text_words.h"

namespace twincached {
namespace {

const char* FindByte(absl::string_view text, char byte) {
  if (text.empty()) return nullptr;
  return static_cast<const char*>(std::memchr(text.data(), byte, text.size()));
}

// The only lines that may be long. memcached allows a hundred spaces before them.
bool IsGet(absl::string_view line) {
  constexpr size_t kLeadingSpacesMax = 100;
  const size_t size_before = line.size();
  SkipSpaces(&line);
  if (size_before - line.size() > kLeadingSpacesMax) return false;
  return line.substr(0, 4) == "get " || line.substr(0, 5) == "gets ";
}

}  // namespace

ParseStep TextParser::Next(absl::string_view input, const SessionClock& clock, Request* request) {
  size_t consumed = 0;
  for (;;) {
    const Look look = LookAt(input.substr(consumed), clock, request);
    consumed += look.consumed;
    switch (look.outcome) {
      case Look::Outcome::kAgain:
        continue;
      case Look::Outcome::kRequest:
        return {ParseOutcome::kRequest, consumed, 0};
      case Look::Outcome::kNeedMore:
        return {ParseOutcome::kNeedMore, consumed, look.wanted};
      case Look::Outcome::kClose:
        break;
    }
    closed_ = true;
    *request = Request();
    request->kind = RequestKind::kImmediate;
    request->form = ReplyForm::kFixed;
    return {ParseOutcome::kClose, consumed, 0};
  }
}

TextParser::Look TextParser::LookAt(absl::string_view input, const SessionClock& clock,
                                    Request* request) {
  if (closed_) return {Look::Outcome::kClose};
  if (keys_bytes_ != 0) return TakeKey(input, request);
  if (swallow_bytes_ != 0) return Swallow(input);
  return TakeLine(input, clock, request);
}

TextParser::Look TextParser::Swallow(absl::string_view input) {
  const size_t bytes = std::min(swallow_bytes_, input.size());
  swallow_bytes_ -= bytes;
  if (swallow_bytes_ != 0) return {Look::Outcome::kNeedMore, bytes, 1};
  return {Look::Outcome::kAgain, bytes};
}

TextParser::Look TextParser::TakeKey(absl::string_view input, Request* request) {
  CHECK_GE(input.size(), keys_bytes_ + keys_tail_bytes_);
  absl::string_view rest = input.substr(0, keys_bytes_);
  *request = keys_request_;
  request->command.key = TakeWord(&rest);
  SkipSpaces(&rest);
  request->last_key = rest.empty();
  size_t consumed = keys_bytes_ - rest.size();
  keys_bytes_ = rest.size();
  if (request->last_key) consumed += keys_tail_bytes_;
  return {Look::Outcome::kRequest, consumed};
}

TextParser::Look TextParser::TakeLine(absl::string_view input, const SessionClock& clock,
                                      Request* request) {
  Line line;
  switch (FindLine(input, &line)) {
    case Search::kNeedMore:
      return {Look::Outcome::kNeedMore, 0, input.size() + 1};
    case Search::kTooLong:
      return {Look::Outcome::kClose};
    case Search::kFound:
      break;
  }
  const LineResult result = ParseTextLine(line.text, {clock, item_size_max_}, request);
  switch (result.outcome) {
    case LineOutcome::kValue: {
      const size_t bytes = line.bytes + result.data_bytes;
      if (input.size() < bytes) return {Look::Outcome::kNeedMore, 0, bytes};
      return TakeValue(input.substr(0, bytes), line, request);
    }
    case LineOutcome::kKeys:
      keys_request_ = *request;
      return BeginKeys(input, line, result.keys);
    case LineOutcome::kClose:
      return {Look::Outcome::kClose, line.bytes};
    case LineOutcome::kSilent:
    case LineOutcome::kRequest:
      break;
  }
  swallow_bytes_ = result.data_bytes;
  if (result.outcome == LineOutcome::kSilent) return {Look::Outcome::kAgain, line.bytes};
  closed_ = request->kind == RequestKind::kQuit;
  return {Look::Outcome::kRequest, line.bytes};
}

// `input` is the line with its value and the two bytes behind that.
TextParser::Look TextParser::TakeValue(absl::string_view input, const Line& line,
                                       Request* request) {
  const size_t value_bytes = input.size() - line.bytes - 2;
  if (input.substr(input.size() - 2) == "\r\n") {
    request->command.value = input.substr(line.bytes, value_bytes);
    return {Look::Outcome::kRequest, input.size()};
  }
  if (request->noreply) return {Look::Outcome::kAgain, input.size()};
  *request = Request();
  request->kind = RequestKind::kImmediate;
  request->form = ReplyForm::kFixed;
  request->text = text_replies::kBadChunk;
  return {Look::Outcome::kRequest, input.size()};
}

TextParser::Look TextParser::BeginKeys(absl::string_view input, const Line& line,
                                       absl::string_view keys) {
  DCHECK(!keys.empty());
  const size_t consumed = static_cast<size_t>(keys.data() - input.data());
  keys_bytes_ = keys.size();
  keys_tail_bytes_ = line.bytes - consumed - keys.size();
  return {Look::Outcome::kAgain, consumed};
}

TextParser::Search TextParser::FindLine(absl::string_view input, Line* line) {
  DCHECK_LE(scanned_, input.size());
  const char* const newline = FindByte(input.substr(scanned_), '\n');
  scanned_ = newline == nullptr ? input.size() : 0;
  const size_t bytes =
      newline == nullptr ? input.size() : static_cast<size_t>(newline - input.data()) + 1;
  const size_t bytes_max = newline == nullptr ? kLineBytesMax : kWholeLineBytesMax;
  if (bytes > bytes_max && !(bytes <= kGetLineBytesMax && IsGet(input))) return Search::kTooLong;
  if (newline == nullptr) return Search::kNeedMore;
  absl::string_view text = input.substr(0, bytes - 1);
  if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
  if (const char* const zero = FindByte(text, '\0')) {
    text = text.substr(0, static_cast<size_t>(zero - text.data()));
  }
  *line = {text, bytes};
  return Search::kFound;
}

}  // namespace twincached
