// One operation on one key, whatever protocol it came in, and its answer.
//
// A Command is what every client protocol parses into and what a forward carries over the link; a
// Reply is what the store answers and what every protocol composes its bytes from. Neither knows a
// protocol, a socket or a thread. Both are plain values that hold views: a Command's views point
// into the connection's input buffer and live until the reply has been composed; a Reply's value
// lives as its producer says (see Shard::Execute).
#pragma once

#include <cstdint>

#include "absl/strings/string_view.h"

namespace twincached {

enum class Op : uint8_t {
  kGet,  // read
  kGat,  // read and set a new expiry
  kSet,
  kAdd,      // store only when absent
  kReplace,  // store only when present
  kAppend,
  kPrepend,
  kCas,  // store only when the version is Command::cas
  kDelete,
  kDiscard,  // a set whose value is too large: the old value goes, as with memcached
  kIncr,  // wraps at 2^64
  kDecr,  // stops at 0
  kTouch,
  kFlush,  // every key of a shard, at Command::expiry_ms (kNever: now)
};

// kGet is the only operation that changes nothing.
inline bool IsWrite(Op op) { return op != Op::kGet; }

// An expiry that never comes. Every other expiry is a time in ms on the stream clock
// (replication.proto).
inline constexpr int64_t kNever = 0;
// An expiry that has already come.
inline constexpr int64_t kExpired = -1;

struct Command {
  Op op = Op::kGet;
  uint32_t client_flags = 0;
  int64_t expiry_ms = kNever;  // stream clock; kNever, kExpired or a time
  uint64_t hash = 0;        // HashKey(key, slot seed); set by whoever routes the command to a shard
  uint64_t cas = 0;         // kCas: the version the item must have
  uint64_t delta = 0;       // kIncr, kDecr
  absl::string_view key;    // 1 to 250 bytes; empty for kFlush
  absl::string_view value;  // kSet, kAdd, kReplace, kAppend, kPrepend, kCas
};

enum class Status : uint8_t {
  kHit,        // kGet, kGat: value, client_flags, cas are set
  kMiss,       // kGet, kGat
  kStored,     // cas is set
  kNotStored,  // kAdd, kReplace, kAppend, kPrepend
  kExists,     // kCas: another version is there
  kNotFound,   // kCas, kDelete, kIncr, kDecr, kTouch
  kDeleted,
  kNumber,      // kIncr, kDecr: number, cas are set
  kNonNumeric,  // kIncr, kDecr on a value that is no unsigned 64-bit decimal
  kTouched,
  kFlushed,
  kTooLarge,     // the item would exceed the item size limit
  kOutOfMemory,  // no room and eviction is off or cannot help
  kNoReplica,    // --solo-writes=refuse and no peer in sync
};

struct Reply {
  Status status = Status::kMiss;
  uint32_t client_flags = 0;
  uint64_t cas = 0;
  uint64_t number = 0;
  absl::string_view value;
};

}  // namespace twincached
