// The answer to `stats`, line by line:
//
//   answer = *("STAT " name " " value "\r\n") "END\r\n"
//
// What the names and values are is the caller's affair. `stats reset` is answered with
// text_replies::kReset, an argument that does not exist with text_replies::kError.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>

#include "absl/strings/string_view.h"

namespace twincached {

struct NamedCounter {
  absl::string_view name;
  uint64_t value;
};

class StatsWriter {
 public:
  // Appends to `out`, which is borrowed for the writer's lifetime.
  explicit StatsWriter(std::string* out) : out_(out) {}

  // Names and texts are without spaces in a name and without line ends in either.
  void Number(absl::string_view name, uint64_t value);
  void Numbers(std::initializer_list<NamedCounter> counters);
  void Signed(absl::string_view name, int64_t value);
  void Text(absl::string_view name, absl::string_view value);
  // Seconds with six decimals, as rusage_user.
  void Seconds(absl::string_view name, uint64_t microseconds);
  // yes or no, as memcached's settings have it.
  void YesNo(absl::string_view name, bool value);

  void End();

 private:
  void Begin(absl::string_view name);
  void Finish();

  std::string* out_;
};

}  // namespace twincached
