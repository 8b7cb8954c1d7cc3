#include "tests/sim/timeline.h"

#include <algorithm>
#include <utility>

namespace twincached::sim {

void Timeline::At(int64_t time_us, std::function<void()> work) {
  heap_.push_back({std::max(time_us, now_us_), next_order_++, std::move(work)});
  std::push_heap(heap_.begin(), heap_.end(), Later);
}

bool Timeline::RunNext(int64_t end_us) {
  if (heap_.empty() || heap_.front().time_us > end_us) {
    now_us_ = std::max(now_us_, end_us);
    return false;
  }
  std::pop_heap(heap_.begin(), heap_.end(), Later);
  const Event event = std::move(heap_.back());
  heap_.pop_back();
  now_us_ = event.time_us;
  event.work();
  return true;
}

}  // namespace twincached::sim
