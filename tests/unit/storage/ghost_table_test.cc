#include "storage/ghost_table.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace twincached {
namespace {

constexpr size_t kFingerprints = 64 * 1024;

std::vector<uint64_t> Hashes(size_t count) {
  std::mt19937_64 random(1);
  std::vector<uint64_t> hashes(count);
  for (uint64_t& hash : hashes) hash = random();
  return hashes;
}

size_t CountFound(const GhostTable& ghosts, const std::vector<uint64_t>& hashes) {
  size_t found = 0;
  for (const uint64_t hash : hashes) found += ghosts.Contains(hash);
  return found;
}

TEST(GhostTable, RemembersNothingWithoutRoom) {
  GhostTable ghosts;
  ghosts.SetDepth(10);
  ghosts.Remember(1);
  EXPECT_FALSE(ghosts.Contains(1));
  EXPECT_EQ(ghosts.memory_bytes(), 0u);
}

TEST(GhostTable, RemembersWhatItHasRoomFor) {
  GhostTable ghosts;
  ghosts.Resize(kFingerprints);
  EXPECT_EQ(ghosts.memory_bytes(), kFingerprints * sizeof(uint16_t));
  const std::vector<uint64_t> hashes = Hashes(kFingerprints / 2);
  for (const uint64_t hash : hashes) ghosts.Remember(hash);
  EXPECT_GT(CountFound(ghosts, hashes), hashes.size() * 99 / 100) << "some buckets overflow";
}

TEST(GhostTable, SeldomTakesAStrangerForOneItRemembers) {
  GhostTable ghosts;
  ghosts.Resize(kFingerprints);
  std::vector<uint64_t> hashes = Hashes(3 * kFingerprints);
  const std::vector<uint64_t> strangers(hashes.begin() + kFingerprints, hashes.end());
  hashes.resize(kFingerprints);
  for (const uint64_t hash : hashes) ghosts.Remember(hash);
  EXPECT_LT(CountFound(ghosts, strangers), strangers.size() / 1000);
}

TEST(GhostTable, ForgetsTheOldestFirst) {
  GhostTable ghosts;
  ghosts.Resize(kFingerprints);
  const std::vector<uint64_t> hashes = Hashes(3 * kFingerprints);
  for (const uint64_t hash : hashes) ghosts.Remember(hash);
  const std::vector<uint64_t> oldest(hashes.begin(), hashes.begin() + kFingerprints / 2);
  const std::vector<uint64_t> newest(hashes.end() - kFingerprints / 2, hashes.end());
  EXPECT_LT(CountFound(ghosts, oldest), oldest.size() / 100);
  EXPECT_GT(CountFound(ghosts, newest), newest.size() * 99 / 100);
}

TEST(GhostTable, RemembersAsMuchOfOneSlotAsOfAll) {
  GhostTable ghosts;
  ghosts.Resize(kFingerprints);
  std::vector<uint64_t> hashes = Hashes(kFingerprints / 2);
  for (uint64_t& hash : hashes) hash = hash >> 6 | uint64_t{5} << 58;
  for (const uint64_t hash : hashes) ghosts.Remember(hash);
  EXPECT_GT(CountFound(ghosts, hashes), hashes.size() * 99 / 100);
}

TEST(GhostTable, RemembersFewerWhenToldSo) {
  GhostTable ghosts;
  ghosts.Resize(kFingerprints);
  ghosts.SetDepth(kFingerprints / 4);
  const std::vector<uint64_t> hashes = Hashes(kFingerprints);
  for (const uint64_t hash : hashes) ghosts.Remember(hash);
  EXPECT_NEAR(CountFound(ghosts, hashes), kFingerprints / 4, kFingerprints / 50);
}

TEST(GhostTable, ClearAndAnotherSizeForget) {
  GhostTable ghosts;
  ghosts.Resize(kFingerprints);
  ghosts.Remember(1);
  ghosts.Resize(kFingerprints);
  EXPECT_TRUE(ghosts.Contains(1)) << "the same size changes nothing";
  ghosts.Resize(2 * kFingerprints);
  EXPECT_FALSE(ghosts.Contains(1));
  ghosts.Remember(1);
  ghosts.Clear();
  EXPECT_FALSE(ghosts.Contains(1));
  EXPECT_EQ(ghosts.memory_bytes(), 0u);
}

}  // namespace
}  // namespace twincached
