// Every fixed line that the text protocol answers, byte for byte as memcached 1.6.18 writes it.
//
// Static storage: a Request's text may point here for ever.
#pragma once

#include "absl/strings/string_view.h"

namespace twincached::text_replies {

inline constexpr absl::string_view kOk = "OK\r\n";
inline constexpr absl::string_view kEnd = "END\r\n";
inline constexpr absl::string_view kReset = "RESET\r\n";
inline constexpr absl::string_view kStored = "STORED\r\n";
inline constexpr absl::string_view kNotStored = "NOT_STORED\r\n";
inline constexpr absl::string_view kExists = "EXISTS\r\n";
inline constexpr absl::string_view kNotFound = "NOT_FOUND\r\n";
inline constexpr absl::string_view kDeleted = "DELETED\r\n";
inline constexpr absl::string_view kTouched = "TOUCHED\r\n";

// A command that does not exist, or one with the wrong number of words.
inline constexpr absl::string_view kError = "ERROR\r\n";
inline constexpr absl::string_view kBadFormat = "CLIENT_ERROR bad command line format\r\n";
inline constexpr absl::string_view kBadDelete =
    "CLIENT_ERROR bad command line format.  Usage: delete <key> [noreply]\r\n";
inline constexpr absl::string_view kBadExptime = "CLIENT_ERROR invalid exptime argument\r\n";
inline constexpr absl::string_view kBadDelta = "CLIENT_ERROR invalid numeric delta argument\r\n";
inline constexpr absl::string_view kBadChunk = "CLIENT_ERROR bad data chunk\r\n";
inline constexpr absl::string_view kNonNumeric =
    "CLIENT_ERROR cannot increment or decrement non-numeric value\r\n";
inline constexpr absl::string_view kTooLarge = "SERVER_ERROR object too large for cache\r\n";
inline constexpr absl::string_view kOutOfMemory = "SERVER_ERROR out of memory storing object\r\n";
inline constexpr absl::string_view kOutOfMemoryDelta = "SERVER_ERROR out of memory\r\n";

// Ours: memcached has no peer.
inline constexpr absl::string_view kNoReplica = "SERVER_ERROR no replica\r\n";

inline constexpr absl::string_view kNotLocal =
    "CLIENT_ERROR replication commands are taken from this host only\r\n";

}  // namespace twincached::text_replies
