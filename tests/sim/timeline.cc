#include "tests/sim/timeline.h"

#include <algorithm>
#include <utility>

namespace twincached::sim {

void Timeline::At(int64_t time_us, std::function<void()> work) {
  if (free_works_.empty()) {
    free_works_.push_back(works_.size());
    works_.emplace_back();
  }
  const size_t place = free_works_.back();
  free_works_.pop_back();
  works_[place] = std::move(work);
  heap_.push_back({std::max(time_us, now_us_), next_order_++, place});
  std::push_heap(heap_.begin(), heap_.end(), Later);
}

bool Timeline::RunNext(int64_t end_us) {
  if (heap_.empty() || heap_.front().time_us > end_us) {
    now_us_ = std::max(now_us_, end_us);
    return false;
  }
  std::pop_heap(heap_.begin(), heap_.end(), Later);
  const Event event = heap_.back();
  heap_.pop_back();
  now_us_ = event.time_us;
  const std::function<void()> work = std::exchange(works_[event.work], nullptr);
  free_works_.push_back(event.work);
  work();
  return true;
}

// What is destroyed may put in something new.
void Timeline::Clear() {
  while (!heap_.empty()) {
    heap_.clear();
    free_works_.clear();
    const std::vector<std::function<void()>> works = std::move(works_);
    works_.clear();
  }
}

}  // namespace twincached::sim
