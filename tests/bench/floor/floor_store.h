// FloorStore: a hash map behind the least of memcached's text protocol.
//
// What it is: what a server cannot do without: find the line, look the key up, write the reply.
// What it is not: a cache. There is no bound on memory, no expiry, no cas, no statistics; nothing
// of what makes a server safe or useful may be added, because every twincached is compared with it.
// Owned by a floor's loop, on its one thread. Bounds: a line of kFloorLineBytesMax; values of
// kFloorValueBytesMax.
//
//   request = "get " key "\r\n"
//           / "set " key " " flags " " exptime " " bytes "\r\n" data "\r\n"
//           / "version\r\n" / "quit\r\n"
//   Any other line answers "ERROR\r\n".
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"

namespace twincached::bench {

constexpr size_t kFloorLineBytesMax = 2048;
constexpr size_t kFloorValueBytesMax = size_t{64} << 20;

class FloorStore {
 public:
  struct Progress {
    size_t bytes = 0;         // of the input are done with
    bool hang_up = false;     // quit, or a line that nobody can go on behind
    size_t bytes_wanted = 0;  // of input in all, before it is worth calling again; 0: unknown
  };

  // Answers all requests that are complete at the front of `input`, in order, behind `*output`.
  Progress AnswerAll(absl::string_view input, std::string* output);

 private:
  void AnswerGet(absl::string_view key, std::string* output) const;
  // Takes a set whose line has `line_bytes`. False when the data is not all there yet.
  bool AnswerSet(absl::string_view input, size_t line_bytes, Progress* progress,
                 std::string* output);

  // The whole of "VALUE key flags bytes" CRLF data CRLF. The key in it is the key in the table, so
  // an operation looks at two places in memory.
  struct Item {
    std::unique_ptr<char[]> text;
    size_t bytes = 0;
    size_t bytes_max = 0;
  };
  struct Value {
    absl::string_view flags, digits, data;  // as the request has them, data with its line end
  };
  void Store(absl::string_view key, const Value& value);

  absl::flat_hash_map<absl::string_view, Item> items_;
};

}  // namespace twincached::bench
