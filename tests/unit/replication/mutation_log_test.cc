#include "proto/replication/mutation_log.h"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <random>
#include <string>
#include <utility>

namespace twincached::replication {
namespace {

std::string FrameOf(uint64_t position, absl::string_view records) {
  std::string frame;
  AppendBatchFrame({position, 1, 2}, records, &frame);
  return frame;
}

std::string Room() { return std::string(kBatchRoomBytes, '?'); }

TEST(MutationLog, BeginsEmptyAndOnlyCounts) {
  MutationLog log(1 << 20);
  EXPECT_FALSE(log.keeping());
  EXPECT_EQ(log.Append(0, 1, "records"), 1u);
  EXPECT_EQ(log.Append(0, 1, "records"), 2u);
  EXPECT_EQ(log.begin(), 2u);
  EXPECT_EQ(log.end(), 2u);
  EXPECT_EQ(log.bytes(), 0u);
}

TEST(MutationLog, KeepsTheEncodedFrameOfEveryPosition) {
  MutationLog log(1 << 20);
  log.SetKeeping(true);
  for (uint64_t position = 1; position <= 1000; ++position) {
    ASSERT_EQ(log.Append(1, 2, std::string(position, 'r')), position);
  }
  EXPECT_EQ(log.begin(), 0u);
  for (uint64_t position = 1; position <= 1000; ++position) {
    EXPECT_EQ(log.FrameAt(position), FrameOf(position, std::string(position, 'r')));
  }
}

TEST(MutationLog, CountsFromTheMomentItKeeps) {
  MutationLog log(1 << 20);
  log.Append(1, 2, "lost");
  log.SetKeeping(true);
  log.Append(1, 2, "kept");
  EXPECT_EQ(log.begin(), 1u);
  EXPECT_EQ(log.FrameAt(2), FrameOf(2, "kept"));
}

TEST(MutationLog, ReleasesEverythingWhenItStopsKeeping) {
  MutationLog log(1 << 20);
  log.SetKeeping(true);
  log.Append(1, 2, "a");
  log.SetKeeping(false);
  EXPECT_EQ(log.begin(), 1u);
  EXPECT_EQ(log.end(), 1u);
  EXPECT_EQ(log.bytes(), 0u);
  EXPECT_EQ(log.Append(1, 2, "b"), 2u);
  EXPECT_EQ(log.begin(), 2u);
}

TEST(MutationLog, DropsTheOldestBeyondItsBound) {
  const size_t frame_bytes = FrameOf(1, "xxxx").size() + MutationLog::kFrameOverheadBytes;
  MutationLog log(3 * frame_bytes);
  log.SetKeeping(true);
  for (int i = 0; i < 3; ++i) log.Append(1, 2, "xxxx");
  EXPECT_EQ(log.begin(), 0u);
  EXPECT_EQ(log.bytes(), 3 * frame_bytes);
  log.Append(1, 2, "xxxx");
  EXPECT_EQ(log.begin(), 1u);
  EXPECT_EQ(log.bytes(), 3 * frame_bytes);
  EXPECT_EQ(log.FrameAt(2), FrameOf(2, "xxxx"));
}

TEST(MutationLog, KeepsTheNewestFrameWhateverItsSize) {
  MutationLog log(1000);
  log.SetKeeping(true);
  log.Append(1, 2, "small");
  const std::string large(5000, 'L');
  log.Append(1, 2, large);
  EXPECT_EQ(log.begin(), 1u);
  EXPECT_EQ(log.FrameAt(2), FrameOf(2, large));
  log.Append(1, 2, "small");
  EXPECT_EQ(log.begin(), 2u);
  EXPECT_LE(log.bytes(), 1000u);
}

TEST(MutationLog, ALargeFrameStaysWhereItCameForWhoHoldsIt) {
  MutationLog log(1 << 20);
  log.SetKeeping(true);
  log.Append(1, 2, "small");
  const std::string large(100'000, 'L');
  std::string memory = Room() + large;
  memory.shrink_to_fit();
  const char* const place = memory.data() + kBatchRoomBytes;
  log.Adopt(1, 2, std::move(memory));
  log.Append(1, 2, large);
  EXPECT_EQ(log.OwnerAt(1), nullptr);
  EXPECT_NE(log.OwnerAt(2), log.OwnerAt(3));
  const std::shared_ptr<const void> owner = log.OwnerAt(2);
  ASSERT_NE(owner, nullptr);
  const absl::string_view frame = log.FrameAt(2);
  EXPECT_EQ(frame.data() + frame.size() - large.size(), place) << "copied";
  log.TrimTo(3);
  EXPECT_EQ(log.bytes(), 0u);
  EXPECT_EQ(frame, FrameOf(2, large));
}

TEST(MutationLog, TrimsWhatWasAcknowledged) {
  MutationLog log(1 << 20);
  log.SetKeeping(true);
  for (int i = 0; i < 10; ++i) log.Append(1, 2, "r");
  log.TrimTo(4);
  EXPECT_EQ(log.begin(), 4u);
  EXPECT_EQ(log.FrameAt(5), FrameOf(5, "r"));
  log.TrimTo(2);  // late
  EXPECT_EQ(log.begin(), 4u);
  log.TrimTo(10);
  EXPECT_EQ(log.begin(), 10u);
  EXPECT_EQ(log.bytes(), 0u);
  log.Append(1, 2, "again");
  EXPECT_EQ(log.FrameAt(11), FrameOf(11, "again"));
}

TEST(MutationLog, ResetsToAnyPosition) {
  MutationLog log(1 << 20);
  log.SetKeeping(true);
  for (int i = 0; i < 10; ++i) log.Append(1, 2, "r");
  log.Reset(3);
  EXPECT_EQ(log.begin(), 3u);
  EXPECT_EQ(log.end(), 3u);
  EXPECT_EQ(log.bytes(), 0u);
  EXPECT_EQ(log.Append(1, 2, "r"), 4u);
}

TEST(MutationLog, FollowsASourceWithoutFrames) {
  MutationLog log(1 << 20);
  log.SetKeeping(true);
  log.Append(1, 2, "own history");
  log.AdvanceTo(1);
  EXPECT_EQ(log.begin(), 0u);
  log.AdvanceTo(7);
  EXPECT_EQ(log.begin(), 7u);
  EXPECT_EQ(log.end(), 7u);
  EXPECT_EQ(log.bytes(), 0u);
  EXPECT_EQ(log.Append(1, 2, "promoted"), 8u);
}

TEST(MutationLogDeathTest, RefusesPositionsItDoesNotHold) {
  MutationLog log(1 << 20);
  log.SetKeeping(true);
  log.Append(1, 2, "a");
  log.Append(1, 2, "b");
  log.TrimTo(1);
  EXPECT_DEATH(log.FrameAt(1), "CHECK failed");
  EXPECT_DEATH(log.FrameAt(3), "CHECK failed");
  EXPECT_DEATH(log.TrimTo(3), "CHECK failed");
  EXPECT_DEATH(log.AdvanceTo(1), "CHECK failed");
}

// Whatever is left over at the end of a block.
TEST(MutationLog, KeepsFramesOfEverySizeApart) {
  for (size_t records_bytes = 10; records_bytes < 40; records_bytes += 2) {
    MutationLog log(1 << 20);
    log.SetKeeping(true);
    const std::string records(records_bytes, 'r');
    while (log.bytes() < 600000) log.Append(1, 2, records);
    for (uint64_t position = 1; position <= log.end(); ++position) {
      ASSERT_EQ(log.FrameAt(position), FrameOf(position, records)) << records_bytes;
    }
  }
}

// A deque of strings does the same, slowly.
TEST(MutationLog, BehavesLikeAListUnderRandomUse) {
  for (uint32_t seed = 0; seed < 6; ++seed) {
    std::mt19937 random(seed);
    const size_t bytes_max = 1u << (14 + random() % 8);
    MutationLog log(bytes_max);
    log.SetKeeping(true);
    std::deque<std::string> model;
    uint64_t begin = 0;
    size_t bytes = 0;
    const auto drop_front = [&] {
      bytes -= model.front().size() + MutationLog::kFrameOverheadBytes;
      model.pop_front();
      ++begin;
    };
    for (int step = 0; step < 1000; ++step) {
      if (random() % 8 == 0) {
        const uint64_t position = begin + random() % (model.size() + 1);
        log.TrimTo(position);
        while (begin < position) drop_front();
      } else {
        // Small, around what goes into a block, and beyond.
        const size_t sizes[] = {random() % 300, random() % 300, 65000 + random() % 1000,
                                random() % 300000};
        const std::string records(sizes[random() % 4], static_cast<char>(random()));
        const uint64_t position = random() % 2 == 0 ? log.Append(1, 2, records)
                                                    : log.Adopt(1, 2, Room() + records);
        model.push_back(FrameOf(position, records));
        bytes += model.back().size() + MutationLog::kFrameOverheadBytes;
        while (bytes > bytes_max && model.size() > 1) drop_front();
      }
      ASSERT_EQ(log.begin(), begin) << "seed " << seed;
      ASSERT_EQ(log.end(), begin + model.size());
      ASSERT_EQ(log.bytes(), bytes);
      if (model.empty()) continue;
      const size_t index = random() % model.size();
      ASSERT_EQ(log.FrameAt(begin + 1 + index), model[index]) << "seed " << seed;
      ASSERT_EQ(log.FrameAt(begin + 1), model.front()) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace twincached::replication
