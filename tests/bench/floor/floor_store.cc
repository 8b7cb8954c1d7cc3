#include "tests/bench/floor/floor_store.h"

#include <cstring>
#include <utility>

#include "absl/strings/match.h"

namespace twincached::bench {
namespace {

constexpr absl::string_view kValue = "VALUE ";
constexpr absl::string_view kEnd = "END\r\n";
constexpr absl::string_view kStored = "STORED\r\n";
constexpr absl::string_view kError = "ERROR\r\n";
constexpr absl::string_view kVersion = "VERSION 0.0.0-floor\r\n";
constexpr absl::string_view kBadLine = "CLIENT_ERROR bad line\r\n";
constexpr absl::string_view kLineEnd = "\r\n";

void Append(absl::string_view text, std::string* output) {
  output->append(text.data(), text.size());
}

// Copies `text` to `out`, returns where it ends.
char* Put(absl::string_view text, char* out) {
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

// Takes the word at the front of `*line`, and the blank behind it.
absl::string_view TakeWord(absl::string_view* line) {
  const size_t end = line->find(' ');
  const absl::string_view word = line->substr(0, end);
  line->remove_prefix(end == absl::string_view::npos ? line->size() : end + 1);
  return word;
}

bool ReadSize(absl::string_view digits, size_t* value) {
  if (digits.empty() || digits.size() > 9) return false;
  *value = 0;
  for (const char digit : digits) {
    if (digit < '0' || digit > '9') return false;
    *value = *value * 10 + static_cast<size_t>(digit - '0');
  }
  return *value <= kFloorValueBytesMax;
}

}  // namespace

FloorStore::Progress FloorStore::AnswerAll(absl::string_view input, std::string* output) {
  Progress progress;
  while (progress.bytes < input.size() && !progress.hang_up) {
    const absl::string_view rest = input.substr(progress.bytes);
    const void* newline = std::memchr(rest.data(), '\n', rest.size());
    if (newline == nullptr) {
      progress.hang_up = rest.size() > kFloorLineBytesMax;
      return progress;
    }
    const size_t line_bytes =
        static_cast<size_t>(static_cast<const char*>(newline) - rest.data()) + 1;
    absl::string_view line = rest.substr(0, line_bytes - 1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (absl::StartsWith(line, "get ")) {
      AnswerGet(line.substr(4), output);
    } else if (absl::StartsWith(line, "set ")) {
      if (!AnswerSet(rest, line_bytes, &progress, output)) return progress;
      continue;
    } else if (line == "quit") {
      progress.hang_up = true;
    } else {
      Append(line == "version" ? kVersion : kError, output);
    }
    progress.bytes += line_bytes;
  }
  return progress;
}

void FloorStore::AnswerGet(absl::string_view key, std::string* output) const {
  const auto found = items_.find(key);
  if (found != items_.end()) {
    Append(absl::string_view(found->second.text.get(), found->second.bytes), output);
  }
  Append(kEnd, output);
}

bool FloorStore::AnswerSet(absl::string_view input, size_t line_bytes, Progress* progress,
                           std::string* output) {
  absl::string_view words = input.substr(0, line_bytes - 1);
  if (!words.empty() && words.back() == '\r') words.remove_suffix(1);
  TakeWord(&words);
  const absl::string_view key = TakeWord(&words);
  const absl::string_view flags = TakeWord(&words);
  TakeWord(&words);
  const absl::string_view digits = TakeWord(&words);
  size_t data_bytes = 0;
  if (!ReadSize(digits, &data_bytes)) {
    Append(kBadLine, output);
    progress->hang_up = true;
    return false;
  }
  const size_t bytes = line_bytes + data_bytes + kLineEnd.size();
  if (input.size() < bytes) {
    progress->bytes_wanted = bytes;
    return false;
  }
  Store(key, {flags, digits, input.substr(line_bytes, data_bytes + kLineEnd.size())});
  Append(kStored, output);
  progress->bytes += bytes;
  return true;
}

void FloorStore::Store(absl::string_view key, const Value& value) {
  const size_t bytes = kValue.size() + key.size() + 1 + value.flags.size() + 1 +
                       value.digits.size() + kLineEnd.size() + value.data.size();
  auto found = items_.find(key);
  if (found == items_.end() || found->second.bytes_max < bytes) {
    if (found != items_.end()) items_.erase(found);
    std::unique_ptr<char[]> text(new char[bytes]);
    std::memcpy(text.get() + kValue.size(), key.data(), key.size());
    const absl::string_view own_key(text.get() + kValue.size(), key.size());
    found = items_.emplace(own_key, Item{std::move(text), bytes, bytes}).first;
  }
  char* out = found->second.text.get();
  found->second.bytes = bytes;
  out = Put(kValue, out);
  out += key.size();
  out = Put(value.flags, Put(" ", out));
  out = Put(value.digits, Put(" ", out));
  Put(value.data, Put(kLineEnd, out));
}

}  // namespace twincached::bench
