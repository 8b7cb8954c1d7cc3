#include "storage/item_store.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tests/unit/storage/put_if_it_fits.h"

namespace twincached {
namespace {

constexpr size_t kBytes = 1 << 20;

ShardOptions Options(size_t memory_bytes_max, uint32_t shard_index = 0, uint32_t shard_count = 1) {
  ShardOptions options;
  options.memory_bytes_max = memory_bytes_max;
  options.shard_index = shard_index;
  options.shard_count = shard_count;
  return options;
}

class ItemStoreTest : public ::testing::Test {
 protected:
  // Puts it if that gives nothing up; kNoLocation if it does not fit.
  Location Put(absl::string_view key, absl::string_view value) {
    ItemView item;
    item.key = key;
    item.value = value;
    item.version = ++version_;
    return PutIfItFits(item, &store_);
  }
  Location Find(absl::string_view key) { return store_.Find(store_.HashOf(key), key); }

  ItemStore store_{Options(kBytes)};
  uint64_t version_ = 0;
};

TEST_F(ItemStoreTest, FindsWhatWasPutAndNotWhatWasRemoved) {
  Put("a", "1");
  Put("b", "2");
  EXPECT_EQ(store_.At(Find("a"))->value(), "1");
  EXPECT_EQ(Find("c"), kNoLocation);
  store_.Remove(store_.HashOf("a"), Find("a"));
  EXPECT_EQ(Find("a"), kNoLocation);
  EXPECT_EQ(store_.At(Find("b"))->value(), "2");
  EXPECT_EQ(store_.items(), 1u);
}

TEST_F(ItemStoreTest, OverwritesInPlaceWhereTheSizeFits) {
  const Location first = Put("key", "12345678");
  EXPECT_EQ(Put("key", "1234567"), first) << "rounds up to the same size";
  EXPECT_EQ(store_.At(first)->value(), "1234567");
  EXPECT_EQ(store_.At(first)->version(), 2u);
  EXPECT_EQ(store_.At(first)->uses(), 1) << "a write is a use";
  const Location moved = Put("key", std::string(100, 'x'));
  EXPECT_NE(moved, first);
  EXPECT_TRUE(store_.At(first)->dead());
  EXPECT_EQ(Find("key"), moved);
  EXPECT_EQ(store_.items(), 1u);
}

TEST_F(ItemStoreTest, OverwritesLargeValuesInTheirPages) {
  const std::string large(100'000, 'x');
  const std::string other(100'001, 'y');
  const Location first = Put("key", large);
  const size_t memory_bytes = store_.memory_bytes();
  EXPECT_EQ(Put("key", other), first);
  EXPECT_EQ(store_.At(first)->value(), other);
  EXPECT_EQ(store_.memory_bytes(), memory_bytes);
}

TEST_F(ItemStoreTest, CountsItemsAndBytesExactly) {
  const std::string large(100'000, 'x');
  uint64_t bytes = 0;
  for (int i = 0; i < 100; ++i) {
    const std::string key = "key" + std::to_string(i);
    Put(key, i == 50 ? large : "value");
    bytes += store_.FootprintOf(*store_.At(Find(key))).total();
  }
  EXPECT_EQ(store_.items(), 100u);
  EXPECT_EQ(store_.bytes(), bytes);
  for (int i = 0; i < 100; ++i) {
    const std::string key = "key" + std::to_string(i);
    store_.Remove(store_.HashOf(key), Find(key));
  }
  EXPECT_EQ(store_.items(), 0u);
  EXPECT_EQ(store_.bytes(), 0u);
}

TEST_F(ItemStoreTest, CountsBySizeThroughOverwriteMoveRemoveAndFlush) {
  const auto expect_counts = [this](uint64_t small, uint64_t large) {
    const SizeClassCounts counts = store_.CountsBySize();
    EXPECT_TRUE(counts == store_.RecountBySize());
    EXPECT_EQ(counts[0].items, small);
    EXPECT_EQ(counts[SizeClassOf(102'400 + 36)].items, large) << "25 pages and a stub";
  };
  Put("a", "12345678");
  Put("b", "1");
  expect_counts(2, 0);
  Put("a", "87654321");  // where it lies
  expect_counts(2, 0);
  Put("a", std::string(100'000, 'x'));
  expect_counts(1, 1);
  ASSERT_TRUE(store_.log().OpenHead(Queue::kMain));
  store_.Move(store_.HashOf("a"), Find("a"), Queue::kMain);
  expect_counts(1, 1);
  store_.Remove(store_.HashOf("b"), Find("b"));
  expect_counts(0, 1);
  store_.FlushSlots(uint64_t{1} << SlotOf(store_.HashOf("a")));
  expect_counts(0, 0);
  Put("a", "1");
  expect_counts(1, 0);
  store_.Clear(7);
  expect_counts(0, 0);
}

TEST_F(ItemStoreTest, TellsWhereTheMemoryIs) {
  Put("a", std::string(1000, 'x'));
  Put("b", std::string(100'000, 'x'));
  const MemoryStats before = store_.memory_stats();
  EXPECT_EQ(before.segments, 1u);
  EXPECT_EQ(before.segment_bytes, store_.log().segment_bytes());
  EXPECT_EQ(before.live_bytes, before.used_bytes);
  EXPECT_EQ(before.live_bytes + before.outside_bytes, store_.bytes());
  EXPECT_EQ(before.outside_bytes, 102'400u);
  Put("a", "1");
  const MemoryStats after = store_.memory_stats();
  EXPECT_GT(after.used_bytes, before.used_bytes);
  EXPECT_LT(after.live_bytes, before.live_bytes);
  store_.FlushSlots(store_.own_slots());
  EXPECT_EQ(store_.memory_stats().live_bytes, 0u);
  EXPECT_EQ(store_.memory_stats().used_bytes, after.used_bytes) << "until the segment is taken";
  ASSERT_TRUE(store_.log().DropOutside(store_.FindDeadSegment(), kBytes));
  store_.log().Free(store_.FindDeadSegment());
  EXPECT_EQ(store_.memory_stats().used_bytes, 0u);
  EXPECT_EQ(store_.memory_stats().free_segments, 1u);
}

TEST_F(ItemStoreTest, KnowsTheQueueOfAnItemThatWasEvicted) {
  const auto queue_of = [this](absl::string_view key) {
    ItemView item;
    item.key = key;
    return store_.PlacementFor(store_.HashOf(key), kNoLocation, item).queue;
  };
  EXPECT_EQ(queue_of("key"), Queue::kSmall);
  store_.RememberEvicted(store_.HashOf("key"));
  EXPECT_EQ(queue_of("key"), Queue::kMain);
  EXPECT_EQ(queue_of("other"), Queue::kSmall);
}

TEST_F(ItemStoreTest, LeavesTheLastSegmentToItemsThatAreMoved) {
  while (Put("key" + std::to_string(version_), std::string(200, 'x')) != kNoLocation) continue;
  ASSERT_TRUE(store_.log().OpenHead(Queue::kMain));
  ASSERT_EQ(store_.AvailableSegments(), 0u);
  Placement placement;
  placement.footprint.log_bytes = 64;
  placement.queue = Queue::kMain;
  placement.replaces = true;
  EXPECT_TRUE(store_.Fits(0, placement));
  store_.set_moving_to(Queue::kMain);
  EXPECT_FALSE(store_.Fits(0, placement));
  store_.set_moving_to(Queue::kSmall);
  EXPECT_TRUE(store_.Fits(0, placement));
}

TEST_F(ItemStoreTest, StopsAtTheBoundAndKeepsAReserve) {
  int count = 0;
  while (Put("key" + std::to_string(count), std::string(200, 'x')) != kNoLocation) ++count;
  EXPECT_LE(store_.memory_bytes(), kBytes);
  EXPECT_GE(store_.AvailableSegments(), 1u);
  EXPECT_GT(store_.bytes(), kBytes * 8 / 10) << "items are most of what is counted";
}

TEST_F(ItemStoreTest, StopsAtTheBoundWithLargeValuesToo) {
  int count = 0;
  while (Put("key" + std::to_string(count), std::string(50'000, 'x')) != kNoLocation) ++count;
  EXPECT_LE(store_.memory_bytes(), kBytes);
  EXPECT_GT(store_.bytes(), kBytes * 8 / 10);
}

TEST_F(ItemStoreTest, FlushTakesItsSlotsAndNoOthers) {
  for (int i = 0; i < 1000; ++i) Put("key" + std::to_string(i), "value");
  const uint64_t slots = 0x00000000ffffffff;
  store_.FlushSlots(slots);
  uint64_t left = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::string key = "key" + std::to_string(i);
    const bool flushed = (slots >> SlotOf(store_.HashOf(key)) & 1) != 0;
    EXPECT_EQ(Find(key) == kNoLocation, flushed);
    if (!flushed) ++left;
  }
  EXPECT_EQ(store_.items(), left);
  uint64_t visited = 0;
  store_.ForEachItem([&visited](const ItemView&) { ++visited; });
  EXPECT_EQ(visited, left);
  EXPECT_EQ(store_.FindDeadSegment(), kNoSegment) << "a segment holds live items still";
}

TEST_F(ItemStoreTest, KnowsThatAFlushedSegmentIsDead) {
  for (int i = 0; i < 100; ++i) Put("key" + std::to_string(i), "value");
  // In parts, as a source with another number of shards tells it.
  store_.FlushSlots(0x5555555555555555);
  store_.FlushSlots(0xaaaaaaaaaaaaaaaa);
  EXPECT_EQ(store_.items(), 0u);
  EXPECT_EQ(store_.bytes(), 0u);
  EXPECT_NE(store_.FindDeadSegment(), kNoSegment);
  Put("after", "value");
  EXPECT_EQ(store_.items(), 1u);
  EXPECT_EQ(store_.At(Find("after"))->value(), "value");
}

TEST_F(ItemStoreTest, OwnsTheSlotsOfItsShard) {
  EXPECT_EQ(store_.own_slots(), ~uint64_t{0});
  EXPECT_EQ(ItemStore(Options(kBytes, 1, 2)).own_slots(), 0xaaaaaaaaaaaaaaaau);
  EXPECT_EQ(ItemStore(Options(kBytes, 63, 64)).own_slots(), uint64_t{1} << 63);
}

TEST_F(ItemStoreTest, ClearForgetsEverything) {
  const size_t memory_bytes = store_.memory_bytes();
  EXPECT_LE(memory_bytes, kBytes / 64) << "what an empty one needs";
  for (int i = 0; i < 1000; ++i) Put("key" + std::to_string(i), "value");
  store_.FlushSlots(1);
  store_.Clear(99);
  EXPECT_EQ(store_.memory_bytes(), memory_bytes);
  EXPECT_EQ(store_.items(), 0u);
  EXPECT_EQ(store_.slot_seed(), 99u);
  EXPECT_EQ(store_.FloorOf(0), 0u) << "old versions may come again";
  Put("key", "value");
  EXPECT_EQ(store_.At(Find("key"))->value(), "value");
}

TEST(ItemStoreColdMemory, IsTwoSegmentsAheadWhereSegmentsAreHugePages) {
  ShardOptions options = Options(kBytes);
  EXPECT_EQ(ItemStore(options).TakeColdMemory().bytes, 0u);
  options.huge_pages = true;
  ItemStore store(options);
  const size_t memory_before = store.memory_bytes();
  const MemoryRange first = store.TakeColdMemory();
  EXPECT_EQ(first.bytes, store.log().segment_bytes());
  EXPECT_EQ(store.memory_bytes() - memory_before, store.log().segment_cost_bytes());
  const MemoryRange second = store.TakeColdMemory();
  EXPECT_NE(second.begin, first.begin);
  EXPECT_EQ(store.TakeColdMemory().bytes, 0u) << "they wait still";
  ItemView item;
  item.key = "key";
  item.version = 1;
  const Location location = PutIfItFits(item, &store);
  const char* head = store.log().segment(store.log().SegmentOf(location)).base;
  EXPECT_TRUE(head == first.begin || head == second.begin);
  EXPECT_EQ(store.TakeColdMemory().bytes, store.log().segment_bytes());
}

TEST(ItemStoreColdMemory, StaysWithinTheBoundAndItsReserve) {
  for (const bool huge_pages : {true, false}) {
    ShardOptions options = Options(kBytes);
    options.huge_pages = huge_pages;
    ItemStore store(options);
    const std::string value(1000, 'x');
    ItemView item;
    item.value = value;
    std::multiset<size_t> told;
    for (Location location = 0; location != kNoLocation || item.version == 0;) {
      told.insert(store.TakeColdMemory().bytes);
      ASSERT_LE(store.memory_bytes(), kBytes);
      const std::string key = std::to_string(++item.version);
      item.key = key;
      location = PutIfItFits(item, &store);
    }
    EXPECT_EQ(store.AvailableSegments(), 1u) << "the reserve";
    EXPECT_GT(store.memory_bytes(), kBytes - 2 * store.log().segment_cost_bytes());
    EXPECT_EQ(told.count(store.memory_stats().ghost_bytes), 1u) << "before anything is evicted";
  }
}

TEST(ItemStoreSizes, ScaleWithTheBound) {
  EXPECT_EQ(ItemStore::SegmentBytesFor(ItemStore::MemoryBytesMin()), 16u << 10);
  EXPECT_EQ(ItemStore::SegmentBytesFor(64u << 20), 512u << 10);
  EXPECT_EQ(ItemStore::SegmentBytesFor(size_t{256} << 20), 2u << 20);
  EXPECT_EQ(ItemStore::SegmentBytesFor(size_t{64} << 30), 2u << 20);
  EXPECT_LE(ItemStore::MemoryBytesMin(), 512u << 10);
}

}  // namespace
}  // namespace twincached
