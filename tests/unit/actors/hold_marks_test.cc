// How far one client may be answered.
#include "actors/hold_marks.h"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace {
size_t largest_allocation = 0;
}  // namespace

// Sees how much memory a class takes at once.
void* operator new(size_t bytes) {
  largest_allocation = std::max(largest_allocation, bytes);
  void* memory = std::malloc(bytes);
  if (memory == nullptr) std::abort();
  return memory;
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace twincached {
namespace {

TEST(HoldMarks, WithoutMarksEverythingMayLeave) {
  HoldMarks marks;
  EXPECT_TRUE(marks.empty());
  EXPECT_EQ(marks.Release({0, 0}), net::kNoSendLimit);
}

TEST(HoldMarks, NothingFromTheMarkOnLeavesBeforeItsBatchIsAcknowledged) {
  HoldMarks marks;
  marks.Add(100, 1, 7);
  EXPECT_FALSE(marks.empty());
  EXPECT_EQ(marks.Release({0, 0}), 100u);
  EXPECT_EQ(marks.Release({7, 6}), 100u) << "another shard's acknowledgement is none";
  EXPECT_EQ(marks.Release({0, 7}), net::kNoSendLimit);
  EXPECT_TRUE(marks.empty());
}

TEST(HoldMarks, AnAcknowledgementBeyondTheBatchCountsToo) {
  HoldMarks marks;
  marks.Add(0, 0, 7);
  EXPECT_EQ(marks.Release({9}), net::kNoSendLimit);
}

TEST(HoldMarks, RepliesLeaveInOrderWhateverIsAcknowledgedFirst) {
  HoldMarks marks;
  marks.Add(10, 0, 1);
  marks.Add(20, 1, 1);
  marks.Add(30, 0, 2);
  EXPECT_EQ(marks.Release({0, 1}), 10u) << "what is behind an open mark waits with it";
  EXPECT_EQ(marks.Release({1, 1}), 30u);
  EXPECT_EQ(marks.Release({2, 1}), net::kNoSendLimit);
}

TEST(HoldMarks, AnOlderBatchOfTheShardBehindANewerOneIsCoveredByIt) {
  HoldMarks marks;
  marks.Add(10, 0, 5);
  marks.Add(20, 0, 3);
  EXPECT_EQ(marks.Release({4}), 10u);
  EXPECT_EQ(marks.Release({5}), net::kNoSendLimit);
}

TEST(HoldMarks, ANewMarkBehindSatisfiedOnesHolds) {
  HoldMarks marks;
  marks.Add(10, 0, 5);
  EXPECT_EQ(marks.Release({5}), net::kNoSendLimit);
  marks.Add(20, 0, 6);
  EXPECT_EQ(marks.Release({5}), 20u);
  marks.Add(30, 0, 7);
  EXPECT_EQ(marks.Release({6}), 30u);
}

TEST(HoldMarks, ClearForgetsThemAll) {
  HoldMarks marks;
  marks.Add(10, 0, 5);
  marks.Add(20, 1, 6);
  marks.Clear();
  EXPECT_TRUE(marks.empty());
  EXPECT_EQ(marks.Release({0, 0}), net::kNoSendLimit);
}

// Beside a model that keeps every mark: the same limit after each step.
TEST(HoldMarks, AgreesWithAListOfAllMarks) {
  struct Mark {
    uint64_t offset, seq;
    uint32_t shard;
  };
  for (uint32_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    HoldMarks marks;
    std::vector<Mark> model;
    Acknowledged acknowledged(3, 0);
    std::vector<uint64_t> given(3, 0);
    uint64_t offset = 0;
    for (int step = 0; step < 200; ++step) {
      const uint32_t shard = random() % 3;
      if (random() % 2 == 0) {
        offset += random() % 10;
        if (random() % 2 == 0) ++given[shard];
        if (given[shard] == 0) continue;
        const uint64_t seq = given[shard] - random() % std::min<uint64_t>(3, given[shard]);
        marks.Add(offset, shard, seq);
        model.push_back({offset, seq, shard});
      } else if (acknowledged[shard] < given[shard]) {
        acknowledged[shard] += 1 + random() % (given[shard] - acknowledged[shard]);
      }
      uint64_t expected = net::kNoSendLimit;
      for (const Mark& mark : model) {
        if (mark.seq > acknowledged[mark.shard]) expected = std::min(expected, mark.offset);
      }
      ASSERT_EQ(marks.Release(acknowledged), expected);
      ASSERT_EQ(marks.empty(), expected == net::kNoSendLimit);
    }
  }
}

// A client that always has a command under way is never through: what is satisfied must go anyway.
TEST(HoldMarks, MemoryFollowsWhatIsHeldNotWhatHasBeen) {
  HoldMarks marks;
  Acknowledged acknowledged = {0};
  largest_allocation = 0;
  for (uint64_t seq = 1; seq <= 1000000; ++seq) {
    marks.Add(seq * 8, 0, seq);
    acknowledged[0] = seq < 10 ? 0 : seq - 10;
    ASSERT_NE(marks.Release(acknowledged), net::kNoSendLimit);
  }
  EXPECT_LE(largest_allocation, 4096u);
}

}  // namespace
}  // namespace twincached
