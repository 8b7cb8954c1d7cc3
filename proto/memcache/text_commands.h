// One command line of memcached's text protocol: what it asks for.
//
// Knows the grammar of each command and nothing of buffers: TextParser finds the lines, the values
// and the keys. Source: protocol.txt, and memcached 1.6.18 itself for everything that it leaves
// open, above all the errors.
//
//   get|gets <key>*                       gat|gats <exptime> <key>*
//   set|add|replace|append|prepend <key> <flags> <exptime> <bytes> [noreply]
//   cas <key> <flags> <exptime> <bytes> <cas> [noreply]
//   incr|decr <key> <delta> [noreply]     touch <key> <exptime> [noreply]
//   delete <key> [0] [noreply]            flush_all [delay] [noreply]
//   stats [argument]   version   verbosity <level> [noreply]   quit
//   replication <word>                    ours: see replication_command.h
//
// The last word decides about noreply before anything else is looked at, so a mistake in a noreply
// command is silent; a wrong number of words is not.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "proto/memcache/request.h"

namespace twincached {

enum class LineOutcome : uint8_t {
  kRequest,  // *request is complete
  kSilent,   // nothing to do, nothing to answer
  kValue,    // *request lacks its value, which comes in the data bytes
  kKeys,     // *request is a retrieval that lacks its key; one request for each of `keys`
  kClose,    // no request: close the connection
};

struct LineResult {
  LineOutcome outcome;
  // Bytes behind the line that belong to it, their \r\n included. kValue: the value; else: to be
  // thrown away.
  size_t data_bytes = 0;
  // kKeys: at least one word, each at most kKeyBytesMax; a suffix of the line.
  absl::string_view keys = {};
};

struct TextContext {
  SessionClock clock;
  size_t item_size_max;
};

// `line` is without its end and without what follows a binary zero. Overwrites *request, whose
// views point into `line` or to static storage.
LineResult ParseTextLine(absl::string_view line, const TextContext& context, Request* request);

}  // namespace twincached
