// What becomes of items when memory runs out, seen through a shard.
#include "storage/reclaimer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/unit/storage/shard_world.h"

namespace twincached {
namespace {

constexpr size_t kBytes = 512 << 10;

class ReclaimerTest : public ::testing::Test {
 protected:
  explicit ReclaimerTest(bool evict = true) : world_(1, kBytes, evict) { world_.BeginEpoch(1); }

  Reply Run(Op op, const std::string& key, const std::string& value = "",
            int64_t expiry_ms = kNever) {
    Command command;
    command.op = op;
    command.key = key;
    command.value = value;
    command.expiry_ms = expiry_ms;
    records_.Clear();
    return world_.Execute(command, now_ms_, &records_);
  }
  Status Set(const std::string& key, size_t value_bytes, int64_t expiry_ms = kNever) {
    return Run(Op::kSet, key, std::string(value_bytes, 'x'), expiry_ms).status;
  }
  bool Has(const std::string& key) { return Run(Op::kGet, key).status == Status::kHit; }
  struct PinnedRead {
    Pin pin;
    absl::string_view value;
  };
  PinnedRead Read(const std::string& key) {
    Command command;
    command.key = key;
    command.hash = HashKey(key, ShardWorld::kSeed);
    const Reply reply = Run(Op::kGet, key);
    return {world_.shard(0).PinValue(command, reply.value), reply.value};
  }
  ShardStats stats() { return world_.shard(0).stats(); }
  void ExpectBound() { EXPECT_LE(stats().memory_bytes, kBytes); }

  ShardWorld world_;
  RecordWriter records_;
  int64_t now_ms_ = 1000;
};

class ReclaimerWithoutEvictionTest : public ReclaimerTest {
 protected:
  ReclaimerWithoutEvictionTest() : ReclaimerTest(false) {}
};

TEST_F(ReclaimerTest, EvictsTheOldestFirst) {
  for (int i = 0; i < 4000; ++i) ASSERT_EQ(Set("key" + std::to_string(i), 200), Status::kStored);
  EXPECT_GT(stats().evictions, 1000u);
  EXPECT_FALSE(Has("key0"));
  const uint64_t items = stats().items;
  for (uint64_t i = 4000 - items; i < 4000; ++i) EXPECT_TRUE(Has("key" + std::to_string(i)));
  ExpectBound();
}

// 512 KiB in segments of 16 KiB: one of them may be pinned.
TEST_F(ReclaimerTest, EvictsAroundAValueThatIsRead) {
  const std::string value(1000, 'r');
  Run(Op::kSet, "read", value);
  PinnedRead read = Read("read");
  ASSERT_NE(read.pin, nullptr);
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 20'000; ++i) {
      ASSERT_EQ(Set("key" + std::to_string(i), 200), Status::kStored);
    }
    EXPECT_TRUE(read.pin == nullptr || read.value == value);
    ExpectBound();
    read.pin.reset();
  }
  EXPECT_FALSE(Has("read"));
}

TEST_F(ReclaimerTest, WhatIsReadIsNotOverwritten) {
  const std::string value(1000, 'r');
  Run(Op::kSet, "read", value);
  const PinnedRead read = Read("read");
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(Run(Op::kSet, "read", std::string(1000, static_cast<char>(i))).status,
              Status::kStored);
  }
  EXPECT_EQ(read.value, value);
  EXPECT_EQ(stats().evictions, 0u);
}

// Nearly all memory is outside, and what refers to it in the segment that is read.
TEST_F(ReclaimerTest, AtLastEvictsFromAPinnedSegment) {
  const std::string value(1000, 'r');
  Run(Op::kSet, "read", value);
  const PinnedRead read = Read("read");
  ASSERT_NE(read.pin, nullptr);
  for (int i = 0; i < 200; ++i) {
    ASSERT_EQ(Set("key" + std::to_string(i), 60'000), Status::kStored) << i;
    ExpectBound();
  }
  EXPECT_EQ(read.value, value);
  EXPECT_FALSE(Has("read"));
}

TEST_F(ReclaimerTest, AFlushedSegmentThatIsReadIsFreedLater) {
  const std::string value(1000, 'r');
  Run(Op::kSet, "read", value);
  PinnedRead read = Read("read");
  for (int i = 0; i < 1000; ++i) Set("key" + std::to_string(i), 200);
  ASSERT_EQ(Run(Op::kFlush, "").status, Status::kFlushed);
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 1500; ++i) ASSERT_EQ(Set("new" + std::to_string(i), 200), Status::kStored);
    EXPECT_TRUE(read.pin == nullptr || read.value == value);
    read.pin.reset();
  }
  EXPECT_EQ(stats().evictions, 0u);
}

TEST_F(ReclaimerTest, FillsMostOfTheMemoryWithItems) {
  for (int i = 0; i < 20'000; ++i) Set("key" + std::to_string(i), 200);
  EXPECT_GT(stats().bytes, kBytes * 3 / 4) << "where a segment is a part in 32";
}

TEST_F(ReclaimerTest, WhatIsReadStays) {
  Set("read", 200);
  Set("unread", 200);
  for (int i = 0; i < 20'000; ++i) {
    Set("key" + std::to_string(i), 200);
    if (i % 100 == 0) {
      ASSERT_TRUE(Has("read")) << i;
    }
  }
  EXPECT_FALSE(Has("unread"));
  EXPECT_GT(stats().evicted_unfetched, 0u);
}

TEST_F(ReclaimerTest, WhatIsReadOnceGoesWithTheRest) {
  Set("read once", 200);
  ASSERT_TRUE(Has("read once"));
  for (int i = 0; i < 4000; ++i) Set("key" + std::to_string(i), 200);
  EXPECT_FALSE(Has("read once"));
}

TEST_F(ReclaimerTest, WhatIsReadTwiceOutlivesALongScan) {
  for (int i = 0; i < 100; ++i) Set("hot" + std::to_string(i), 200);
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(Has("hot" + std::to_string(i)));
  }
  for (int i = 0; i < 50'000; ++i) Set("scan" + std::to_string(i), 200);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(Has("hot" + std::to_string(i))) << i;
}

TEST_F(ReclaimerTest, WhatComesBackSoonAfterItsEvictionStays) {
  for (int i = 0; i < 4000; ++i) Set("key" + std::to_string(i), 200);
  ASSERT_FALSE(Has("key1500"));
  Set("key1500", 200);
  for (int i = 0; i < 4000; ++i) Set("other" + std::to_string(i), 200);
  EXPECT_TRUE(Has("key1500"));
}

TEST_F(ReclaimerTest, ReadingEverythingDoesNotStopEviction) {
  for (int i = 0; i < 20'000; ++i) {
    const std::string key = "key" + std::to_string(i);
    ASSERT_EQ(Set(key, 200), Status::kStored);
    ASSERT_TRUE(Has(key));
  }
  ExpectBound();
}

TEST_F(ReclaimerTest, OverwritingEvictsNothing) {
  // Half of the memory, over and over, in other sizes each time.
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 1000; ++i) {
      ASSERT_EQ(Set("key" + std::to_string(i), 100 + (round * 37 + i) % 200), Status::kStored);
    }
  }
  EXPECT_EQ(stats().evictions, 0u);
  EXPECT_EQ(stats().items, 1000u);
  ExpectBound();
}

TEST_F(ReclaimerTest, ExpiredItemsFallBeforeLiveOnes) {
  for (int i = 0; i < 1000; ++i) Set("short" + std::to_string(i), 200, 2000);
  now_ms_ = 2000;
  for (int i = 0; i < 1500; ++i) Set("key" + std::to_string(i), 200);
  EXPECT_EQ(stats().evictions, 0u);
  EXPECT_GT(stats().reclaimed, 0u);
  EXPECT_EQ(stats().expired_unfetched, stats().reclaimed);
}

TEST_F(ReclaimerTest, TellsEvictionsBeforeThePutThatNeededTheRoom) {
  records_.set_enabled(true);
  bool seen = false;
  for (int i = 0; i < 5000; ++i) {
    Set("key" + std::to_string(i), 200);
    replication::Batch batch;
    ASSERT_TRUE(
        batch.ParseFromArray(records_.bytes().data(), static_cast<int>(records_.bytes().size())));
    ASSERT_GT(batch.records_size(), 0);
    EXPECT_TRUE(batch.records(batch.records_size() - 1).has_put());
    for (int r = 0; r + 1 < batch.records_size(); ++r) {
      EXPECT_EQ(batch.records(r).remove().cause(), replication::Remove::EVICTED);
      seen = true;
    }
  }
  EXPECT_TRUE(seen);
}

TEST_F(ReclaimerTest, ChangesFromSmallToLargeValuesAndBack) {
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 3000; ++i) ASSERT_EQ(Set("s" + std::to_string(i), 100), Status::kStored);
    for (int i = 0; i < 50; ++i) {
      ASSERT_EQ(Set("l" + std::to_string(i), 60'000), Status::kStored);
      ExpectBound();
      ASSERT_TRUE(Has("l" + std::to_string(i)));
    }
    EXPECT_GT(stats().bytes, kBytes / 2);
  }
}

TEST_F(ReclaimerTest, AValueLargerThanTheShardLeavesTheRestAlone) {
  Set("key", 100);
  EXPECT_EQ(Set("huge", kBytes), Status::kOutOfMemory);
  EXPECT_TRUE(Has("key"));
  EXPECT_EQ(stats().evictions, 0u);
}

TEST_F(ReclaimerTest, ComesDownToALowerBound) {
  for (int i = 0; i < 4000; ++i) Set("key" + std::to_string(i), 200);
  world_.shard(0).SetMemoryBytesMax(kBytes / 2);
  for (int i = 0; i < 200; ++i) world_.shard(0).Maintain(now_ms_, 1, &records_);
  EXPECT_LE(stats().memory_bytes, kBytes / 2);
  EXPECT_GT(stats().items, 500u) << "no more than it must";
  world_.shard(0).SetMemoryBytesMax(kBytes);
  for (int i = 0; i < 4000; ++i) Set("key" + std::to_string(i), 200);
  EXPECT_GT(stats().bytes, kBytes * 7 / 10);
}

TEST_F(ReclaimerTest, ALowerBoundIsComeToInStepsThatDoNotWait) {
  for (int i = 0; i < 4000; ++i) Set("key" + std::to_string(i), 200);
  world_.shard(0).SetMemoryBytesMax(kBytes / 2);
  uint64_t evictions = stats().evictions;
  uint64_t most = 0;
  for (int i = 0; i < 1000; ++i) {
    Set("new" + std::to_string(i), 200);
    most = std::max(most, stats().evictions - evictions);
    evictions = stats().evictions;
  }
  EXPECT_LE(stats().memory_bytes, kBytes / 2);
  EXPECT_LE(most, 40u) << "items that one set gave up";
}

TEST_F(ReclaimerTest, ALowerBoundAtAnyMomentRefusesNoStore) {
  // Overwrites of other sizes keep it compacting; the bound falls in the middle of that.
  uint32_t number = 0;
  for (int round = 0; round < 500; ++round) {
    world_.shard(0).SetMemoryBytesMax(round % 2 == 0 ? kBytes : kBytes / 2);
    for (int i = 0; i < 100 + round % 37; ++i) {
      number = number * 1664525 + 1013904223;
      const std::string key = "key" + std::to_string(number >> 8 & 1023);
      ASSERT_EQ(Set(key, 50 + (number >> 20) % 800), Status::kStored) << round;
    }
  }
}

TEST_F(ReclaimerTest, WhatAFlushLeftOutsideIsGivenBackByAndBy) {
  for (int i = 0; i < 8; ++i) ASSERT_EQ(Set("l" + std::to_string(i), 30'000), Status::kStored);
  Run(Op::kFlush, "");
  for (int i = 0; i < 3000; ++i) ASSERT_EQ(Set("s" + std::to_string(i), 100), Status::kStored);
  EXPECT_EQ(stats().evictions, 0u) << "before that was empty";
  ExpectBound();
}

TEST_F(ReclaimerTest, AFlushedShardTakesNewItemsWithoutEvicting) {
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 1500; ++i) ASSERT_EQ(Set("key" + std::to_string(i), 200), Status::kStored);
    Run(Op::kFlush, "");
  }
  EXPECT_EQ(stats().evictions, 0u);
  ExpectBound();
}

TEST_F(ReclaimerWithoutEvictionTest, AnswersOutOfMemoryAndKeepsWhatItHas) {
  int count = 0;
  while (Set("key" + std::to_string(count), 200) == Status::kStored) ++count;
  ASSERT_LT(count, 4000);
  EXPECT_EQ(Set("another", 200), Status::kOutOfMemory);
  EXPECT_EQ(stats().evictions, 0u);
  EXPECT_EQ(stats().items, static_cast<uint64_t>(count));
  EXPECT_EQ(Run(Op::kAppend, "key1", std::string(500, 'x')).status, Status::kOutOfMemory);
  EXPECT_TRUE(Has("key1"));
  EXPECT_EQ(Set("key1", 900), Status::kOutOfMemory);
  EXPECT_FALSE(Has("key1")) << "a failed set leaves no old value";
  ExpectBound();
}

TEST_F(ReclaimerWithoutEvictionTest, FindsRoomAgainAfterDeletes) {
  int count = 0;
  while (Set("key" + std::to_string(count), 200) == Status::kStored) ++count;
  // Every second one: no segment becomes free by itself.
  for (int i = 0; i < count; i += 2) Run(Op::kDelete, "key" + std::to_string(i));
  for (int i = 0; i < count / 3; ++i) {
    ASSERT_EQ(Set("new" + std::to_string(i), 200), Status::kStored) << i << " of " << count;
  }
  for (int i = 1; i < count; i += 2) ASSERT_TRUE(Has("key" + std::to_string(i)));
}

}  // namespace
}  // namespace twincached
