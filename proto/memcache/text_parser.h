// memcached's text protocol from bytes to requests: lines, values, keys.
//
// Pure and O(1) in memory: what has not arrived in full stays with the caller. What a line means is
// text_commands.h's affair. Owned by a ClientSession.
//
//   conversation = *( line [value "\r\n"] )
//   line         = *byte ["\r"] "\n"            a binary zero ends what is looked at
//
// Invariants:
//   1. However the bytes are split over calls, the requests are the same. One exception, which is
//      memcached's: a line over kLineBytesMax bytes that is no get closes the connection when its
//      end has not arrived with it, and is a line like any other when it has (up to
//      kWholeLineBytesMax).
//   2. Bytes to be thrown away (a value that is too large) are consumed as they arrive.
//   3. A value is never executed as a command, but behind a bad data chunk, as in memcached, the
//      next line begins two bytes after the announced length.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "proto/memcache/request.h"
#include "proto/memcache/text_commands.h"

namespace twincached {

class TextParser {
 public:
  explicit TextParser(size_t item_size_max) : item_size_max_(item_size_max) {}

  // See ClientSession::Next.
  ParseStep Next(absl::string_view input, const SessionClock& clock, Request* request);

 private:
  // What one look at the input came to.
  struct Look {
    enum class Outcome : uint8_t { kAgain, kRequest, kNeedMore, kClose } outcome;
    size_t consumed = 0;
    size_t wanted = 0;  // kNeedMore: bytes behind the consumed ones
  };
  struct Line {
    absl::string_view text;  // without its end and what follows a binary zero
    size_t bytes;            // with its end
  };
  enum class Search : uint8_t { kFound, kNeedMore, kTooLong };

  Look LookAt(absl::string_view input, const SessionClock& clock, Request* request);
  Look Swallow(absl::string_view input);
  Look TakeKey(absl::string_view input, Request* request);
  Look TakeLine(absl::string_view input, const SessionClock& clock, Request* request);
  Look TakeValue(absl::string_view input, const Line& line, Request* request);
  Look BeginKeys(absl::string_view input, const Line& line, absl::string_view keys);
  Search FindLine(absl::string_view input, Line* line);

  // Fixed at construction.
  size_t item_size_max_;

  // Where the conversation is. At most one of scanned_, swallow_bytes_ and keys_bytes_ is not 0.
  size_t scanned_ = 0;          // so many bytes of the unconsumed input hold no line end
  size_t swallow_bytes_ = 0;    // still to be thrown away
  size_t keys_bytes_ = 0;       // the unconsumed input begins with the rest of a retrieval's keys
  size_t keys_tail_bytes_ = 0;  // behind them, up to the next line
  Request keys_request_;        // what to do with each of these keys
  bool closed_ = false;
};

}  // namespace twincached
