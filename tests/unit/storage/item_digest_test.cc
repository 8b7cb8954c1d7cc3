#include "storage/item_digest.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <unordered_set>
#include <utility>
#include <vector>

namespace twincached {
namespace {

constexpr uint64_t kHash = 0x0123456789abcdef;

ItemHeader Header(uint64_t version, int64_t expiry_ms = kNever) {
  ItemHeader item{};
  item.version = version;
  item.client_flags = 7;
  item.value_bytes = 100;
  item.set_expiry_ms(expiry_ms);
  return item;
}

// The same header with each bit of what counts turned once.
std::vector<ItemHeader> Neighbours(const ItemHeader& item) {
  std::vector<ItemHeader> all;
  for (int bit = 0; bit < 64; ++bit) {
    all.push_back(item);
    all.back().version ^= uint64_t{1} << bit;
  }
  for (int bit = 0; bit < 32; ++bit) {
    all.push_back(item);
    all.back().client_flags ^= 1u << bit;
    all.push_back(item);
    all.back().value_bytes ^= 1u << bit;
    all.push_back(item);
    all.back().expiry_low ^= 1u << bit;
  }
  for (int bit = 0; bit < 16; ++bit) {
    all.push_back(item);
    all.back().expiry_high = static_cast<uint16_t>(all.back().expiry_high ^ 1u << bit);
  }
  return all;
}

TEST(ItemDigest, ChangesWithEveryBitThatCounts) {
  const ItemHeader item = Header(5, 1'000'000);
  std::unordered_set<uint64_t> seen{DigestOf(kHash, item)};
  for (const ItemHeader& other : Neighbours(item)) {
    EXPECT_TRUE(seen.insert(DigestOf(kHash, other)).second);
  }
  for (int bit = 0; bit < 64; ++bit) {
    EXPECT_NE(DigestOf(kHash ^ uint64_t{1} << bit, item), DigestOf(kHash, item)) << "hash " << bit;
  }
}

TEST(ItemDigest, IsTheSameWhereverTheItemLiesAndWhoeverReadIt) {
  ItemHeader item = Header(5);
  const uint64_t digest = DigestOf(kHash, item);
  item.state = kItemRead | kItemFetched | kItemOutside;
  EXPECT_EQ(DigestOf(kHash, item), digest);
}

// What a systematic fault does: the same bit is wrong in many items. In a sum of weak hashes the
// differences would be few different numbers, and cancel out.
TEST(ItemDigest, TheSameChangeInTwoItemsDoesNotCancelOut) {
  std::mt19937_64 random(1);
  const ItemHeader item = Header(uint64_t{3} << 40 | 12345, 1'000'000);
  const size_t changes = Neighbours(item).size();
  for (size_t change = 0; change < changes; ++change) {
    std::unordered_set<uint64_t> differences;
    for (int i = 0; i < 1000; ++i) {
      const uint64_t hash = random();
      ItemHeader one = item;
      one.version += static_cast<uint64_t>(i);
      const uint64_t difference = DigestOf(hash, Neighbours(one)[change]) - DigestOf(hash, one);
      EXPECT_EQ(differences.count(-difference), 0u) << "change " << change;
      differences.insert(difference);
    }
    EXPECT_EQ(differences.size(), 1000u) << "change " << change;
  }
}

}  // namespace
}  // namespace twincached
