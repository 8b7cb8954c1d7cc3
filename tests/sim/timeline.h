// Virtual time: what happens next, and when.
//
// What it is: the one queue of a simulated world. What it is not: a clock of any host; those are
// made from it with their own offsets. Times are microseconds since the world began.
//
// Invariants:
// 1. Events run in order of time, those due at once in the order they were added.
// 2. Time never goes back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace twincached::sim {

class Timeline {
 public:
  int64_t now_us() const { return now_us_; }
  // A time that has passed means now.
  void At(int64_t time_us, std::function<void()> work);
  void After(int64_t delay_us, std::function<void()> work) {
    At(now_us_ + delay_us, std::move(work));
  }
  // Runs the next event; false when there is none before or at end_us, and then it is end_us.
  bool RunNext(int64_t end_us);
  void Clear();

 private:
  struct Event {
    int64_t time_us;
    uint64_t order;
    size_t work;  // in works_
  };
  static bool Later(const Event& a, const Event& b) {
    return a.time_us != b.time_us ? a.time_us > b.time_us : a.order > b.order;
  }

  std::vector<Event> heap_;
  // Beside the heap, which moves its elements often.
  std::vector<std::function<void()>> works_;
  std::vector<size_t> free_works_;
  int64_t now_us_ = 0;
  uint64_t next_order_ = 0;
};

}  // namespace twincached::sim
