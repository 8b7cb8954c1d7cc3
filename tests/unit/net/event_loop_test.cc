#include "net/event_loop.h"

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/net/loop_fixture.h"

namespace twincached::net {
namespace {

class EventLoopTimers : public LoopTest {};
class EventLoopWake : public LoopTest {};
class EventLoopPost : public LoopTest {};

TEST_P(EventLoopTimers, EndASleepWhenDue) {
  bool ran = false;
  loop_->AddTimer(2, [&] { ran = true; });
  const int64_t start_us = loop_->now_us();
  while (!ran) loop_->Poll(-1);
  EXPECT_GE(loop_->now_us() - start_us, 2000);
}

// In a thread of its own: some milliseconds after a ring is closed the kernel interrupts the thread
// that made it (io_ring_exit_work), also in epoll_wait. The rings of other tests were this one's.
TEST_P(EventLoopTimers, AreNotWokenForBeforeTheyAreDue) {
  std::thread([] {
    const auto loop = MakeLoop(GetParam());
    for (int i = 0; i < 20; ++i) {
      loop->AddTimer(1, [] {});
      EXPECT_EQ(loop->Poll(-1), 1u);
    }
  }).join();
}

TEST_P(EventLoopTimers, RunInOrderOfDueTime) {
  std::string order;
  loop_->AddTimer(3, [&] { order += 'c'; });
  loop_->AddTimer(1, [&] { order += 'a'; });
  loop_->AddTimer(2, [&] { order += 'b'; });
  while (order.size() < 3) loop_->Poll(-1);
  EXPECT_EQ(order, "abc");
}

TEST_P(EventLoopTimers, CancelledOnesNeverRun) {
  std::string order;
  const TimerId first = loop_->AddTimer(0, [&] { order += 'a'; });
  TimerId third = 0;
  loop_->AddTimer(0, [&] {
    order += 'b';
    loop_->CancelTimer(third);
  });
  third = loop_->AddTimer(0, [&] { order += 'c'; });
  loop_->AddTimer(1, [&] { order += 'd'; });
  loop_->CancelTimer(first);
  loop_->CancelTimer(first);
  loop_->CancelTimer(0);
  while (order.find('d') == std::string::npos) loop_->Poll(-1);
  EXPECT_EQ(order, "bd");
}

TEST_P(EventLoopTimers, OneThatArmsItselfRunsOncePerPoll) {
  int runs = 0;
  std::function<void()> again = [&] {
    ++runs;
    loop_->AddTimer(0, again);
  };
  again();
  for (int i = 1; i <= 5; ++i) {
    EXPECT_EQ(loop_->Poll(-1), 1u);
    EXPECT_EQ(runs, i + 1);
  }
}

TEST_P(EventLoopTimers, TimeStandsStillWithinAPoll) {
  std::vector<int64_t> times;
  for (int i = 0; i < 3; ++i) loop_->AddTimer(0, [&] { times.push_back(loop_->now_us()); });
  while (times.size() < 3) loop_->Poll(-1);
  EXPECT_EQ(times[1], times[0]);
  EXPECT_EQ(loop_->now_us(), times[2]);
  EXPECT_EQ(loop_->now_ms(), times[2] / 1000);
}

TEST_P(EventLoopTimers, HandlersOfSocketsSeeTheTimeAfterTheSleep) {
  RecordingHandler handler;
  const Ends ends = UnixPair();
  Peer peer(ends.second);
  const auto connection = loop_->Adopt(ends.first, &handler);
  const int64_t before_us = loop_->now_us();
  int64_t seen_us = 0;
  handler.on_input = [&](Connection& c) {
    seen_us = loop_->now_us();
    c.Consume(c.input().size());
  };
  while (loop_->Poll(1) != 0 || loop_->now_us() - before_us < 1000) continue;
  const int64_t slept_us = loop_->now_us();
  peer.Send("x");
  loop_->Poll(-1);
  EXPECT_GE(seen_us, slept_us);
  EXPECT_EQ(seen_us, loop_->now_us());
}

TEST_P(EventLoopWake, BeforeASleepPreventsIt) {
  loop_->Wake();
  EXPECT_EQ(loop_->Poll(-1), 0u);
}

TEST_P(EventLoopWake, FromAnotherThreadEndsASleep) {
  for (int i = 0; i < 200; ++i) {
    std::thread waker([&] { loop_->Wake(); });
    EXPECT_EQ(loop_->Poll(-1), 0u);
    waker.join();
  }
}

TEST_P(EventLoopPost, RunsOnTheLoopInALaterPoll) {
  std::string order;
  loop_->Post([&] {
    order += 'a';
    loop_->Post([&] { order += 'c'; });
  });
  loop_->Post([&] { order += 'b'; });
  EXPECT_EQ(order, "");
  EXPECT_EQ(loop_->Poll(-1), 2u);
  EXPECT_EQ(order, "ab");
  EXPECT_EQ(loop_->Poll(-1), 1u);
  EXPECT_EQ(order, "abc");
}

TEST_P(EventLoopPost, FromManyThreadsLosesNothingAndKeepsEachOnesOrder) {
  constexpr int kThreads = 3;
  constexpr int kPosts = 5000;
  std::vector<int> next(kThreads, 0);  // touched on this thread only
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kPosts; ++i) {
        loop_->Post([&next, t, i] { EXPECT_EQ(next[t]++, i); });
      }
    });
  }
  for (size_t run = 0; run < size_t{kThreads} * kPosts;) run += loop_->Poll(-1);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(next, std::vector<int>(kThreads, kPosts));
}

TEST_P(EventLoopPost, WhatNeverRanIsDestroyedWithTheLoop) {
  const auto token = std::make_shared<int>(0);
  loop_->Post([token] {});
  loop_->AddTimer(1000000, [token] {});
  EXPECT_EQ(token.use_count(), 3);
  loop_.reset();
  EXPECT_EQ(token.use_count(), 1);
}

INSTANTIATE_TEST_SUITE_P(With, EventLoopTimers, EveryPoller(), NameOfPoller);
INSTANTIATE_TEST_SUITE_P(With, EventLoopWake, EveryPoller(), NameOfPoller);
INSTANTIATE_TEST_SUITE_P(With, EventLoopPost, EveryPoller(), NameOfPoller);

}  // namespace
}  // namespace twincached::net
