// Timers by due time: a binary heap whose entries know their place, so that cancelling is exact and
// leaves nothing behind.
//
// What it is not: a clock; times are arguments, microseconds of any one clock. Owned by the event
// loop, used on its thread only.
//
// Invariants:
// 1. Timers run in order of due time, those due at once in the order they were added.
// 2. A function is destroyed when it has run or was cancelled.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace twincached::net {

class TimerHeap {
 public:
  // Never 0.
  uint64_t Add(int64_t due_us, std::function<void()> work);
  // Nothing when `id` has run, was cancelled or is 0.
  void Cancel(uint64_t id);

  // INT64_MAX when there is none.
  int64_t EarliestUs() const;
  // Runs what is due; timers added meanwhile wait for the next call. Returns how many ran.
  size_t RunDue(int64_t now_us);

 private:
  struct Timer {
    int64_t due_us = 0;
    uint64_t order = 0;       // of all Adds: breaks ties
    uint32_t generation = 0;  // counts the timers that left this slot: an old id does not match
    uint32_t place = 0;       // in heap_; meaningless while the slot is free
    std::function<void()> work;
  };

  bool Before(uint32_t slot_a, uint32_t slot_b) const;
  void Put(uint32_t place, uint32_t slot);
  void SiftUp(uint32_t place);
  void SiftDown(uint32_t place);
  std::function<void()> TakeOut(uint32_t slot);

  std::vector<Timer> timers_;   // by slot
  std::vector<uint32_t> free_;  // slots
  std::vector<uint32_t> heap_;  // slots
  uint64_t next_order_ = 0;
};

}  // namespace twincached::net
