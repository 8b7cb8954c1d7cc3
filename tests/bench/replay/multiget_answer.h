// MultigetAnswer: reads the answer to one get of several keys, however its bytes arrive.
//
// What it is: the judge of what a server sends for a get: which of the keys it has. What it is
// not: a connection, or a parser for a server. A value's length is judged, its bytes are not.
// Pure; owned by the player, one per server, used again for every get.
//
//   answer = *( "VALUE " key " " flags " " bytes CRLF data CRLF ) "END" CRLF
//
// The values may come in any order, each key at most once; a key that is left out is a miss.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace twincached::bench {

struct AskedKey {
  absl::string_view key;
  size_t value_bytes;  // what was set for it
};

class MultigetAnswer {
 public:
  enum class State { kIncomplete, kComplete, kBroken };

  // Begins with the answer to a get of `asked`, which outlives it.
  void Start(const std::vector<AskedKey>* asked);

  // Reads what is complete at the front of `input` and returns how many bytes that were; the rest
  // is to come again, with more behind it. REQUIRES: kIncomplete.
  size_t Take(absl::string_view input);

  State state() const { return state_; }
  // Why it is kBroken, as a sentence for a person.
  const std::string& error() const { return error_; }
  // Whether asked[index] was in the answer. REQUIRES: kComplete.
  bool Found(size_t index) const { return found_[index]; }

 private:
  size_t TakeLine(absl::string_view line, absl::string_view input);
  size_t IndexOf(absl::string_view key) const;
  size_t Break(absl::string_view reason, absl::string_view shown);

  // Borrowed until the next Start.
  const std::vector<AskedKey>* asked_ = nullptr;
  // Owned here.
  State state_ = State::kComplete;
  std::vector<bool> found_;
  size_t next_ = 0;  // where the next value is looked for first: answers come in order
  std::string error_;
};

}  // namespace twincached::bench
