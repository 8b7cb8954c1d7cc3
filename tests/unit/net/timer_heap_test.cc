#include "net/timer_heap.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace twincached::net {
namespace {

TEST(TimerHeap, IsEmptyAtFirst) {
  TimerHeap heap;
  EXPECT_EQ(heap.EarliestUs(), INT64_MAX);
  EXPECT_EQ(heap.RunDue(INT64_MAX), 0u);
}

TEST(TimerHeap, RunsWhatIsDueInOrder) {
  TimerHeap heap;
  std::string order;
  heap.Add(30, [&] { order += 'd'; });
  heap.Add(10, [&] { order += 'a'; });
  heap.Add(20, [&] { order += 'b'; });
  heap.Add(20, [&] { order += 'c'; });  // due at once with b: after it
  EXPECT_EQ(heap.EarliestUs(), 10);
  EXPECT_EQ(heap.RunDue(9), 0u);
  EXPECT_EQ(heap.RunDue(20), 3u);
  EXPECT_EQ(order, "abc");
  EXPECT_EQ(heap.EarliestUs(), 30);
}

TEST(TimerHeap, CancelIsExactAndIdempotent) {
  TimerHeap heap;
  int runs = 0;
  const uint64_t first = heap.Add(10, [&] { ++runs; });
  heap.Cancel(first);
  EXPECT_EQ(heap.EarliestUs(), INT64_MAX);
  const uint64_t second = heap.Add(10, [&] { ++runs; });  // may take the place of the first
  EXPECT_NE(first, second);
  heap.Cancel(first);
  heap.Cancel(0);
  heap.Cancel(UINT64_MAX);
  EXPECT_EQ(heap.RunDue(10), 1u);
  heap.Cancel(second);
  EXPECT_EQ(runs, 1);
}

TEST(TimerHeap, AFunctionIsDestroyedWhenCancelledOrRun) {
  TimerHeap heap;
  const auto token = std::make_shared<int>(0);
  const uint64_t id = heap.Add(10, [token] {});
  heap.Add(20, [token] {});
  EXPECT_EQ(token.use_count(), 3);
  heap.Cancel(id);
  EXPECT_EQ(token.use_count(), 2);
  heap.RunDue(20);
  EXPECT_EQ(token.use_count(), 1);
}

TEST(TimerHeap, AddedWhileRunningWaitsForTheNextCall) {
  TimerHeap heap;
  int runs = 0;
  heap.Add(10, [&] { heap.Add(0, [&] { ++runs; }); });
  EXPECT_EQ(heap.RunDue(10), 1u);
  EXPECT_EQ(runs, 0);
  EXPECT_EQ(heap.RunDue(10), 1u);
  EXPECT_EQ(runs, 1);
}

TEST(TimerHeap, CancelledWhileRunningDoesNotRun) {
  TimerHeap heap;
  bool ran = false;
  uint64_t self = 0;
  uint64_t other = 0;
  self = heap.Add(10, [&] {
    heap.Cancel(self);
    heap.Cancel(other);
  });
  other = heap.Add(10, [&] { ran = true; });
  EXPECT_EQ(heap.RunDue(10), 1u);
  EXPECT_FALSE(ran);
}

// Against a plain list: whatever is added, cancelled and run, the same timers run in the same
// order.
TEST(TimerHeap, AgreesWithAList) {
  struct Entry {
    int64_t due_us;
    int number;
    uint64_t id;
  };
  std::mt19937 random(1);
  TimerHeap heap;
  std::vector<Entry> list;
  std::vector<int> ran;
  std::vector<int> expected;
  int64_t now_us = 0;
  for (int number = 0; number < 20000; ++number) {
    const uint32_t dice = random() % 10;
    if (dice < 6) {
      const int64_t due_us = now_us + random() % 100;
      list.push_back({due_us, number, heap.Add(due_us, [&ran, number] { ran.push_back(number); })});
    } else if (dice < 9 && !list.empty()) {
      const size_t victim = random() % list.size();
      heap.Cancel(list[victim].id);
      list.erase(list.begin() + victim);
    } else {
      now_us += random() % 50;
      heap.RunDue(now_us);
      std::stable_sort(list.begin(), list.end(),
                       [](const Entry& a, const Entry& b) { return a.due_us < b.due_us; });
      const auto end = std::find_if(list.begin(), list.end(),
                                    [&](const Entry& entry) { return entry.due_us > now_us; });
      for (auto entry = list.begin(); entry != end; ++entry) expected.push_back(entry->number);
      list.erase(list.begin(), end);
      std::sort(list.begin(), list.end(),
                [](const Entry& a, const Entry& b) { return a.number < b.number; });
    }
    ASSERT_TRUE(ran == expected);
    int64_t earliest_us = INT64_MAX;
    for (const Entry& entry : list) earliest_us = std::min(earliest_us, entry.due_us);
    ASSERT_EQ(heap.EarliestUs(), earliest_us);
  }
  EXPECT_GT(ran.size(), 1000u);
}

}  // namespace
}  // namespace twincached::net
