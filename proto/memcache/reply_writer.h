// Replies as bytes: what a client sees.
//
// Appends only; owns nothing and keeps nothing. The text protocol's grammar (source: protocol.txt
// of memcached, and memcached 1.6.18 itself where that is silent):
//
//   value   = "VALUE " key " " flags " " bytes [" " cas] "\r\n" data "\r\n"     for a hit, nothing
//   for a miss values  = *value "END\r\n" status  = "STORED\r\n" / "NOT_STORED\r\n" / "EXISTS\r\n"
//   / "NOT_FOUND\r\n" / "DELETED\r\n" / "TOUCHED\r\n"
//           / "OK\r\n" / number "\r\n" / error
#pragma once

#include <string>

#include "proto/memcache/command.h"
#include "proto/memcache/request.h"

namespace twincached {

// Appends the bytes of `reply` to `out`; nothing for noreply.
// A failure (kNoReplica, kOutOfMemory) of one key of a gat answers in place of END when it is the
// last key, because a client stops reading at an error line; of any other key it looks like a miss.
// REQUIRES: request.kind is kStore, kFlush, kImmediate or kVerbosity.
void ComposeReply(const Request& request, const Reply& reply, std::string* out);

// A hit in three parts, for a caller that has the value's bytes elsewhere: what comes before them
// and behind them. REQUIRES: HasValue().
bool HasValue(const Request& request, const Reply& reply);
void ComposeBeforeValue(const Request& request, const Reply& reply, std::string* out);
void ComposeBehindValue(const Request& request, std::string* out);

}  // namespace twincached
