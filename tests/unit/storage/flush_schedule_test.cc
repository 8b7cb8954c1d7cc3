#include "storage/flush_schedule.h"

#include <gtest/gtest.h>

namespace twincached {
namespace {

TEST(FlushSchedule, IsEmptyAtFirst) {
  FlushSchedule flushes;
  EXPECT_EQ(flushes.next_ms(), kNever);
  EXPECT_FALSE(flushes.AnyDue(1'000'000));
  EXPECT_EQ(flushes.DueSlots(1'000'000), 0u);
}

TEST(FlushSchedule, IsDueAtItsMillisecond) {
  FlushSchedule flushes;
  flushes.Set(0b101, 500);
  EXPECT_EQ(flushes.next_ms(), 500);
  EXPECT_FALSE(flushes.AnyDue(499));
  EXPECT_TRUE(flushes.AnyDue(500));
  EXPECT_EQ(flushes.DueSlots(500), 0b101u);
  EXPECT_TRUE(flushes.IsDue(2, 500));
  EXPECT_FALSE(flushes.IsDue(1, 500));
}

TEST(FlushSchedule, ALaterOneReplacesAnEarlierOfTheSameSlot) {
  FlushSchedule flushes;
  flushes.Set(0b11, 500);
  flushes.Set(0b01, 900);
  EXPECT_EQ(flushes.DueSlots(600), 0b10u);
  EXPECT_EQ(flushes.SlotsAt(900), 0b01u);
  flushes.Set(0b10, kNever);
  EXPECT_EQ(flushes.next_ms(), 900);
  flushes.Set(~uint64_t{0}, kNever);
  EXPECT_EQ(flushes.next_ms(), kNever);
}

TEST(FlushSchedule, ItsDigestTellsTimesApart) {
  FlushSchedule flushes;
  EXPECT_EQ(flushes.Digest(0), 0u);
  flushes.Set(0b01, 500);
  flushes.Set(0b10, 501);
  EXPECT_NE(flushes.Digest(0), 0u);
  EXPECT_NE(flushes.Digest(0), flushes.Digest(1));
  flushes.Set(0b01, kNever);
  EXPECT_EQ(flushes.Digest(0), 0u);
}

TEST(FlushSchedule, KeepsTheLastSlot) {
  FlushSchedule flushes;
  flushes.Set(uint64_t{1} << 63, 7);
  EXPECT_EQ(flushes.DueSlots(7), uint64_t{1} << 63);
  EXPECT_EQ(flushes.at_ms(63), 7);
}

}  // namespace
}  // namespace twincached
