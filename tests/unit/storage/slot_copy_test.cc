#include "storage/slot_copy.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/unit/storage/put_if_it_fits.h"
#include "tests/unit/storage/shard_world.h"

namespace twincached {
namespace {

constexpr size_t kMiB = 1 << 20;

ShardOptions Options() {
  ShardOptions options;
  options.memory_bytes_max = 16 * kMiB;
  options.slot_seed = ShardWorld::kSeed;
  return options;
}

class SlotCopyTest : public ::testing::Test {
 protected:
  void Put(ItemStore* store, absl::string_view key, absl::string_view value) {
    ItemView item;
    item.key = key;
    item.value = value;
    item.version = ++version_;
    ASSERT_NE(PutIfItFits(item, store), kNoLocation);
  }

  // Reads the slot to its end; the keys in the order in which they came.
  std::vector<std::string> ReadSlot(uint32_t slot, size_t bytes_max) {
    std::vector<std::string> keys;
    uint64_t first = FirstHashOf(slot);
    while (true) {
      RecordWriter records;
      records.set_enabled(true);
      const uint64_t last = ReadSlotPart(store_, first, bytes_max, &records);
      EXPECT_GE(last, first);
      EXPECT_LE(last, LastHashOf(slot));
      replication::Batch batch;
      EXPECT_TRUE(batch.ParseFromString(records.TakeBytes()));
      for (const replication::Record& record : batch.records()) {
        const uint64_t hash = store_.HashOf(record.put().key());
        EXPECT_TRUE(first <= hash && hash <= last) << "outside of its part";
        keys.push_back(record.put().key());
      }
      ++parts_;
      if (last == LastHashOf(slot)) return keys;
      first = last + 1;
    }
  }

  ItemStore store_{Options()};
  uint64_t version_ = 0;
  int parts_ = 0;
};

TEST_F(SlotCopyTest, ReadsAnEmptySlotInOnePart) {
  EXPECT_TRUE(ReadSlot(0, 1).empty());
  EXPECT_TRUE(ReadSlot(63, 1).empty());
  EXPECT_EQ(parts_, 2);
}

TEST_F(SlotCopyTest, ReadsEveryItemOfASlotOnceInPartsOfAnySize) {
  std::map<uint32_t, size_t> keys_in_slot;
  for (int i = 0; i < 50'000; ++i) {
    const std::string key = "key" + std::to_string(i);
    Put(&store_, key, "v");
    ++keys_in_slot[SlotOf(store_.HashOf(key))];
  }
  for (const size_t bytes_max : {size_t{1}, size_t{1000}, size_t{1} << 30}) {
    for (const uint32_t slot : {0u, 31u, 63u}) {
      const std::vector<std::string> keys = ReadSlot(slot, bytes_max);
      EXPECT_EQ(keys.size(), keys_in_slot[slot]);
      EXPECT_EQ(std::set<std::string>(keys.begin(), keys.end()).size(), keys.size());
    }
  }
}

TEST_F(SlotCopyTest, APartIsNoLargerThanAskedForAndOneItem) {
  for (int i = 0; i < 20'000; ++i) {
    Put(&store_, "key" + std::to_string(i), std::string(100, 'v'));
  }
  RecordWriter records;
  records.set_enabled(true);
  ReadSlotPart(store_, FirstHashOf(5), 1000, &records);
  EXPECT_GE(records.bytes().size(), 1000u);
  EXPECT_LT(records.bytes().size(), 1200u);
}

TEST_F(SlotCopyTest, DropsWhatIsNotNamedAndNothingBesideTheRange) {
  std::map<std::string, uint64_t> hash_of;
  for (int i = 0; i < 20'000; ++i) {
    const std::string key = "key" + std::to_string(i);
    Put(&store_, key, "v");
    hash_of[key] = store_.HashOf(key);
  }
  // From inside one part of the index to inside another.
  const HashRange range{FirstHashOf(7) + (uint64_t{1} << 54), LastHashOf(7) - (uint64_t{1} << 55)};
  absl::flat_hash_set<std::string> named;
  for (const auto& [key, hash] : hash_of) {
    if (key.back() == '3') named.insert(key);
  }
  DropAllBut(named, range, &store_);
  size_t dropped = 0;
  for (const auto& [key, hash] : hash_of) {
    const bool goes = range.first <= hash && hash <= range.last && !named.contains(key);
    EXPECT_EQ(store_.Find(hash, key) == kNoLocation, goes) << key;
    dropped += goes;
  }
  EXPECT_GT(dropped, 100u);
  EXPECT_EQ(store_.items(), hash_of.size() - dropped);
}

TEST_F(SlotCopyTest, DropsTheLastHashOfTheLastSlot) {
  for (int i = 0; i < 1000; ++i) Put(&store_, "key" + std::to_string(i), "v");
  for (uint32_t slot = 0; slot < kSlotCount; ++slot) {
    DropAllBut({}, {FirstHashOf(slot), LastHashOf(slot)}, &store_);
  }
  EXPECT_EQ(store_.items(), 0u);
}

}  // namespace
}  // namespace twincached
