#include "storage/segment_log.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace twincached {
namespace {

constexpr size_t kSegmentBytes = 16384;

ItemView MakeItem(absl::string_view key, absl::string_view value, uint64_t version) {
  ItemView item;
  item.key = key;
  item.value = value;
  item.version = version;
  return item;
}

TEST(SegmentLog, KeepsWhatWasAppended) {
  SegmentLog log(kSegmentBytes, false);
  ASSERT_FALSE(log.HeadFits(Queue::kSmall, 1)) << "there is no head before it was opened";
  ASSERT_TRUE(log.OpenHead(Queue::kSmall));
  ItemView item = MakeItem("key", "value", 42);
  item.client_flags = 7;
  item.expiry_ms = 1234;
  const Location first = log.Append(Queue::kSmall, item, nullptr);
  const Location second = log.Append(Queue::kSmall, MakeItem("k", "", 43), nullptr);
  EXPECT_GT(first, 1u);
  EXPECT_EQ(log.At(first)->key(), "key");
  EXPECT_EQ(log.At(first)->value(), "value");
  EXPECT_EQ(log.At(first)->version(), 42u);
  EXPECT_EQ(log.At(first)->client_flags(), 7u);
  EXPECT_EQ(log.At(first)->expiry_ms(), 1234);
  EXPECT_EQ(log.At(second)->value(), "");
  EXPECT_EQ(log.LocationOf(log.SegmentOf(second), log.OffsetOf(second)), second);
}

TEST(SegmentLog, CountsSegmentsAndValuesOutside) {
  SegmentLog log(kSegmentBytes, false);
  EXPECT_EQ(log.memory_bytes(), 0u);
  ASSERT_TRUE(log.OpenHead(Queue::kSmall));
  EXPECT_EQ(log.memory_bytes(), log.segment_cost_bytes());
  const std::string large(10'000, 'x');
  ASSERT_TRUE(log.BelongsOutside({3, large.size()}));
  char* outside = log.MapOutside(large.size());
  ASSERT_NE(outside, nullptr);
  const Location location = log.Append(Queue::kSmall, MakeItem("key", large, 1), outside);
  EXPECT_EQ(log.At(location)->value(), large);
  EXPECT_GE(log.memory_bytes(), log.segment_cost_bytes() + large.size());
  log.MarkDead(location);
  EXPECT_EQ(log.memory_bytes(), log.segment_cost_bytes());
}

TEST(SegmentLog, WalksOverDeadStubs) {
  SegmentLog log(kSegmentBytes, false);
  ASSERT_TRUE(log.OpenHead(Queue::kSmall));
  const std::string large(10'000, 'x');
  const Location stub =
      log.Append(Queue::kSmall, MakeItem("key", large, 1), log.MapOutside(large.size()));
  const Location next = log.Append(Queue::kSmall, MakeItem("next", "value", 2), nullptr);
  log.MarkDead(stub);
  EXPECT_EQ(log.OffsetOf(stub) + log.At(stub)->LogBytes(), log.OffsetOf(next));
}

TEST(SegmentLog, APinnedSegmentIsDeadOnlyWhenItIsLetGo) {
  SegmentLog log(kSegmentBytes, false);
  ASSERT_TRUE(log.OpenHead(Queue::kSmall));
  const Location location = log.Append(Queue::kSmall, MakeItem("key", "value", 1), nullptr);
  const absl::string_view value = log.At(location)->value();
  Pin first = log.PinValue(location, kSegmentBytes);
  Pin second = log.PinValue(location, kSegmentBytes);
  ASSERT_TRUE(first != nullptr && second != nullptr) << "one range";
  EXPECT_TRUE(log.IsValuePinned(location));
  ASSERT_TRUE(log.OpenHead(Queue::kSmall));
  log.MarkDead(location);
  EXPECT_EQ(log.FindDead(), kNoSegment);
  EXPECT_EQ(value, "value");
  first.reset();
  EXPECT_EQ(log.FindDead(), kNoSegment);
  second.reset();
  EXPECT_EQ(log.FindDead(), log.SegmentOf(location));
  log.Free(log.SegmentOf(location));
  EXPECT_EQ(log.FindDead(), kNoSegment);
}

TEST(SegmentLog, ADeadSegmentIsFoundBehindAPinnedOne) {
  SegmentLog log(kSegmentBytes, false);
  Location items[3];
  for (Location& item : items) {
    ASSERT_TRUE(log.OpenHead(Queue::kSmall));
    item = log.Append(Queue::kSmall, MakeItem("key", "value", 1), nullptr);
  }
  log.SealHead(Queue::kSmall);
  const Pin pin = log.PinValue(items[2], kSegmentBytes);
  for (const Location item : items) log.MarkDead(item);
  EXPECT_EQ(log.FindDead(), log.SegmentOf(items[1]));
  log.Free(log.SegmentOf(items[1]));
  EXPECT_EQ(log.FindDead(), log.SegmentOf(items[0]));
  log.Free(log.SegmentOf(items[0]));
  EXPECT_EQ(log.FindDead(), kNoSegment);
}

TEST(SegmentLog, PagesOutsideComeBackWhenTheyAreLetGo) {
  SegmentLog log(kSegmentBytes, false);
  ASSERT_TRUE(log.OpenHead(Queue::kSmall));
  const std::string large(10'000, 'x');
  const Location location =
      log.Append(Queue::kSmall, MakeItem("key", large, 1), log.MapOutside(large.size()));
  const absl::string_view value = log.At(location)->value();
  Pin pin = log.PinValue(location, 1 << 20);
  const size_t memory_bytes = log.memory_bytes();
  log.MarkDead(location);
  EXPECT_EQ(log.memory_bytes(), memory_bytes) << "they count";
  EXPECT_EQ(log.queue_bytes(Queue::kSmall), log.segment_cost_bytes());
  EXPECT_FALSE(log.ReturnUnpinned());
  EXPECT_EQ(value, large);
  EXPECT_NE(log.MapOutside(large.size()), value.data());
  pin.reset();
  EXPECT_TRUE(log.ReturnUnpinned());
  EXPECT_FALSE(log.ReturnUnpinned());
  EXPECT_EQ(log.memory_bytes(), memory_bytes) << "of the other value";
}

TEST(SegmentLog, PinnedBytesOutliveIt) {
  auto log = std::make_unique<SegmentLog>(kSegmentBytes, false);
  ASSERT_TRUE(log->OpenHead(Queue::kSmall));
  const std::string large(10'000, 'x');
  const Location inside = log->Append(Queue::kSmall, MakeItem("a", "value", 1), nullptr);
  const Location outside =
      log->Append(Queue::kSmall, MakeItem("b", large, 2), log->MapOutside(large.size()));
  const absl::string_view values[] = {log->At(inside)->value(), log->At(outside)->value()};
  Pin pins[] = {log->PinValue(inside, 1 << 20), log->PinValue(outside, 1 << 20)};
  log->Clear();
  EXPECT_EQ(log->memory_bytes(), 0u);
  ASSERT_TRUE(log->OpenHead(Queue::kSmall));
  const Location other = log->Append(Queue::kSmall, MakeItem("c", "other", 3), nullptr);
  EXPECT_EQ(log->PinValue(other, 2 * kSegmentBytes), nullptr) << "what was disowned is pinned";
  pins[1].reset();
  EXPECT_NE(log->PinValue(other, 2 * kSegmentBytes), nullptr);
  log.reset();
  EXPECT_EQ(values[0], "value");
}

TEST(SegmentLog, PinsNoMoreThanIsAllowed) {
  SegmentLog log(kSegmentBytes, false);
  std::vector<Pin> pins;
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(log.OpenHead(Queue::kSmall));
    const Location item = log.Append(Queue::kSmall, MakeItem("key", "value", 1), nullptr);
    pins.push_back(log.PinValue(item, 3 * kSegmentBytes));
    EXPECT_EQ(pins.back() != nullptr, i < 3);
  }
  pins.erase(pins.begin());
  const Location item = log.Append(Queue::kSmall, MakeItem("key", "value", 1), nullptr);
  EXPECT_NE(log.PinValue(item, 3 * kSegmentBytes), nullptr);
}

TEST(SegmentLog, SealsInOrderAndFreesFromTheMiddle) {
  SegmentLog log(kSegmentBytes, false);
  uint32_t opened[4];
  for (uint32_t& segment : opened) {
    ASSERT_TRUE(log.OpenHead(Queue::kSmall));
    segment = log.head(Queue::kSmall);
    log.Append(Queue::kSmall, MakeItem("key", "value", 1), nullptr);
  }
  EXPECT_EQ(log.oldest(Queue::kSmall), opened[0]);
  EXPECT_EQ(log.next(opened[0]), opened[1]);
  log.Free(opened[1]);
  EXPECT_EQ(log.next(opened[0]), opened[2]);
  EXPECT_EQ(log.next(opened[2]), kNoSegment) << "the head is not in the list";
  log.Free(opened[0]);
  EXPECT_EQ(log.oldest(Queue::kSmall), opened[2]);
  EXPECT_EQ(log.free_count(), 2u);
  EXPECT_EQ(log.memory_bytes(), 4 * log.segment_cost_bytes());
  log.ReleaseFree();
  EXPECT_EQ(log.memory_bytes(), 3 * log.segment_cost_bytes());
  ASSERT_TRUE(log.OpenHead(Queue::kSmall));
  ASSERT_TRUE(log.OpenHead(Queue::kSmall));
  EXPECT_EQ(log.memory_bytes(), 4 * log.segment_cost_bytes()) << "a released one is mapped again";
}

TEST(SegmentLog, MovesItemsAndTheirValuesOutside) {
  SegmentLog log(kSegmentBytes, false);
  ASSERT_TRUE(log.OpenHead(Queue::kSmall));
  const std::string large(10'000, 'x');
  const Location small_from = log.Append(Queue::kSmall, MakeItem("small", "value", 1), nullptr);
  const Location large_from =
      log.Append(Queue::kSmall, MakeItem("large", large, 2), log.MapOutside(large.size()));
  const uint32_t left = log.head(Queue::kSmall);
  log.SealHead(Queue::kSmall);
  ASSERT_TRUE(log.OpenHead(Queue::kMain));
  const size_t memory_bytes = log.memory_bytes();
  const Location small_to = log.AppendMoved(Queue::kMain, small_from);
  const Location large_to = log.AppendMoved(Queue::kMain, large_from);
  EXPECT_EQ(log.segment(left).live_bytes, 0u);
  EXPECT_TRUE(log.At(small_from)->dead());
  EXPECT_FALSE(log.At(large_to)->dead());
  log.Free(left);
  EXPECT_EQ(log.memory_bytes(), memory_bytes);
  EXPECT_EQ(log.At(small_to)->value(), "value");
  EXPECT_EQ(log.At(large_to)->value(), large);
}

TEST(SegmentLog, DropsWhatIsOutsideInSteps) {
  SegmentLog log(kSegmentBytes, false);
  ASSERT_TRUE(log.OpenHead(Queue::kSmall));
  const std::string large(10'000, 'x');
  log.Append(Queue::kSmall, MakeItem("small", "value", 1), nullptr);
  for (int i = 0; i < 3; ++i) {
    char* outside = log.MapOutside(large.size());
    log.Append(Queue::kSmall, MakeItem("large", large, 2), outside);
  }
  log.SealHead(Queue::kSmall);
  const uint32_t segment = log.oldest(Queue::kSmall);
  const size_t memory_bytes = log.memory_bytes();
  EXPECT_FALSE(log.DropOutside(segment, 1));
  EXPECT_LT(log.memory_bytes(), memory_bytes);
  EXPECT_FALSE(log.DropOutside(segment, 1));
  EXPECT_TRUE(log.DropOutside(segment, 1));
  EXPECT_EQ(log.memory_bytes(), log.segment_cost_bytes());
  EXPECT_EQ(log.queue_bytes(Queue::kSmall), log.segment_cost_bytes());
  log.Free(segment);
  EXPECT_EQ(log.queue_bytes(Queue::kSmall), 0u);
}

TEST(SegmentLog, KnowsWhenSomethingExpires) {
  SegmentLog log(kSegmentBytes, false);
  ASSERT_TRUE(log.OpenHead(Queue::kSmall));
  ItemView item = MakeItem("key", "value", 1);
  log.Append(Queue::kSmall, item, nullptr);
  EXPECT_EQ(log.crawl_due_min_ms(), kNoCrawl);
  item.expiry_ms = 500;
  const Location location = log.Append(Queue::kSmall, item, nullptr);
  EXPECT_EQ(log.crawl_due_min_ms(), 500);
  log.NoteExpiry(location, 300);
  EXPECT_EQ(log.segment(log.head(Queue::kSmall)).crawl_due_ms, 300);
  log.segment(log.head(Queue::kSmall)).crawl_due_ms = 900;
  log.RecountCrawlDue();
  EXPECT_EQ(log.crawl_due_min_ms(), 900);
}

TEST(SegmentLog, ClearGivesEverythingBack) {
  SegmentLog log(kSegmentBytes, false);
  const std::string large(10'000, 'x');
  for (int i = 0; i < 300; ++i) {
    ASSERT_TRUE(log.OpenHead(Queue::kSmall));
    log.Append(Queue::kSmall, MakeItem("large", large, 2), log.MapOutside(large.size()));
  }
  log.Clear();
  EXPECT_EQ(log.memory_bytes(), 0u);
  EXPECT_EQ(log.segment_count(), 0u);
  ASSERT_TRUE(log.OpenHead(Queue::kSmall));
  EXPECT_EQ(log.At(log.Append(Queue::kSmall, MakeItem("key", "value", 1), nullptr))->value(),
            "value");
}

}  // namespace
}  // namespace twincached
