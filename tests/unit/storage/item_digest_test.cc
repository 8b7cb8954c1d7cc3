#include "storage/item_digest.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <type_traits>
#include <unordered_set>
#include <utility>
#include <vector>

namespace twincached {
namespace {

constexpr uint64_t kHash = 0x0123456789abcdef;

DigestInput Input(uint64_t version, int64_t expiry_ms = kNever) {
  return {kHash, version, expiry_ms, 7, 100, 0};
}

// The same with each bit of what counts turned once.
std::vector<DigestInput> Neighbours(const DigestInput& item) {
  std::vector<DigestInput> all;
  const auto add = [&](auto DigestInput::*field, int bits) {
    for (int bit = 0; bit < bits; ++bit) {
      all.push_back(item);
      auto& value = all.back().*field;
      value = static_cast<std::decay_t<decltype(value)>>(value ^ uint64_t{1} << bit);
    }
  };
  add(&DigestInput::version, 64);
  add(&DigestInput::expiry_ms, 48);
  add(&DigestInput::client_flags, 32);
  add(&DigestInput::value_bytes, 32);
  add(&DigestInput::marks, 2);
  return all;
}

TEST(ItemDigest, ChangesWithEveryBitThatCounts) {
  const DigestInput item = Input(5, 1'000'000);
  std::unordered_set<uint64_t> seen{DigestOf(item)};
  for (const DigestInput& other : Neighbours(item)) {
    EXPECT_TRUE(seen.insert(DigestOf(other)).second);
  }
  for (int bit = 0; bit < 64; ++bit) {
    DigestInput other = item;
    other.hash ^= uint64_t{1} << bit;
    EXPECT_NE(DigestOf(other), DigestOf(item)) << "hash " << bit;
  }
}

TEST(ItemDigest, IsTheSameWhereverTheItemLiesAndWhoeverReadIt) {
  ItemHeader item{};
  item.SetShape({0, 100, false, false, false});
  item.set_version(5);
  const uint64_t digest = DigestOf(kHash, item);
  item.NoteRead(77);
  item.AddState(kItemOutside);
  EXPECT_EQ(DigestOf(kHash, item), digest);
  item.AddState(kItemStale);
  EXPECT_NE(DigestOf(kHash, item), digest);
}

// What a systematic fault does: the same bit is wrong in many items. In a sum of weak hashes the
// differences would be few different numbers, and cancel out.
TEST(ItemDigest, TheSameChangeInTwoItemsDoesNotCancelOut) {
  std::mt19937_64 random(1);
  DigestInput item = Input(uint64_t{3} << 40 | 12345, 1'000'000);
  const size_t changes = Neighbours(item).size();
  for (size_t change = 0; change < changes; ++change) {
    std::unordered_set<uint64_t> differences;
    for (int i = 0; i < 1000; ++i) {
      DigestInput one = item;
      one.hash = random();
      one.version += static_cast<uint64_t>(i);
      const uint64_t difference = DigestOf(Neighbours(one)[change]) - DigestOf(one);
      EXPECT_EQ(differences.count(-difference), 0u) << "change " << change;
      differences.insert(difference);
    }
    EXPECT_EQ(differences.size(), 1000u) << "change " << change;
  }
}

}  // namespace
}  // namespace twincached
