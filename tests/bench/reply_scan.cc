#include "tests/bench/reply_scan.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/match.h"

namespace twincached::bench {
namespace {

constexpr absl::string_view kStored = "STORED\r\n";
constexpr absl::string_view kEnd = "END\r\n";
constexpr absl::string_view kValueTail = "\r\nEND\r\n";
constexpr absl::string_view kValue = "VALUE ";

// No value is larger than memcached's own limit on -I.
constexpr size_t kValueBytesMax = size_t{1} << 30;

constexpr ReplyScan kNeedMore = {ReplyOutcome::kIncomplete, 0};

bool IsErrorLine(absl::string_view line) {
  return line == "ERROR\r\n" || line == "NOT_STORED\r\n" ||
         absl::StartsWith(line, "CLIENT_ERROR ") || absl::StartsWith(line, "SERVER_ERROR ");
}

// Takes the decimal number at the front of `*text`. False when there is none or it is too large.
bool TakeNumber(absl::string_view* text, size_t* number) {
  size_t digits = 0;
  size_t value = 0;
  while (digits < text->size() && (*text)[digits] >= '0' && (*text)[digits] <= '9') {
    value = value * 10 + static_cast<size_t>((*text)[digits] - '0');
    if (value > kValueBytesMax * 4) return false;
    ++digits;
  }
  if (digits == 0) return false;
  text->remove_prefix(digits);
  *number = value;
  return true;
}

// Reads the line "VALUE key flags bytes\r\n"; false when it is anything else.
bool ReadValueLine(absl::string_view line, absl::string_view key, size_t* data_bytes) {
  if (!absl::StartsWith(line, kValue)) return false;
  line.remove_prefix(kValue.size());
  if (!absl::StartsWith(line, key)) return false;
  line.remove_prefix(key.size());
  size_t flags = 0;
  if (line.empty() || line[0] != ' ') return false;
  line.remove_prefix(1);
  if (!TakeNumber(&line, &flags) || line.empty() || line[0] != ' ') return false;
  line.remove_prefix(1);
  return TakeNumber(&line, data_bytes) && *data_bytes <= kValueBytesMax && line == "\r\n";
}

ReplyScan ScanGetLine(absl::string_view key, absl::string_view line, absl::string_view input) {
  if (line == kEnd) return {ReplyOutcome::kMiss, line.size()};
  size_t data_bytes = 0;
  if (!ReadValueLine(line, key, &data_bytes)) return {ReplyOutcome::kBroken, line.size()};
  const size_t tail_begin = line.size() + data_bytes;
  const absl::string_view tail =
      tail_begin < input.size() ? input.substr(tail_begin, kValueTail.size()) : "";
  if (tail != kValueTail.substr(0, tail.size())) {
    return {ReplyOutcome::kBroken, tail_begin + tail.size()};
  }
  if (tail.size() < kValueTail.size()) return kNeedMore;
  return {ReplyOutcome::kHit, tail_begin + kValueTail.size()};
}

}  // namespace

ReplyScan ScanReply(RequestKind kind, absl::string_view key, absl::string_view input) {
  if (kind == RequestKind::kSet && absl::StartsWith(input, kStored)) {
    return {ReplyOutcome::kStored, kStored.size()};
  }
  const size_t searched = std::min(input.size(), kReplyLineBytesMax);
  const void* newline = searched == 0 ? nullptr : std::memchr(input.data(), '\n', searched);
  if (newline == nullptr) {
    if (searched < kReplyLineBytesMax) return kNeedMore;
    return {ReplyOutcome::kBroken, searched};
  }
  const size_t line_bytes =
      static_cast<size_t>(static_cast<const char*>(newline) - input.data()) + 1;
  const absl::string_view line = input.substr(0, line_bytes);
  if (IsErrorLine(line)) return {ReplyOutcome::kErrorLine, line_bytes};
  if (kind == RequestKind::kGet) return ScanGetLine(key, line, input);
  return {ReplyOutcome::kBroken, line_bytes};
}

}  // namespace twincached::bench
