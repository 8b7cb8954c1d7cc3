// Operation: one command of one client with what came of it, and the times between which it ran.
//
// What it is: the unit of a recorded history (checker.h judges it, history_file.h stores it). Times
// are microseconds on one clock that all clients share, virtual or monotonic; an operation took
// effect, if it did, at one moment between `invoked_us` and `completed_us`, both included. What it
// is not: a request on the wire. A get of several keys is one Operation for each key.
//
// append and prepend are no kinds: their results depend on what was there, so a value that is read
// could not be matched with one write. A set that was refused as too large, or for want of memory,
// removes the old value: record it as a delete whose outcome is kUnknown.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"

namespace twincached::history {

// Later than every time.
inline constexpr int64_t kForever = std::numeric_limits<int64_t>::max();

enum class Kind : uint8_t {
  kGet,
  kGets,  // a get that also shows the cas id
  kSet,
  kAdd,
  kReplace,
  kCas,
  kDelete,
  kIncr,
  kDecr,
  kTouch,
  kFlush,  // flush_all: every key; `key` is empty
};
inline constexpr int kKinds = 11;

enum class Outcome : uint8_t {
  kOk,       // hit, STORED, DELETED, TOUCHED, OK, or a number
  kNot,      // miss, NOT_FOUND, NOT_STORED: executed, changed nothing
  kExists,   // cas only: the item is there with another cas id
  kUnknown,  // no answer: may have taken effect, or take effect later, at most once
  kFailed,   // refused before it was executed: never takes effect
};
inline constexpr int kOutcomes = 5;

// What the client was told.
struct Answer {
  Outcome outcome = Outcome::kUnknown;
  std::string value;    // a hit of get or gets
  uint64_t cas = 0;     // a hit of gets; 0: not told
  uint64_t number = 0;  // incr and decr that are kOk; below 2^63
};

struct Operation {
  int32_t client = 0;
  Kind kind = Kind::kGet;
  std::string key;
  std::string value;   // set, add, replace, cas: what is written
  uint64_t cas = 0;    // cas: the id that it names
  uint64_t delta = 0;  // incr, decr; above 0
  // set, add, replace, cas, touch: the life that is given, 0 for ever, below 0 over at once.
  // flush: the delay.
  int64_t ttl_us = 0;
  int64_t invoked_us = 0;

  int64_t completed_us = 0;  // if kUnknown: when the client gave up
  Answer answer;
};

// Shared by all that an operation proves.
using OperationPtr = std::shared_ptr<const Operation>;

// A command that puts a value of its own in place: set, add, replace, cas.
bool IsWrite(Kind kind);
bool IsRead(Kind kind);
// A counter's value: digits, then spaces (memcached pads what decr made shorter), below 2^63.
// `number` may be null.
bool ParseNumber(absl::string_view text, uint64_t* number);

// "set", "incr" ...; "ok", "not", "exists", "unknown", "failed".
absl::string_view NameOf(Kind kind);
absl::string_view NameOf(Outcome outcome);

// For a sentence: `set "v5" [120, 180] by client 3: ok`.
std::string Describe(const Operation& operation);
// A value in quotes, shortened, with everything unprintable escaped.
std::string Quote(absl::string_view text);

}  // namespace twincached::history
