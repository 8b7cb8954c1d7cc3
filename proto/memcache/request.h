// What one client asks for: the value that a session hands to the LISTENER.
//
// A Request is a plain value that holds views into the connection's input buffer (or static
// storage). They live until the reply has been composed. It says what to do (kind), with what
// (command), and how the answer becomes bytes (form). It does not say which shard: the LISTENER
// sets command.hash.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "proto/memcache/command.h"
#include "proto/memcache/replication_command.h"

namespace twincached {

// What the LISTENER does with a request.
enum class RequestKind : uint8_t {
  kStore,        // command goes to the shard that owns command.key
  kFlush,        // command (kFlush) goes to every shard; one reply
  kImmediate,    // text is the reply; nothing else to do
  kStats,        // text is the argument of `stats` (may be empty), answered with a StatsWriter
  kReplication,  // `replication` is asked of the pair; one line is the answer
  kVerbosity,    // command.delta is the new level, 0 to 2; text is the reply
  kMemoryLimit,  // command.delta is the new limit in megabytes; one line is the answer
  kQuit,         // close once earlier replies are out; no reply
};

// How a Reply becomes bytes (ComposeReply).
enum class ReplyForm : uint8_t {
  kTextValue,         // get, gat:   VALUE key flags bytes\r\n...\r\n, nothing for a miss
  kTextValueWithCas,  // gets, gats
  kTextStatus,        // STORED, NOT_FOUND, ... or a number
  kFixed,             // text, whatever the store answers
};

struct Request {
  RequestKind kind = RequestKind::kStore;
  ReplyForm form = ReplyForm::kTextStatus;
  bool noreply = false;  // compose nothing
  bool last_key = true;  // kTextValue*: END\r\n follows this key's reply
  ReplicationCommand replication = ReplicationCommand::kSwitchover;  // kReplication
  Command command;  // views into the input passed to Next()
  // kFixed: the reply; kStats: the argument. Static storage or a view into the input.
  absl::string_view text;
};

// Times that a session needs to turn a client's exptime into one on the stream clock.
struct SessionClock {
  int64_t stream_ms;  // now on the stream clock; not negative
  int64_t unix_ms;    // now on the wall clock; only absolute exptimes (over 30 days) use it
};

enum class ParseOutcome : uint8_t {
  kRequest,   // *request is set; the consumed bytes of input belong to it or to bytes before it
  kNeedMore,  // drop the consumed bytes, come back when `wanted` bytes are there
  kClose,     // reply with request->text if it is not empty, then close
};

struct ParseStep {
  ParseOutcome outcome;
  // The caller advances its input by this much; views in *request stay into the old bytes.
  size_t consumed;
  // kNeedMore: total bytes of unconsumed input needed for progress (at least one more than now).
  size_t wanted;
};

}  // namespace twincached
