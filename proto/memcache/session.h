// One client's conversation: bytes in, requests out; replies in, bytes out.
//
// Pure: no socket, no clock but the one passed in, no store. The LISTENER owns one ClientSession
// per connection and calls Next() until it wants more bytes. Today every session speaks the text
// protocol; the session is where another protocol would be chosen by the first byte of a
// connection.
//
// A multi-key get comes out as one Request per key, in order, the last one marked. The LISTENER
// composes replies strictly in the order in which requests came out, whatever shard they went to
// (ComposeReply in reply_writer.h).
#pragma once

#include <cstddef>

#include "absl/strings/string_view.h"
#include "proto/memcache/command.h"
#include "proto/memcache/reply_writer.h"
#include "proto/memcache/request.h"
#include "proto/memcache/text_parser.h"

namespace twincached {

class ClientSession {
 public:
  // item_size_max: -I, in bytes; a bigger item is answered with an error, swallowed and never
  // executed.
  explicit ClientSession(size_t item_size_max) : text_(item_size_max) {}

  // Parses at the beginning of `input`, which starts at the first byte not yet consumed: after
  // kNeedMore the caller comes back with the same unconsumed bytes and more behind them. Never
  // keeps a view of it beyond the returned request. Memory held inside the session is O(1). After
  // kClose or kQuit every further call answers kClose.
  ParseStep Next(absl::string_view input, const SessionClock& clock, Request* request) {
    return text_.Next(input, clock, request);
  }

 private:
  TextParser text_;
};

}  // namespace twincached
