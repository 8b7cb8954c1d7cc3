// The stream clock as one node has it: what to add to its monotonic clock.
//
// A master's goes on by itself. A slave's follows its master's, a little behind it, never ahead: a
// slave that was ahead would hide an item for its age, or for a delayed flush, that the master
// still shows; gone at one node, then there at the other. What it is: a filter of the master's
// readings, each of which is late by an unknown time on the network. Pure; owned by the LINK.
// Bounds: behind by the least delay of the last kWindowMs, and kMarginMs.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>

namespace twincached {

class StreamClock {
 public:
  // Rounding at both ends, and how far clocks drift apart in two windows.
  static constexpr int64_t kMarginMs = 2;
  static constexpr int64_t kWindowMs = 1000;

  explicit StreamClock(int64_t offset_ms) : offset_ms_(offset_ms) {}

  int64_t offset_ms() const { return offset_ms_; }

  // The readings that come are of another master.
  void BeginFollowing() { *this = StreamClock(offset_ms_); }

  // The master's clock showed stream_ms some time before now_ms, which is monotonic. The offset
  // becomes the greatest of the last window or two; true when it is another one than before.
  bool Follow(int64_t stream_ms, int64_t now_ms) {
    if (now_ms - window_begin_ms_ >= kWindowMs) {
      older_max_ms_ = now_ms - window_begin_ms_ < 2 * kWindowMs ? newer_max_ms_ : kNone;
      newer_max_ms_ = kNone;
      window_begin_ms_ = now_ms;
    }
    newer_max_ms_ = std::max(newer_max_ms_, stream_ms - now_ms - kMarginMs);
    const int64_t offset_ms = std::max(older_max_ms_, newer_max_ms_);
    return std::exchange(offset_ms_, offset_ms) != offset_ms;
  }

 private:
  static constexpr int64_t kNone = std::numeric_limits<int64_t>::min();

  int64_t offset_ms_;
  int64_t window_begin_ms_ = std::numeric_limits<int32_t>::min();
  int64_t newer_max_ms_ = kNone;
  int64_t older_max_ms_ = kNone;
};

}  // namespace twincached
