#include "actors/stream_clock.h"

#include <gtest/gtest.h>

namespace twincached {
namespace {

constexpr int64_t kMargin = StreamClock::kMarginMs;
constexpr int64_t kWindow = StreamClock::kWindowMs;
// The master's clock shows this when the slave's monotonic one shows 0.
constexpr int64_t kOffset = 1'700'000'000'000;

int64_t After(StreamClock* clock, int64_t stream_ms, int64_t now_ms) {
  const int64_t before_ms = clock->offset_ms();
  const bool changed = clock->Follow(stream_ms, now_ms);
  EXPECT_EQ(changed, clock->offset_ms() != before_ms);
  return clock->offset_ms();
}

TEST(StreamClock, TakesTheReadingThatWasOnItsWayForTheLeastTime) {
  StreamClock clock(0);
  EXPECT_EQ(After(&clock, kOffset + 90, 100), kOffset - 10 - kMargin);
  EXPECT_EQ(After(&clock, kOffset + 199, 200), kOffset - 1 - kMargin);
  EXPECT_EQ(After(&clock, kOffset + 250, 300), kOffset - 1 - kMargin);
}

TEST(StreamClock, ForgetsAReadingAfterTwoWindows) {
  StreamClock clock(0);
  After(&clock, kOffset, 0);
  EXPECT_EQ(After(&clock, kOffset + kWindow - 5, kWindow), kOffset - kMargin);
  EXPECT_EQ(After(&clock, kOffset + 2 * kWindow - 5, 2 * kWindow), kOffset - 5 - kMargin);
  EXPECT_EQ(After(&clock, kOffset + 9 * kWindow - 7, 9 * kWindow), kOffset - 7 - kMargin)
      << "a long silence";
}

TEST(StreamClock, IsNeverAheadOfAMasterWhoseClockIsSlow) {
  StreamClock clock(0);
  constexpr int64_t kDriftPpm = 400;
  for (int64_t us = 0; us < 3'600'000'000; us += 99'700) {
    const int64_t master_us = us - us * kDriftPpm / 1'000'000;
    const int64_t now_ms = us / 1000;
    // What it says holds until the next reading.
    const int64_t slave_ms = now_ms + 100 + After(&clock, kOffset + master_us / 1000, now_ms);
    ASSERT_LE(slave_ms, kOffset + (master_us + 100'000) / 1000);
    ASSERT_GE(slave_ms, kOffset + (master_us + 100'000) / 1000 - kMargin - 2);
  }
}

TEST(StreamClock, BeginsAnewWithAnotherMaster) {
  StreamClock clock(0);
  After(&clock, kOffset, 0);
  clock.BeginFollowing();
  EXPECT_EQ(After(&clock, kOffset - 3'600'000, 1), kOffset - 3'600'001 - kMargin);
}

}  // namespace
}  // namespace twincached
