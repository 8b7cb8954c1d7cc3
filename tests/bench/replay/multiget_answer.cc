#include "tests/bench/replay/multiget_answer.h"

#include <cstdint>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "proto/check.h"
#include "tests/bench/reply_scan.h"

namespace twincached::bench {
namespace {

constexpr absl::string_view kLineEnd = "\r\n";
constexpr size_t kShownBytesMax = 120;

// A number as a server writes it: digits only.
bool ReadNumber(absl::string_view text, uint32_t* number) {
  return !text.empty() && text[0] >= '0' && text[0] <= '9' && absl::SimpleAtoi(text, number);
}

}  // namespace

void MultigetAnswer::Start(const std::vector<AskedKey>* asked) {
  asked_ = asked;
  state_ = State::kIncomplete;
  found_.assign(asked->size(), false);
  next_ = 0;
  error_.clear();
}

size_t MultigetAnswer::Take(absl::string_view input) {
  DCHECK(state_ == State::kIncomplete);
  size_t taken = 0;
  while (state_ == State::kIncomplete) {
    const absl::string_view rest = input.substr(taken);
    const size_t newline = rest.substr(0, kReplyLineBytesMax).find('\n');
    if (newline == absl::string_view::npos) {
      if (rest.size() >= kReplyLineBytesMax) Break("a line without an end", rest);
      break;
    }
    const size_t bytes = TakeLine(rest.substr(0, newline + 1), rest);
    if (bytes == 0) break;
    taken += bytes;
  }
  return taken;
}

// Returns the length of the line and of the value behind it; 0 when that is not complete, or wrong.
size_t MultigetAnswer::TakeLine(absl::string_view line, absl::string_view input) {
  if (line == "END\r\n") {
    state_ = State::kComplete;
    return line.size();
  }
  if (!absl::EndsWith(line, kLineEnd)) return Break("not an answer to a get", line);
  const std::vector<absl::string_view> words =
      absl::StrSplit(line.substr(0, line.size() - kLineEnd.size()), ' ');
  uint32_t flags = 0;
  uint32_t value_bytes = 0;
  if (words.size() != 4 || words[0] != "VALUE" || !ReadNumber(words[2], &flags) ||
      !ReadNumber(words[3], &value_bytes)) {
    return Break("not an answer to a get", line);
  }
  const size_t index = IndexOf(words[1]);
  if (index == asked_->size()) return Break("a key that was not asked for", line);
  if (found_[index]) return Break("a key for the second time", line);
  if (value_bytes != (*asked_)[index].value_bytes) return Break("a value that was not set", line);
  const size_t block_bytes = line.size() + value_bytes + kLineEnd.size();
  if (input.size() < block_bytes) return 0;
  if (input.substr(block_bytes - kLineEnd.size(), kLineEnd.size()) != kLineEnd) {
    return Break("a value longer than its length", line);
  }
  found_[index] = true;
  next_ = index + 1;
  return block_bytes;
}

// asked_->size() when there is no such key.
size_t MultigetAnswer::IndexOf(absl::string_view key) const {
  for (size_t i = 0; i < asked_->size(); ++i) {
    const size_t index = (next_ + i) % asked_->size();
    if ((*asked_)[index].key == key) return index;
  }
  return asked_->size();
}

size_t MultigetAnswer::Break(absl::string_view reason, absl::string_view shown) {
  state_ = State::kBroken;
  error_ = absl::StrCat(reason, ": ", absl::CHexEscape(shown.substr(0, kShownBytesMax)));
  return 0;
}

}  // namespace twincached::bench
