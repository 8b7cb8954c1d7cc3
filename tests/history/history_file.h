// The text form of a history: one operation or declaration a line.
//
// What it is: what clients of real nodes write, and check_history reads.
//
//   file      = { line "\n" }
//   line      = operation | allowance | "" | "#" any text
//   operation = invoked " " completed " " client " " command " " answer
//   command   = ("get" | "gets" | "delete") " " key
//             | ("set" | "add" | "replace") " " key " value=" text [ttl]
//             | "cas" " " key " value=" text " id=" number [ttl]
//             | ("incr" | "decr") " " key " delta=" number
//             | "touch" " " key [ttl]
//             | "flush" [ttl]
//   ttl       = " ttl=" microseconds         ; may be negative; of a flush: the delay
//   answer    = " ok" | " not" | " exists" | " unknown" | " failed"      ; operation.h, Outcome
//             | " ok value=" text [" id=" number]                        ; a hit of get, gets
//             | " ok number=" number                                     ; incr, decr
//   allowance = "wipe " begin " " end | "fork " begin " " end | "settled " at | "evictions"
//   key, text = bytes; all but "!" to "~", and "%", as "%" and two hex digits; a text may be empty
//   numbers   = decimal; times are microseconds on one clock for all files
//
// for example:  120 180 3 set user:7 value=v5 ttl=60000000 ok
//               190 200 4 gets user:7 ok value=v5 id=1099511627776
//               210 5210 3 incr hits delta=1 unknown
//               fork 300 900
//
// Lines of one file are in the order of their first time ("evictions" has none): a client that has
// one command under way at a time writes each when it ends. Clients with several write a file each,
// or sort.
#pragma once

#include <cstdint>
#include <istream>
#include <limits>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tests/history/operation.h"

namespace twincached::history {

struct HistoryLine {
  enum class Sort { kNothing, kOperation, kWipe, kFork, kSettled, kEvictions };

  Sort sort = Sort::kNothing;
  Operation operation;   // kOperation
  int64_t begin_us = 0;  // when it matters first; of an operation: invoked_us
  int64_t end_us = 0;    // kWipe, kFork
};

// Without the line's end. The error says what is wrong with which field.
absl::StatusOr<HistoryLine> ParseHistoryLine(absl::string_view line);

// With the line's end. REQUIRES: it ended.
std::string FormatHistoryLine(const Operation& operation);

// Reads one file, line by line.
class HistoryReader {
 public:
  static absl::StatusOr<std::unique_ptr<HistoryReader>> Open(const std::string& path);

  // `name` is what errors call it.
  HistoryReader(std::string name, std::unique_ptr<std::istream> stream);

  // The next line that is not empty; kNothing at the end of the file. Errors name file and line:
  // what cannot be read or parsed, or is out of order.
  absl::StatusOr<HistoryLine> Next();

 private:
  absl::Status Error(const absl::Status& cause) const;

  const std::string name_;
  const std::unique_ptr<std::istream> stream_;
  std::string text_;
  uint64_t line_number_ = 0;
  int64_t newest_us_ = std::numeric_limits<int64_t>::min();
};

}  // namespace twincached::history
