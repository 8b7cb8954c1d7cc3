// The words of a command line: what is between spaces, and nothing else separates words.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "absl/strings/string_view.h"
#include "proto/check.h"

namespace twincached {

inline void SkipSpaces(absl::string_view* text) {
  size_t spaces = 0;
  while (spaces < text->size() && (*text)[spaces] == ' ') ++spaces;
  text->remove_prefix(spaces);
}

// Takes the first word off `rest`; empty when there is none.
inline absl::string_view TakeWord(absl::string_view* rest) {
  SkipSpaces(rest);
  if (rest->empty()) return {};
  const void* const space = std::memchr(rest->data(), ' ', rest->size());
  const size_t size = space == nullptr
                          ? rest->size()
                          : static_cast<size_t>(static_cast<const char*>(space) - rest->data());
  const absl::string_view word(rest->data(), size);
  rest->remove_prefix(size);
  return word;
}

// The first kWordsMax words of a line; memcached sees no more than these either. Holds views of the
// line.
class TextWords {
 public:
  static constexpr size_t kWordsMax = 23;

  // `first` is the first word, `rest` what follows it in the same line. No words when `first` is
  // empty.
  TextWords(absl::string_view first, absl::string_view rest) : line_(first.data()) {
    for (absl::string_view word = first; !word.empty(); word = TakeWord(&rest)) {
      begin_[size_] = static_cast<uint32_t>(word.data() - line_);
      bytes_[size_] = static_cast<uint32_t>(word.size());
      if (++size_ == kWordsMax) break;
    }
  }

  size_t size() const { return size_; }
  absl::string_view operator[](size_t index) const {
    DCHECK_LT(index, size_);
    return {line_ + begin_[index], bytes_[index]};
  }
  // REQUIRES: size() > 0.
  absl::string_view back() const { return (*this)[size_ - 1]; }

 private:
  const char* line_;
  size_t size_ = 0;
  uint32_t begin_[kWordsMax];  // set up to size_
  uint32_t bytes_[kWordsMax];
};

}  // namespace twincached
