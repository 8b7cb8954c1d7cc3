#include "proto/memcache/expiry.h"

#include "gtest/gtest.h"
#include "proto/limits.h"
#include "proto/memcache/command.h"

namespace twincached {
namespace {

constexpr SessionClock kClock = {/*stream_ms=*/50'000, /*unix_ms=*/1'700'000'000'500};
constexpr int32_t kUnixNow = 1'700'000'000;

TEST(Expiry, ZeroIsNever) { EXPECT_EQ(ExpiryMs(0, kClock), kNever); }

TEST(Expiry, NegativeHasExpired) {
  EXPECT_EQ(ExpiryMs(-1, kClock), kExpired);
  EXPECT_EQ(ExpiryMs(INT32_MIN, kClock), kExpired);
}

TEST(Expiry, UpToThirtyDaysCountsFromNow) {
  EXPECT_EQ(ExpiryMs(1, kClock), 51'000);
  EXPECT_EQ(ExpiryMs(2'592'000, kClock), 50'000 + int64_t{2'592'000'000});
}

TEST(Expiry, MoreThanThirtyDaysIsAUnixTime) {
  EXPECT_EQ(ExpiryMs(kUnixNow + 10, kClock), 50'000 + 9'500);
  EXPECT_EQ(ExpiryMs(INT32_MAX, kClock), 50'000 + int64_t{INT32_MAX} * 1000 - kClock.unix_ms);
}

TEST(Expiry, AUnixTimeThatIsNotInTheFutureHasExpired) {
  EXPECT_EQ(ExpiryMs(2'592'001, kClock), kExpired);
  EXPECT_EQ(ExpiryMs(kUnixNow, kClock), kExpired);
  EXPECT_EQ(ExpiryMs(kUnixNow, {50'000, int64_t{kUnixNow} * 1000}), kExpired);
}

TEST(Expiry, IsNeverMistakenForNeverAtTheBeginningOfTheStream) {
  EXPECT_GT(ExpiryMs(1, {0, kClock.unix_ms}), 0);
  EXPECT_GT(ExpiryMs(kUnixNow + 1, {0, kClock.unix_ms}), 0);
}

TEST(Expiry, AFlushWithoutDelayOrInThePastIsNow) {
  EXPECT_EQ(FlushAtMs(0, kClock), kNever);
  EXPECT_EQ(FlushAtMs(-1, kClock), kNever);
  EXPECT_EQ(FlushAtMs(kUnixNow, kClock), kNever);
}

TEST(Expiry, AFlushWithDelayIsLater) {
  EXPECT_EQ(FlushAtMs(10, kClock), 60'000);
  EXPECT_EQ(FlushAtMs(kUnixNow + 10, kClock), 59'500);
}

}  // namespace
}  // namespace twincached
