// Counts the STOREs that have done everything handed to them before a barrier.
//
// Pure; owned by the LINK. At most one is under way; a later one takes its place.
#pragma once

#include <cstddef>
#include <cstdint>

namespace twincached {

class Barrier {
 public:
  void Begin(uint64_t token, size_t stores) {
    token_ = token;
    missing_ = stores;
  }
  // A STORE reached the barrier with this token. True for the last one; then it is over.
  bool Reach(uint64_t token) {
    if (token != token_ || missing_ == 0 || --missing_ > 0) return false;
    token_ = 0;
    return true;
  }
  bool under_way() const { return missing_ > 0; }

 private:
  uint64_t token_ = 0;
  size_t missing_ = 0;
};

}  // namespace twincached
