#include "storage/shard.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/unit/storage/shard_world.h"

namespace twincached {
namespace {

constexpr size_t kMiB = 1 << 20;

Command MakeCommand(Op op, absl::string_view key, absl::string_view value = "") {
  Command command;
  command.op = op;
  command.key = key;
  command.value = value;
  return command;
}

class ShardTest : public ::testing::Test {
 protected:
  ShardTest() {
    master_.BeginEpoch(1);
    records_.set_enabled(true);
    for (uint32_t i = 0; i < slave_.shard_count(); ++i) slave_.shard(i).Follow();
  }

  Reply Run(Command command) { return master_.Execute(command, now_ms_, &records_); }
  Reply Set(absl::string_view key, absl::string_view value, int64_t expiry_ms = kNever) {
    Command command = MakeCommand(Op::kSet, key, value);
    command.expiry_ms = expiry_ms;
    return Run(command);
  }
  Reply Flush(int64_t at_ms) {
    Command command = MakeCommand(Op::kFlush, "");
    command.expiry_ms = at_ms;
    return Run(command);
  }
  absl::Status Follow() { return slave_.Apply(records_.TakeBytes(), now_ms_); }
  int64_t Maintain(size_t items_max) {
    return master_.shard(0).Maintain(now_ms_, items_max, &records_);
  }

  ShardWorld master_{1, 4 * kMiB};
  ShardWorld slave_{3, 6 * kMiB};
  RecordWriter records_;
  int64_t now_ms_ = 1000;
};

TEST_F(ShardTest, WorksAtTheSmallestBoundItNames) {
  EXPECT_LE(Shard::MemoryBytesMin(), 512u << 10);
  ShardWorld world(1, Shard::MemoryBytesMin());
  world.BeginEpoch(1);
  for (int i = 0; i < 20'000; ++i) {
    const std::string key = "key" + std::to_string(i);
    const Command command = MakeCommand(Op::kSet, key, "some value that is not long");
    ASSERT_EQ(world.Execute(command, 0, &records_).status, Status::kStored);
  }
  EXPECT_LE(world.shard(0).stats().memory_bytes, Shard::MemoryBytesMin());
  EXPECT_GT(world.item_count(), 2000u);
}

TEST_F(ShardTest, TheFollowerShowsWhatWasApplied) {
  const uint64_t version = Set("key", "value").cas;
  EXPECT_EQ(slave_.Read("key", now_ms_).status, Status::kMiss);
  ASSERT_TRUE(Follow().ok());
  const Reply reply = slave_.Read("key", now_ms_);
  EXPECT_EQ(reply.status, Status::kHit);
  EXPECT_EQ(reply.value, "value");
  EXPECT_EQ(reply.cas, version);
  EXPECT_EQ(slave_.ShardOf("key").newest_version(), version);
}

TEST_F(ShardTest, TheFollowerKeepsWhatExpiredAndLeavesTheMissToItsMaster) {
  Set("key", "value", 2000);
  ASSERT_TRUE(Follow().ok());
  EXPECT_EQ(slave_.Read("key", 1999).status, Status::kHit);
  EXPECT_FALSE(slave_.TryRead("key", 2000).has_value());
  EXPECT_EQ(slave_.item_count(), 1u);
  now_ms_ = 2000;
  Run(MakeCommand(Op::kGet, "key"));
  ASSERT_TRUE(Follow().ok());
  EXPECT_EQ(slave_.item_count(), 0u);
}

TEST_F(ShardTest, TheFollowerLeavesItToItsMasterWhatADueFlushTakes) {
  Set("key", "value");
  Flush(2000);
  ASSERT_TRUE(Follow().ok());
  EXPECT_EQ(slave_.Read("key", 1999).status, Status::kHit);
  EXPECT_FALSE(slave_.TryRead("key", 2000).has_value());
  EXPECT_EQ(slave_.Read("no such key", 2000).status, Status::kMiss);
}

// What the master did before the time came reaches the follower after it.
TEST_F(ShardTest, WhatWasGivenMoreTimeIsNeverMissedOnTheFollower) {
  Set("touched", "value", 2000);
  Flush(2000);
  ASSERT_TRUE(Follow().ok());
  now_ms_ = 1999;
  Command touch = MakeCommand(Op::kTouch, "touched");
  touch.expiry_ms = 9000;
  Run(touch);
  Flush(8000);  // instead of the other one
  EXPECT_FALSE(slave_.TryRead("touched", 2001).has_value());
  ASSERT_TRUE(Follow().ok());
  EXPECT_EQ(slave_.Read("touched", 2001).status, Status::kHit);
}

TEST_F(ShardTest, ANewMasterFiresAnOverdueFlush) {
  Set("key", "value");
  Flush(2000);
  ASSERT_TRUE(Follow().ok());
  slave_.BeginEpoch(2);
  for (uint32_t i = 0; i < slave_.shard_count(); ++i) slave_.shard(i).Maintain(2500, 0, &records_);
  EXPECT_EQ(slave_.item_count(), 0u);
  EXPECT_EQ(records_.removals(), 3u) << "each shard tells its own slots";
}

TEST_F(ShardTest, AFiredFlushDoesNotFireAgainOnTheFollower) {
  Flush(2000);
  now_ms_ = 2000;
  Maintain(0);
  Set("key", "value");
  ASSERT_TRUE(Follow().ok());
  slave_.BeginEpoch(2);
  for (uint32_t i = 0; i < slave_.shard_count(); ++i) slave_.shard(i).Maintain(9000, 0, &records_);
  EXPECT_EQ(slave_.item_count(), 1u);
}

TEST_F(ShardTest, ATouchWithoutItsItemIsAGap) {
  replication::Record record;
  record.mutable_touch()->set_key("key");
  EXPECT_EQ(slave_.ShardOf("key").Apply(record, 0).code(), absl::StatusCode::kFailedPrecondition);
  slave_.ShardOf("key").BeginLoading();
  EXPECT_TRUE(slave_.ShardOf("key").Apply(record, 0).ok());
  slave_.ShardOf("key").EndLoading();
  EXPECT_EQ(slave_.ShardOf("key").Apply(record, 0).code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(ShardTest, APutFromBeforeAFlushIsRefused) {
  Set("key", "value");
  const std::string old = records_.TakeBytes();
  Flush(kNever);
  const std::string flush = records_.TakeBytes();
  ASSERT_TRUE(slave_.Apply(old).ok());
  ASSERT_TRUE(slave_.Apply(flush).ok());
  EXPECT_EQ(slave_.Apply(old).code(), absl::StatusCode::kFailedPrecondition);
  Set("key", "new");
  EXPECT_TRUE(Follow().ok());
  EXPECT_EQ(slave_.Read("key", now_ms_).value, "new");
}

TEST_F(ShardTest, ARecordThatIsNoneOfOursIsAnError) {
  replication::Record record;
  record.mutable_put()->set_key(std::string(251, 'k'));
  EXPECT_FALSE(slave_.shard(0).Apply(record, 0).ok());
  record.mutable_put()->set_key("");
  EXPECT_FALSE(slave_.shard(0).Apply(record, 0).ok());
}

TEST_F(ShardTest, AnItemWithoutRoomForAnExpiryIsToldAgain) {
  const uint64_t version = Set("key", "value").cas;
  records_.Clear();
  Command touch = MakeCommand(Op::kGat, "key");
  touch.expiry_ms = 5000;
  const Reply reply = Run(touch);
  EXPECT_EQ(reply.status, Status::kHit);
  EXPECT_EQ(reply.value, "value");
  EXPECT_EQ(reply.cas, version) << "a touch makes no version";
  ASSERT_TRUE(Follow().ok()) << "which has never seen the item";
  EXPECT_TRUE(master_.Items() == slave_.Items());
  EXPECT_EQ(slave_.Items().at("key").expiry_ms, 5000);
  touch.expiry_ms = kNever;
  Run(touch);
  touch.expiry_ms = 6000;
  Run(touch);
  ASSERT_TRUE(Follow().ok());
  EXPECT_EQ(slave_.Items().at("key").expiry_ms, 6000);
  EXPECT_EQ(master_.Digests(), slave_.Digests());
}

TEST_F(ShardTest, TheFollowerMakesRoomForAnExpiryItself) {
  Set("key", "value", 5000);
  Command touch = MakeCommand(Op::kTouch, "key");
  Run(touch);
  master_.shard(0).BeginSnapshot();
  RecordWriter chunk;
  chunk.set_enabled(true);
  EXPECT_FALSE(master_.shard(0).NextSnapshotChunk(kMiB, now_ms_, &chunk));
  ASSERT_TRUE(slave_.Apply(chunk.TakeBytes()).ok()) << "an item that never expires";
  records_.Clear();
  touch.expiry_ms = 7000;
  Run(touch);
  ASSERT_TRUE(Follow().ok());
  EXPECT_TRUE(master_.Items() == slave_.Items());
  EXPECT_EQ(master_.Digests(), slave_.Digests());
}

TEST_F(ShardTest, TheFollowerShedsWhatFindsNoRoom) {
  ShardWorld small(1, Shard::MemoryBytesMin());
  small.shard(0).Follow();
  absl::Status status;
  std::string shed;
  for (int i = 0; status.ok() && i < 10'000; ++i) {
    shed = "key" + std::to_string(i);
    Set(shed, std::string(500, 'x'), 1'000'000);
    status = small.Apply(records_.TakeBytes());
  }
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(small.Read(shed, now_ms_).status, Status::kMiss);
  EXPECT_EQ(small.Read("key0", now_ms_).status, Status::kHit) << "nothing else went";
  EXPECT_GT(small.shard(0).stats().bytes, Shard::MemoryBytesMin() * 7 / 10);
  Command touch = MakeCommand(Op::kTouch, shed);
  touch.expiry_ms = 5000;
  Run(touch);
  EXPECT_TRUE(small.Apply(records_.TakeBytes()).ok()) << "on its way when the item was shed";
}

TEST_F(ShardTest, WhatWasShedIsRememberedUntilTheSourceHasRemovedIt) {
  ShardWorld small(1, Shard::MemoryBytesMin());
  Shard& shard = small.shard(0);
  shard.Follow();
  std::vector<std::string> keys;
  const auto shed_one = [&] {  // fills it up first
    for (int i = 0; i < 10'000; ++i) {
      keys.push_back("key" + std::to_string(keys.size()));
      Set(keys.back(), std::string(500, 'x'));
      if (!small.Apply(records_.TakeBytes()).ok()) return keys.back();
    }
    return std::string("there was always room");
  };
  const std::string removed = shed_one(), replaced = shed_one(), flushed = shed_one();
  std::vector<std::string> shed = {removed, replaced, flushed};
  std::sort(shed.begin(), shed.end());
  EXPECT_EQ(shard.ShedKeys(), shed);
  Run(MakeCommand(Op::kDelete, keys[0]));  // room for one more
  Run(MakeCommand(Op::kDelete, removed));
  ASSERT_TRUE(small.Apply(records_.TakeBytes()).ok());
  EXPECT_EQ(shard.ShedKeys().size(), 2u);
  Set(replaced, "x");
  ASSERT_TRUE(small.Apply(records_.TakeBytes()).ok());
  EXPECT_EQ(shard.ShedKeys(), std::vector<std::string>{flushed});
  Flush(kNever);
  ASSERT_TRUE(small.Apply(records_.TakeBytes()).ok());
  EXPECT_TRUE(shard.ShedKeys().empty());
}

TEST_F(ShardTest, ASlotIsUnsettledUntilTheRemovalOfWhatWasShedIsTold) {
  ShardWorld small(1, Shard::MemoryBytesMin());
  small.shard(0).Follow();
  EXPECT_EQ(small.shard(0).unsettled_slots(), 0u);
  std::string shed;
  for (int i = 0; small.Apply(records_.TakeBytes()).ok(); ++i) {
    shed = "key" + std::to_string(i);
    Set(shed, std::string(500, 'x'));
  }
  const uint64_t slot = uint64_t{1} << SlotOf(HashKey(shed, ShardWorld::kSeed));
  EXPECT_EQ(small.shard(0).unsettled_slots(), slot);
  Run(MakeCommand(Op::kDelete, shed));
  EXPECT_TRUE(small.Apply(records_.TakeBytes()).ok());
  EXPECT_EQ(small.shard(0).unsettled_slots(), 0u);
  EXPECT_EQ(small.Digests(), master_.Digests());
}

TEST_F(ShardTest, AFlushSettlesWhatWasShed) {
  ShardWorld small(1, Shard::MemoryBytesMin());
  small.shard(0).Follow();
  std::string shed;
  for (int i = 0; small.Apply(records_.TakeBytes()).ok(); ++i) {
    shed = "key" + std::to_string(i);
    Set(shed, std::string(500, 'x'));
  }
  Flush(kNever);
  EXPECT_TRUE(small.Apply(records_.TakeBytes()).ok());
  EXPECT_EQ(small.shard(0).unsettled_slots(), 0u);
  EXPECT_EQ(small.Digests(), master_.Digests());
  replication::Record record;
  record.mutable_touch()->set_key(shed);
  EXPECT_EQ(small.ShardOf(shed).Apply(record, now_ms_).code(),
            absl::StatusCode::kFailedPrecondition)
      << "nothing was on its way any more";
}

TEST_F(ShardTest, VersionsGoOnAfterARoleChange) {
  const uint64_t version = Set("key", "value").cas;
  ASSERT_TRUE(Follow().ok());
  slave_.BeginEpoch(2);
  const Reply reply = slave_.Execute(MakeCommand(Op::kSet, "key", "new"), now_ms_, &records_);
  EXPECT_GT(reply.cas, version);
  for (uint32_t i = 0; i < 3; ++i) master_.shard(0).Follow();
  ASSERT_TRUE(master_.Apply(records_.TakeBytes()).ok());
  EXPECT_EQ(master_.Read("key", now_ms_).cas, reply.cas);
}

TEST_F(ShardTest, MaintainTakesBackExpiredItemsAndSaysWhen) {
  EXPECT_EQ(Maintain(100), kNever);
  for (int i = 0; i < 1000; ++i) Set("key" + std::to_string(i), "value", 5000);
  EXPECT_EQ(Maintain(100), 5000);
  now_ms_ = 5000;
  int calls = 0;
  int64_t wanted_ms = Maintain(100);
  for (; wanted_ms != kNever && wanted_ms <= now_ms_; ++calls) wanted_ms = Maintain(100);
  EXPECT_GE(calls, 9) << "no more than it may look at";
  EXPECT_EQ(wanted_ms, kNever);
  EXPECT_EQ(master_.item_count(), 0u);
  EXPECT_EQ(master_.shard(0).stats().reclaimed, 1000u);
}

TEST_F(ShardTest, MaintainWaitsForTheNextFlush) {
  Flush(7000);
  EXPECT_EQ(Maintain(0), 7000);
  Set("key", "value", 6000);
  EXPECT_EQ(Maintain(10), 6000);
  now_ms_ = 7000;
  EXPECT_EQ(Maintain(0), kNever);
}

TEST_F(ShardTest, MaintainSparesASegmentThatItHasJustSeen) {
  for (int i = 0; i < 100; ++i) Set("key" + std::to_string(i), "value", 2000 + i * 100);
  now_ms_ = 2000;
  while (Maintain(10) <= now_ms_) continue;
  EXPECT_GT(Maintain(10), 2100) << "not for every single item";
  now_ms_ = 20'000;
  while (Maintain(10) != kNever) ++now_ms_;
  EXPECT_EQ(master_.item_count(), 0u);
}

TEST_F(ShardTest, ClearDropsEverythingAndChangesTheSeed) {
  const uint64_t empty_bytes = master_.shard(0).stats().memory_bytes;
  Set("key", "value");
  const uint64_t newest = master_.shard(0).newest_version();
  master_.shard(0).Clear(ShardWorld::kSeed);
  EXPECT_EQ(master_.item_count(), 0u);
  EXPECT_EQ(master_.shard(0).stats().memory_bytes, empty_bytes);
  EXPECT_GT(Set("key", "value").cas, newest) << "no version twice";
}

TEST_F(ShardTest, ResetStatsKeepsWhatIs) {
  Set("key", "value");
  Run(MakeCommand(Op::kGet, "key"));
  master_.shard(0).ResetStats();
  const ShardStats stats = master_.shard(0).stats();
  EXPECT_EQ(stats.get_hits, 0u);
  EXPECT_EQ(stats.total_items, 0u);
  EXPECT_EQ(stats.items, 1u);
  EXPECT_GT(stats.bytes, 0u);
}

TEST(ShardMemory, CanBeLoweredToSixteenSegmentsAndTwoItems) {
  constexpr size_t kMb = 1u << 20;
  ShardOptions options;
  for (const size_t threads : {1, 4}) {
    options.memory_bytes_max = 64 * kMb / threads;
    EXPECT_EQ(threads * Shard::MemoryBytesMinOf(options), 8 * kMb) << "memcached's least";
  }
  options.memory_bytes_max = 512 * kMb;
  EXPECT_EQ(Shard::MemoryBytesMinOf(options), 32 * kMb);
  options.item_bytes_max = 32 * kMb;
  EXPECT_EQ(Shard::MemoryBytesMinOf(options), 64 * kMb);
}

}  // namespace
}  // namespace twincached
