#include "net/timer_heap.h"

#include <utility>

namespace twincached::net {

uint64_t TimerHeap::Add(int64_t due_us, std::function<void()> work) {
  if (free_.empty()) {
    free_.push_back(static_cast<uint32_t>(timers_.size()));
    timers_.emplace_back();
  }
  const uint32_t slot = free_.back();
  free_.pop_back();
  Timer& timer = timers_[slot];
  timer.due_us = due_us;
  timer.order = next_order_++;
  timer.work = std::move(work);
  heap_.push_back(slot);
  SiftUp(static_cast<uint32_t>(heap_.size() - 1));
  return (uint64_t{timer.generation} << 32) | (uint64_t{slot} + 1);
}

void TimerHeap::Cancel(uint64_t id) {
  const uint64_t slot = (id & UINT32_MAX) - 1;
  if (id == 0 || slot >= timers_.size()) return;
  if (timers_[slot].generation == id >> 32) TakeOut(static_cast<uint32_t>(slot));
}

int64_t TimerHeap::EarliestUs() const {
  return heap_.empty() ? INT64_MAX : timers_[heap_.front()].due_us;
}

size_t TimerHeap::RunDue(int64_t now_us) {
  const uint64_t order_end = next_order_;
  size_t count = 0;
  while (!heap_.empty()) {
    const Timer& first = timers_[heap_.front()];
    if (first.due_us > now_us || first.order >= order_end) break;
    const std::function<void()> work = TakeOut(heap_.front());
    work();
    ++count;
  }
  return count;
}

bool TimerHeap::Before(uint32_t slot_a, uint32_t slot_b) const {
  const Timer& a = timers_[slot_a];
  const Timer& b = timers_[slot_b];
  return a.due_us != b.due_us ? a.due_us < b.due_us : a.order < b.order;
}

void TimerHeap::Put(uint32_t place, uint32_t slot) {
  heap_[place] = slot;
  timers_[slot].place = place;
}

void TimerHeap::SiftUp(uint32_t place) {
  const uint32_t slot = heap_[place];
  while (place > 0 && Before(slot, heap_[(place - 1) / 2])) {
    Put(place, heap_[(place - 1) / 2]);
    place = (place - 1) / 2;
  }
  Put(place, slot);
}

void TimerHeap::SiftDown(uint32_t place) {
  const uint32_t slot = heap_[place];
  for (;;) {
    uint32_t child = 2 * place + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && Before(heap_[child + 1], heap_[child])) ++child;
    if (!Before(heap_[child], slot)) break;
    Put(place, heap_[child]);
    place = child;
  }
  Put(place, slot);
}

std::function<void()> TimerHeap::TakeOut(uint32_t slot) {
  Timer& timer = timers_[slot];
  const uint32_t place = timer.place;
  const uint32_t last = heap_.back();
  heap_.pop_back();
  if (last != slot) {
    Put(place, last);
    SiftDown(place);
    SiftUp(timers_[last].place);
  }
  ++timer.generation;
  free_.push_back(slot);
  std::function<void()> work = std::move(timer.work);
  timer.work = nullptr;
  return work;
}

}  // namespace twincached::net
