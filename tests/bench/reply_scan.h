// ScanReply: finds and judges the one reply at the front of the bytes a server sent.
//
// What it is: the load generator's whole knowledge of replies, cheap enough not to slow the load:
// one line, one length, fixed comparisons. What it is not: a protocol parser for a server; it
// knows only the answers to the two requests that this load sends.
// A pure function: it holds no state, so a reply that arrives in pieces is scanned again from its
// first byte, at the cost of its first line only.
//
//   set reply = "STORED\r\n"
//   get reply = [ "VALUE " key " " flags " " bytes "\r\n" data "\r\n" ] "END\r\n"
//   either    = ( "ERROR" / "CLIENT_ERROR" ... / "SERVER_ERROR" ... / "NOT_STORED" ) "\r\n"
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace twincached::bench {

// A line that is longer than this is no reply of a memcached server.
constexpr size_t kReplyLineBytesMax = 2048;

enum class RequestKind : uint8_t { kGet, kSet };

enum class ReplyOutcome : uint8_t {
  kIncomplete,  // more bytes are needed
  kStored,      // a set was stored
  kHit,         // a get found the key that it asked for
  kMiss,        // a get found nothing
  kErrorLine,   // one complete line that refuses the request; the stream goes on behind it
  kBroken,      // not an answer to this request: nothing behind it can be trusted
};

struct ReplyScan {
  ReplyOutcome outcome;
  // The reply's length from the front; 0 when kIncomplete. When kBroken: how many bytes are worth
  // showing.
  size_t bytes;
};

// Judges the reply to a request of `kind` for `key` at the front of `input`.
ReplyScan ScanReply(RequestKind kind, absl::string_view key, absl::string_view input);

}  // namespace twincached::bench
