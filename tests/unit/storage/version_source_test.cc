#include "storage/version_source.h"

#include <gtest/gtest.h>

#include "storage/shard_options.h"

namespace twincached {
namespace {

ShardOptions OptionsOf(uint32_t shard_index, uint32_t shard_count) {
  ShardOptions options;
  options.shard_index = shard_index;
  options.shard_count = shard_count;
  return options;
}

TEST(VersionSource, NeverMintsZero) {
  VersionSource versions(OptionsOf(0, 1));
  EXPECT_EQ(versions.Mint(), 1u);
}

TEST(VersionSource, KeepsTheShardsResidueAndGrows) {
  for (uint32_t shard_count : {1u, 2u, 3u, 64u}) {
    for (uint32_t shard_index = 0; shard_index < shard_count; ++shard_index) {
      VersionSource versions(OptionsOf(shard_index, shard_count));
      versions.BeginEpoch(7);
      uint64_t last = 0;
      for (int i = 0; i < 10; ++i) {
        const uint64_t version = versions.Mint();
        EXPECT_GT(version, last);
        EXPECT_EQ(version >> VersionSource::kCounterBits, 7u);
        EXPECT_EQ((version & VersionSource::kCounterMask) % shard_count, shard_index);
        last = version;
      }
      EXPECT_LT(last & VersionSource::kCounterMask, 11u * shard_count) << "starts small";
    }
  }
}

TEST(VersionSource, GoesOnAboveWhatWasAppliedInTheSameEpoch) {
  VersionSource versions(OptionsOf(1, 4));
  const uint64_t seen = (uint64_t{3} << VersionSource::kCounterBits) + 1000;
  versions.Observe(seen);
  versions.Observe(seen - 500);
  EXPECT_EQ(versions.newest(), seen);
  versions.BeginEpoch(3);
  EXPECT_EQ(versions.Mint(), seen + 1);
  versions.BeginEpoch(4);
  EXPECT_EQ(versions.Mint(), (uint64_t{4} << VersionSource::kCounterBits) + 1);
}

TEST(VersionSource, EpochHasRoomUntilHalfIsUsed) {
  VersionSource versions(OptionsOf(0, 1));
  versions.BeginEpoch(1);
  EXPECT_TRUE(versions.EpochHasRoom());
  versions.Observe((uint64_t{1} << VersionSource::kCounterBits) + (uint64_t{1} << 39));
  EXPECT_FALSE(versions.EpochHasRoom());
  versions.BeginEpoch(2);
  EXPECT_TRUE(versions.EpochHasRoom());
}

TEST(VersionSource, MintsOnWhenTheEpochHasNoRoom) {
  ShardOptions options = OptionsOf(0, 1);
  options.epoch_counter_max = 2;
  VersionSource versions(options);
  versions.BeginEpoch(1);
  versions.Mint();
  EXPECT_TRUE(versions.EpochHasRoom());
  versions.Mint();
  EXPECT_FALSE(versions.EpochHasRoom());
  EXPECT_EQ(versions.Mint(), (uint64_t{1} << VersionSource::kCounterBits) + 3);
  EXPECT_EQ(versions.epoch_number(), 1u);
  versions.BeginEpoch(2);
  EXPECT_TRUE(versions.EpochHasRoom());
  EXPECT_EQ(versions.epoch_number(), 2u);
}

TEST(VersionSourceDeathTest, DiesRatherThanRunningOver) {
  VersionSource versions(OptionsOf(0, 1));
  versions.Observe((uint64_t{2} << VersionSource::kCounterBits) - 1);
  EXPECT_DEATH(versions.Mint(), "CHECK failed");
  EXPECT_DEATH(versions.BeginEpoch(uint64_t{1} << 24), "CHECK failed");
}

TEST(VersionSourceDeathTest, RefusesAnEpochThatIsOver) {
  VersionSource versions(OptionsOf(0, 1));
  versions.BeginEpoch(5);
  EXPECT_DEATH(versions.BeginEpoch(4), "CHECK failed");
}

}  // namespace
}  // namespace twincached
