// What a session made of its input, in words that a test can compare.
//
// Plays the LISTENER: keeps what was not consumed, calls Next() until it wants more. What there is
// lies in an allocation that ends with it, so that a sanitizer sees a read beyond it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "proto/memcache/request.h"
#include "proto/memcache/session.h"

namespace twincached {

// The clock of every conversation here.
inline constexpr SessionClock kTestClock = {/*stream_ms=*/50'000, /*unix_ms=*/1'700'000'000'000};

// When to look at the input again after kNeedMore.
enum class Patience { kEveryChunk, kUntilWanted };

class Conversation {
 public:
  explicit Conversation(size_t item_size_max = 1 << 20, Patience patience = Patience::kEveryChunk)
      : session_(item_size_max), patience_(patience) {}

  // Adds bytes; what they complete is added to heard().
  void Say(const std::string& bytes);

  // One entry per request, in order; "close" at the end when the session closed the connection:
  //   set k flags=5 expiry=51000 [abc]
  //   get k                                  ("get k END" when it is the last key)
  //   delete k noreply
  //   reply ERROR
  //   stats settings
  const std::vector<std::string>& heard() const { return heard_; }
  size_t unconsumed() const { return input_.size(); }

 private:
  // Hears at most one request; false when the session wants more.
  bool Listen(absl::string_view* rest);

  ClientSession session_;
  Patience patience_;
  std::string input_;
  size_t wanted_ = 0;
  bool closed_ = false;
  std::vector<std::string> heard_;
};

// What a new conversation hears when it is told all of `bytes` at once.
std::vector<std::string> HearWhole(const std::string& bytes);

// The same, in pieces of `piece_bytes`.
std::vector<std::string> HearInPieces(const std::string& bytes, size_t piece_bytes,
                                      Patience patience = Patience::kEveryChunk);

}  // namespace twincached
