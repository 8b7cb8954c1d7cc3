// `cache_memlimit`: what is taken, what is refused, in memcached's words.
#include "proto/memcache/memory_limit.h"

#include "gtest/gtest.h"
#include "proto/limits.h"

namespace twincached {
namespace {

using Side = MemoryLimit::Side;

constexpr size_t kMb = size_t{1} << 20;

TEST(MemoryLimit, GoesUpAndDown) {
  MemoryLimit limit(64 * kMb, 8 * kMb);
  EXPECT_EQ(limit.Set(100, Side::kAlone, 0), "");
  EXPECT_EQ(limit.bytes(), 100 * kMb);
  EXPECT_EQ(limit.Set(8, Side::kAlone, 0), "");
  EXPECT_EQ(limit.bytes(), 8 * kMb);
  EXPECT_EQ(limit.Set(kMemoryMbMax, Side::kAlone, 0), "");
}

TEST(MemoryLimit, IsNeverLessThanMemcachedsNorThanTheShardsNeed) {
  MemoryLimit small(4 * kMb, 2 * kMb);
  EXPECT_EQ(small.Set(7, Side::kAlone, 0),
            "MEMLIMIT_TOO_SMALL cannot set maxbytes to less than 8m");
  EXPECT_EQ(small.bytes(), 4 * kMb);
  MemoryLimit large(1024 * kMb, 32 * kMb - 1);
  EXPECT_EQ(large.Set(31, Side::kAlone, 0),
            "MEMLIMIT_TOO_SMALL cannot set maxbytes to less than 32m");
  EXPECT_EQ(large.Set(32, Side::kAlone, 0), "");
}

TEST(MemoryLimit, BytesAreNoMegabytes) {
  MemoryLimit limit(64 * kMb, 8 * kMb);
  EXPECT_EQ(limit.Set(kMemoryMbMax + 1, Side::kAlone, 0),
            "MEMLIMIT_ADJUST_FAILED input value is megabytes not bytes");
  EXPECT_EQ(limit.bytes(), 64 * kMb);
}

TEST(MemoryLimit, AMasterIsNotRaisedAboveItsSlave) {
  MemoryLimit limit(64 * kMb, 8 * kMb);
  EXPECT_EQ(limit.Set(65, Side::kMaster, 64 * kMb),
            "MEMLIMIT_ADJUST_FAILED the slave's limit is 64m: raise it there first");
  EXPECT_EQ(limit.bytes(), 64 * kMb);
  EXPECT_EQ(limit.Set(65, Side::kMaster, 65 * kMb), "");
  EXPECT_EQ(limit.Set(10, Side::kMaster, 64 * kMb), "");
}

TEST(MemoryLimit, ASlaveIsNotLoweredBelowItsMaster) {
  MemoryLimit limit(64 * kMb, 8 * kMb);
  EXPECT_EQ(limit.Set(63, Side::kSlave, 64 * kMb),
            "MEMLIMIT_ADJUST_FAILED the master's limit is 64m: lower it there first");
  EXPECT_EQ(limit.Set(100, Side::kSlave, 64 * kMb), "");
  EXPECT_EQ(limit.Set(64, Side::kSlave, 64 * kMb), "");
}

TEST(MemoryLimit, IsLeftAloneWhileTheLinkIsLost) {
  MemoryLimit limit(64 * kMb, 8 * kMb);
  EXPECT_EQ(limit.Set(64, Side::kUnclear, 64 * kMb),
            "MEMLIMIT_ADJUST_FAILED the link to the other node is lost: try again");
}

TEST(MemoryLimit, WarnsOfASlaveThatHasLessAllTheSame) {
  const MemoryLimit limit(64 * kMb, 8 * kMb);
  EXPECT_EQ(limit.Unequal(Side::kMaster, 64 * kMb), "");
  EXPECT_EQ(limit.Unequal(Side::kMaster, 65 * kMb), "");
  EXPECT_NE(limit.Unequal(Side::kMaster, 63 * kMb), "");
  EXPECT_EQ(limit.Unequal(Side::kSlave, 63 * kMb), "");
  EXPECT_NE(limit.Unequal(Side::kSlave, 65 * kMb), "");
}

}  // namespace
}  // namespace twincached
