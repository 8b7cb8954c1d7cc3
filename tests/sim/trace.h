// What happened in a world, as one number: the same seed gives the same, in any process.
#pragma once

#include <cstdint>

#include <xxhash.h>

#include "absl/strings/string_view.h"

namespace twincached::sim {

class Trace {
 public:
  void Add(uint64_t number) { hash_ = (hash_ ^ number) * 0x9e3779b97f4a7c15 + (hash_ >> 29); }
  void Add(absl::string_view bytes) { Add(XXH3_64bits(bytes.data(), bytes.size())); }
  uint64_t hash() const { return hash_; }

 private:
  uint64_t hash_ = 1;
};

}  // namespace twincached::sim
