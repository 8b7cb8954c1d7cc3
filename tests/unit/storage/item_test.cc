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

// An item of this shape and the room that it needs.
class Room {
 public:
  explicit Room(const ItemShape& shape) : bytes_(shape.LogBytes() / sizeof(uint32_t)) {
    item().SetShape(shape);
  }
  ItemHeader& item() { return *reinterpret_cast<ItemHeader*>(bytes_.data()); }

 private:
  std::vector<uint32_t> bytes_;
};

TEST(Item, KeepsEveryExpiryOf48Bits) {
  Room room({3, 5, false, true, false});
  for (int64_t expiry_ms : {int64_t{0}, int64_t{1}, int64_t{1} << 32, (int64_t{1} << 48) - 1}) {
    room.item().set_expiry_ms(expiry_ms);
    EXPECT_EQ(room.item().expiry_ms(), expiry_ms);
  }
}

TEST(Item, ClampsAnExpiryThatDoesNotFit) {
  Room room({3, 5, false, true, false});
  room.item().set_expiry_ms(int64_t{1} << 60);
  EXPECT_EQ(room.item().expiry_ms(), ItemHeader::kExpiryMsMax);
  room.item().set_expiry_ms(kExpired);
  EXPECT_TRUE(IsExpired(room.item().expiry_ms(), 1)) << "what has come already is not kNever";
}

TEST(Item, NeverExpiresWithoutRoomForIt) {
  Room room({3, 5, false, false, false});
  room.item().set_expiry_ms(kNever);
  EXPECT_EQ(room.item().expiry_ms(), kNever);
}

TEST(Item, LiesOnItsAlignmentAndHoldsWhatItMust) {
  for (size_t key_bytes : {size_t{1}, size_t{7}, size_t{250}}) {
    for (size_t value_bytes : {size_t{0}, size_t{1}, size_t{8}, size_t{1000}}) {
      for (int optional = 0; optional < 4; ++optional) {
        const bool flags = (optional & 1) != 0, expiry = (optional & 2) != 0;
        const size_t bytes = ItemShape{key_bytes, value_bytes, flags, expiry, false}.LogBytes();
        const size_t exact = sizeof(ItemHeader) + key_bytes + 4 * (flags + expiry) + value_bytes;
        EXPECT_EQ(bytes % kItemAlignment, 0u);
        EXPECT_GE(bytes, exact);
        EXPECT_LT(bytes, exact + kItemAlignment);
      }
    }
    const ItemShape outside{key_bytes, 1 << 20, true, true, true};
    const ItemShape stub{key_bytes, sizeof(char*), true, true, false};
    EXPECT_EQ(outside.LogBytes(), stub.LogBytes());
  }
}

TEST(Item, KeepsEveryFieldBesideEveryOther) {
  char outside[] = "other value";
  for (int optional = 0; optional < 8; ++optional) {
    const bool flags = (optional & 1) != 0, expiry = (optional & 2) != 0;
    const bool is_outside = (optional & 4) != 0;
    Room room({3, 11, flags, expiry, is_outside});
    ItemHeader& item = room.item();
    item.set_version(0x0123456789abcdef);
    item.set_last_access_s(77);
    item.set_key("key");
    if (flags) item.set_client_flags(0xdeadbeef);
    if (expiry) item.set_expiry_ms(1'700'000'000'123);
    if (is_outside) item.set_place(outside);
    item.set_value("a value now");
    EXPECT_EQ(item.version(), 0x0123456789abcdefu);
    EXPECT_EQ(item.last_access_s(), 77u);
    EXPECT_EQ(item.key(), "key");
    EXPECT_EQ(item.client_flags(), flags ? 0xdeadbeef : 0);
    EXPECT_EQ(item.expiry_ms(), expiry ? 1'700'000'000'123 : kNever);
    EXPECT_EQ(item.value(), "a value now");
    EXPECT_EQ(item.value_data() == outside, is_outside);
  }
}

TEST(Item, IsAsLongWhenItIsBuried) {
  for (const bool is_outside : {false, true}) {
    Room room({3, 11, true, true, is_outside});
    const size_t log_bytes = room.item().LogBytes();
    room.item().Bury();
    EXPECT_TRUE(room.item().dead());
    EXPECT_FALSE(room.item().outside());
    EXPECT_EQ(room.item().LogBytes(), log_bytes);
  }
}

TEST(Item, CountsUsesAndLeavesTheOtherBitsAlone) {
  Room room({3, 5, true, false, false});
  ItemHeader& item = room.item();
  item.AddState(kItemStale);
  EXPECT_EQ(item.uses(), 0);
  for (int i = 1; i <= 5; ++i) {
    item.NoteUse(100);
    EXPECT_EQ(item.uses(), std::min<int>(i, kItemUsesMax));
  }
  EXPECT_FALSE(item.fetched());
  item.NoteRead(101);
  EXPECT_TRUE(item.fetched());
  EXPECT_EQ(item.last_access_s(), 101u);
  item.set_uses(1);
  EXPECT_EQ(item.uses(), 1);
  item.set_client_flags(9);
  EXPECT_EQ(item.client_flags(), 9u);
  EXPECT_EQ(item.marks(), 1) << "stale, not won";
}

}  // namespace
}  // namespace twincached
