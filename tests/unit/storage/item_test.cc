#include "storage/item.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace twincached {
namespace {

TEST(Item, ExpiresAtItsMillisecond) {
  EXPECT_FALSE(IsExpired(kNever, 1'000'000));
  EXPECT_FALSE(IsExpired(1000, 999));
  EXPECT_TRUE(IsExpired(1000, 1000));
  EXPECT_TRUE(IsExpired(kExpired, 0));
}

TEST(Item, KeepsEveryExpiryOf48Bits) {
  ItemHeader item{};
  for (int64_t expiry_ms : {int64_t{0}, int64_t{1}, int64_t{1} << 32, (int64_t{1} << 48) - 1}) {
    item.set_expiry_ms(expiry_ms);
    EXPECT_EQ(item.expiry_ms(), expiry_ms);
  }
}

TEST(Item, ClampsAnExpiryThatDoesNotFit) {
  ItemHeader item{};
  item.set_expiry_ms(int64_t{1} << 60);
  EXPECT_EQ(item.expiry_ms(), ItemHeader::kExpiryMsMax);
  item.set_expiry_ms(kExpired);
  EXPECT_TRUE(IsExpired(item.expiry_ms(), 1)) << "what has come already must not become kNever";
}

TEST(Item, LiesOnItsAlignmentAndHoldsWhatItMust) {
  for (size_t key_bytes : {size_t{1}, size_t{7}, size_t{250}}) {
    for (size_t value_bytes : {size_t{0}, size_t{1}, size_t{8}, size_t{1000}}) {
      for (bool flags : {false, true}) {
        const size_t bytes = ItemHeader::LogBytesFor({key_bytes, value_bytes, flags, false});
        const size_t exact = sizeof(ItemHeader) + key_bytes + (flags ? 4 : 0) + value_bytes;
        EXPECT_EQ(bytes % kItemAlignment, 0u);
        EXPECT_GE(bytes, exact);
        EXPECT_LT(bytes, exact + kItemAlignment);
      }
    }
    EXPECT_EQ(ItemHeader::LogBytesFor({key_bytes, 1 << 20, false, true}),
              ItemHeader::LogBytesFor({key_bytes, sizeof(char*), false, false}));
  }
}

TEST(Item, FindsItsValueInsideAndOutside) {
  std::vector<uint64_t> room(32);
  ItemHeader* item = reinterpret_cast<ItemHeader*>(room.data());
  item->key_bytes = 3;
  item->value_bytes = 5;
  std::memcpy(item->after_header(), "keyvalue", 8);
  EXPECT_EQ(item->key(), "key");
  EXPECT_EQ(item->value(), "value");
  const char* outside = "other value";
  item->state = kItemOutside;
  item->value_bytes = 11;
  std::memcpy(item->after_header() + 3, &outside, sizeof(outside));
  EXPECT_EQ(item->value(), "other value");
}

TEST(Item, HasClientFlagsOnlyWhenTheyAreNotZero) {
  std::vector<uint64_t> room(32);
  ItemHeader* item = reinterpret_cast<ItemHeader*>(room.data());
  item->key_bytes = 3;
  item->value_bytes = 5;
  EXPECT_EQ(item->client_flags(), 0u);
  item->state = kItemFlags;
  const uint32_t flags = 0xdeadbeef;
  std::memcpy(item->after_header(), "key", 3);
  std::memcpy(item->after_header() + 3, &flags, sizeof(flags));
  std::memcpy(item->after_header() + 7, "value", 5);
  EXPECT_EQ(item->client_flags(), flags);
  EXPECT_EQ(item->value(), "value");
}

TEST(Item, CountsUsesAndLeavesTheOtherBitsAlone) {
  ItemHeader item{};
  item.state = kItemFlags | kItemStale;
  EXPECT_EQ(item.uses(), 0);
  for (int i = 1; i <= 5; ++i) {
    item.NoteUse(100);
    EXPECT_EQ(item.uses(), std::min<int>(i, kItemUsesMax));
  }
  EXPECT_FALSE(item.fetched());
  item.NoteRead(101);
  EXPECT_TRUE(item.fetched());
  EXPECT_EQ(item.last_access_s, 101u);
  item.set_uses(1);
  EXPECT_EQ(item.uses(), 1);
  EXPECT_TRUE(item.has_flags());
  EXPECT_EQ(item.marks(), 1) << "stale, not won";
}

}  // namespace
}  // namespace twincached
