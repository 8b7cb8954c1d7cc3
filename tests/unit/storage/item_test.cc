#include "storage/item.h"

#include <gtest/gtest.h>

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
  for (size_t key_bytes : {1, 7, 250}) {
    for (size_t value_bytes : {0, 1, 8, 1000}) {
      const size_t bytes = ItemHeader::LogBytesFor(key_bytes, value_bytes, false);
      EXPECT_EQ(bytes % kItemAlignment, 0u);
      EXPECT_GE(bytes, sizeof(ItemHeader) + key_bytes + value_bytes);
      EXPECT_LT(bytes, sizeof(ItemHeader) + key_bytes + value_bytes + kItemAlignment);
    }
    EXPECT_EQ(ItemHeader::LogBytesFor(key_bytes, 1 << 20, true),
              ItemHeader::LogBytesFor(key_bytes, sizeof(char*), false));
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

}  // namespace
}  // namespace twincached
