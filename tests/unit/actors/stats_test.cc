// Merge(): the parts of all actors become the node's.
#include "actors/stats.h"

#include <cstring>

#include "gtest/gtest.h"

namespace twincached {
namespace {

constexpr size_t kShardCounters = sizeof(ShardStats) / sizeof(uint64_t);
constexpr size_t kListenerCounters = sizeof(ListenerStats) / sizeof(uint64_t);

// Counter i is `first + i`: all differ.
template <typename Stats>
Stats Numbered(uint64_t first) {
  Stats stats;
  uint64_t numbers[sizeof(Stats) / sizeof(uint64_t)];
  for (uint64_t& number : numbers) number = first++;
  std::memcpy(&stats, numbers, sizeof(stats));
  return stats;
}

template <typename Stats>
uint64_t Counter(const Stats& stats, size_t index) {
  uint64_t number;
  std::memcpy(&number, reinterpret_cast<const char*>(&stats) + index * sizeof(number),
              sizeof(number));
  return number;
}

TEST(Stats, EveryCounterOfEveryStoreAndListenerIsAdded) {
  NodeStats sum;
  for (uint64_t first : {1000, 20000, 300000}) {
    NodeStats part;
    part.shard = Numbered<ShardStats>(first);
    part.listener = Numbered<ListenerStats>(2 * first);
    Merge(part, &sum);
  }
  for (size_t i = 0; i < kShardCounters; ++i) EXPECT_EQ(Counter(sum.shard, i), 321000 + 3 * i) << i;
  for (size_t i = 0; i < kListenerCounters; ++i) {
    EXPECT_EQ(Counter(sum.listener, i), 642000 + 3 * i) << i;
  }
}

TEST(Stats, LinkAndRoleAreTakenFromTheirPartsInAnyOrder) {
  NodeStats link;
  link.link.position = 1;
  link.link.acknowledged_position = 2;
  link.link.log_bytes = 3;
  link.link.log_bytes_max = 4;
  link.link.lag_mutations = 5;
  link.link.forwards_in_flight = 6;
  link.link.snapshots_sent = 7;
  link.link.window_full_times = 8;
  link.link.frames_refused = 9;
  link.link.digests_compared = 10;
  link.link.digest_mismatches = 11;
  link.link.slots_repaired = 12;
  link.link.last_digest_position = 13;
  link.link.memory_bytes_max = 14;
  link.link.link_up = true;
  link.link.peer_address = "10.0.0.2:11212";
  NodeStats role;
  role.has_role = true;
  role.role.state = replication::MASTER;
  role.role.decides = true;
  role.role.last_reason = "because";
  const NodeStats other;
  const NodeStats* orders[][3] = {
      {&link, &role, &other}, {&role, &other, &link}, {&other, &link, &role}};
  for (const auto& order : orders) {
    NodeStats sum;
    for (const NodeStats* part : order) Merge(*part, &sum);
    EXPECT_EQ(sum.link.position, 1u);
    EXPECT_EQ(sum.link.acknowledged_position, 2u);
    EXPECT_EQ(sum.link.log_bytes, 3u);
    EXPECT_EQ(sum.link.log_bytes_max, 4u);
    EXPECT_EQ(sum.link.lag_mutations, 5u);
    EXPECT_EQ(sum.link.forwards_in_flight, 6u);
    EXPECT_EQ(sum.link.snapshots_sent, 7u);
    EXPECT_EQ(sum.link.window_full_times, 8u);
    EXPECT_EQ(sum.link.frames_refused, 9u);
    EXPECT_EQ(sum.link.digests_compared, 10u);
    EXPECT_EQ(sum.link.digest_mismatches, 11u);
    EXPECT_EQ(sum.link.slots_repaired, 12u);
    EXPECT_EQ(sum.link.last_digest_position, 13u);
    EXPECT_EQ(sum.link.memory_bytes_max, 14u);
    EXPECT_TRUE(sum.link.link_up);
    EXPECT_EQ(sum.link.peer_address, "10.0.0.2:11212");
    EXPECT_TRUE(sum.has_role);
    EXPECT_EQ(sum.role.state, replication::MASTER);
    EXPECT_TRUE(sum.role.decides);
    EXPECT_EQ(sum.role.last_reason, "because");
  }
}

TEST(Stats, NewestVersionIsTheGreatestOfAllShards) {
  NodeStats sum;
  for (uint64_t version : {5, 9, 7}) {
    NodeStats part;
    part.newest_version = version;
    Merge(part, &sum);
  }
  EXPECT_EQ(sum.newest_version, 9u);
}

}  // namespace
}  // namespace twincached
