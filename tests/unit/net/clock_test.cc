#include "net/clock.h"

#include <ctime>

#include "gtest/gtest.h"

namespace twincached::net {
namespace {

TEST(Clock, UnitsAreWhatTheNamesSay) {
  EXPECT_NEAR(static_cast<double>(UnixMs()), static_cast<double>(time(nullptr)) * 1000, 2000);
  EXPECT_GE(BoottimeMs(), MonotonicUs() / 1000);  // suspended time is in the one only
}

TEST(Clock, MonotonicNeverGoesBack) {
  int64_t last_us = 0;
  for (int i = 0; i < 1000; ++i) {
    const int64_t now_us = MonotonicUs();
    EXPECT_GE(now_us, last_us);
    last_us = now_us;
  }
}

TEST(Clock, CpuTimeGrowsWithWork) {
  const int64_t start_us = ThreadCpuUs();
  while (ThreadCpuUs() == start_us) continue;
  EXPECT_GT(ThreadCpuUs(), start_us);
}

}  // namespace
}  // namespace twincached::net
