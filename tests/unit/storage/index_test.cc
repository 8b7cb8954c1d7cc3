#include "storage/index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <vector>

#include "proto/key_hash.h"

namespace twincached {
namespace {

std::vector<Location> All(const Index& index, uint64_t hash) {
  std::vector<Location> found;
  index.Find(hash, [&found](Location location) {
    found.push_back(location);
    return false;
  });
  return found;
}

Location FindExactly(const Index& index, uint64_t hash, Location location) {
  return index.Find(hash, [location](Location candidate) { return candidate == location; });
}

TEST(Index, FindsNothingInAnEmptyOne) {
  Index index;
  EXPECT_EQ(All(index, 0), std::vector<Location>());
  EXPECT_EQ(index.memory_bytes(), 0u);
}

TEST(Index, OffersEveryCandidateOfAHash) {
  Index index;
  // Tag 0 and the smallest locations look most like an empty place.
  for (uint64_t hash : {uint64_t{0}, ~uint64_t{0}, uint64_t{5} << 34}) {
    index.Insert(hash, 2);
    index.Insert(hash, 3);
    std::vector<Location> found = All(index, hash);
    std::sort(found.begin(), found.end());
    EXPECT_EQ(found, (std::vector<Location>{2, 3}));
  }
}

TEST(Index, GoesOnBehindACandidateThatDoesNotMatch) {
  Index index;
  for (Location location = 2; location < 30; ++location) index.Insert(77, location);
  for (Location location = 2; location < 30; ++location) {
    EXPECT_EQ(FindExactly(index, 77, location), location);
  }
  EXPECT_EQ(FindExactly(index, 77, 30), kNoLocation);
}

// Random insertions, replacements and removals against a plain map, through many sizes.
class IndexModel {
 public:
  explicit IndexModel(uint64_t seed) : random_(seed) {}

  void Insert() {
    const uint64_t hash = Hash();
    const size_t growth = index_.GrowthBytes(hash);
    const size_t before = index_.memory_bytes();
    index_.Insert(hash, next_);
    EXPECT_LE(index_.memory_bytes(), before + growth) << "an insert took more than it said";
    where_.emplace(next_++, hash);
  }
  void Erase() {
    auto it = Random();
    if (it == where_.end()) return;
    index_.Erase(it->second, it->first);
    EXPECT_EQ(FindExactly(index_, it->second, it->first), kNoLocation);
    where_.erase(it);
  }
  void Replace() {
    auto it = Random();
    if (it == where_.end()) return;
    const uint64_t hash = it->second;
    index_.Replace(hash, it->first, next_);
    where_.erase(it);
    where_.emplace(next_++, hash);
  }
  // Every reference is in the part of its hash, once, and the parts follow one another.
  void CheckParts(uint32_t slot) {
    size_t in_parts = 0;
    uint64_t first = FirstHashOf(slot);
    while (true) {
      const uint64_t last = index_.PartEnd(first);
      ASSERT_LE(last, LastHashOf(slot));
      EXPECT_EQ(index_.PartEnd(last), last);
      index_.ForEachInPart(first, [&](Location location) {
        ++in_parts;
        const uint64_t hash = where_.at(location);
        EXPECT_TRUE(first <= hash && hash <= last);
      });
      if (last == LastHashOf(slot)) break;
      first = last + 1;
    }
    const auto of_slot = [slot](const auto& entry) { return SlotOf(entry.second) == slot; };
    EXPECT_EQ(in_parts, static_cast<size_t>(std::count_if(where_.begin(), where_.end(), of_slot)));
  }
  void CheckAll() {
    for (const uint32_t slot : {0u, 1u, 32u}) CheckParts(slot);
    for (const auto& [location, hash] : where_) {
      ASSERT_EQ(FindExactly(index_, hash, location), location);
    }
  }
  uint64_t Below(uint64_t bound) { return random_() % bound; }
  size_t size() const { return where_.size(); }
  Index& index() { return index_; }

 private:
  // Only some slots, so that their directories grow; now and then a hash that is there already.
  uint64_t Hash() {
    if (!where_.empty() && Below(20) == 0) return Random()->second;
    return (random_() >> 6) | Below(2) << 63;
  }
  std::map<Location, uint64_t>::iterator Random() {
    auto it = where_.lower_bound(Below(next_));
    return it == where_.end() && !where_.empty() ? where_.begin() : it;
  }

  std::mt19937_64 random_;
  Index index_;
  std::map<Location, uint64_t> where_;
  Location next_ = 2;
};

TEST(Index, NeverLosesAReferenceWhileItGrows) {
  IndexModel model(1);
  for (int i = 0; i < 60'000; ++i) {
    model.Insert();
    if (model.Below(10) == 0) model.Erase();
    if (model.Below(10) == 0) model.Replace();
  }
  model.CheckAll();
  EXPECT_LT(model.index().memory_bytes(), model.size() * 14) << "bytes per reference";
}

TEST(Index, NeverLosesAReferenceWhileManyAreRemoved) {
  IndexModel model(2);
  for (int i = 0; i < 3000; ++i) model.Insert();
  for (int i = 0; i < 60'000; ++i) model.Below(2) == 0 ? model.Insert() : model.Erase();
  model.CheckAll();
  EXPECT_LT(model.index().memory_bytes(), 200'000u) << "remains of removed references pile up";
}

TEST(Index, DropsASlotAtOnceAndItsMemoryInSteps) {
  Index index;
  std::mt19937_64 random(3);
  std::vector<uint64_t> kept;
  for (Location location = 2; location < 40'000; ++location) {
    const uint64_t hash = random() >> 6 | (location % 2) << 58;
    index.Insert(hash, location);
    if (location % 2 == 1) kept.push_back(hash);
  }
  const size_t full = index.memory_bytes();
  index.DropSlot(0);
  EXPECT_EQ(index.memory_bytes(), full) << "counted until it is freed";
  EXPECT_EQ(All(index, 0), std::vector<Location>());
  int steps = 0;
  while (index.FreeDropped(1)) ++steps;
  EXPECT_GT(steps, 2);
  EXPECT_LT(index.memory_bytes(), full * 6 / 10);
  for (uint64_t hash : kept) ASSERT_FALSE(All(index, hash).empty());
  index.DropSlot(1);
  while (index.FreeDropped(1)) continue;
  EXPECT_EQ(index.memory_bytes(), 0u);
  index.Insert(kept[0], 2);
  EXPECT_EQ(All(index, kept[0]), std::vector<Location>{2});
}

}  // namespace
}  // namespace twincached
