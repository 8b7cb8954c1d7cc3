#include "tests/bench/shard/operation_recorder.h"

#include <gtest/gtest.h>

#include <vector>

namespace twincached::bench {
namespace {

OperationRecorder Took(const std::vector<uint64_t>& cpu_ns) {
  OperationRecorder recorder(100);
  for (const uint64_t ns : cpu_ns) {
    Operation operation;
    operation.cpu_ns = ns;
    operation.wall_ns = 2 * ns;
    recorder.Record(operation);
  }
  return recorder;
}

std::vector<uint64_t> NumbersOf(const std::vector<OperationRecorder::Suspect>& suspects) {
  std::vector<uint64_t> numbers;
  for (const OperationRecorder::Suspect& suspect : suspects) numbers.push_back(suspect.number);
  return numbers;
}

TEST(OperationRecorder, SuspectsNothingWithinTheLimit) {
  const OperationRecorder recorder = Took({99, 100});
  EXPECT_TRUE(recorder.suspects().empty());
  EXPECT_EQ(recorder.over_limit(), 0u);
  EXPECT_EQ(recorder.cpu().count(), 2u);
  EXPECT_EQ(recorder.wall_max_ns(), 200u);
}

TEST(OperationRecorder, NumbersWhatExceedsTheLimit) {
  const OperationRecorder recorder = Took({99, 5000, 100, 101});
  EXPECT_EQ(recorder.over_limit(), 2u);
  EXPECT_EQ(recorder.cpu().max_ns(), 5000u);
  EXPECT_EQ(NumbersOf(recorder.suspects()), (std::vector<uint64_t>{1, 3}));
}

TEST(OperationRecorder, ShowsTheSlowestFirst) {
  const OperationRecorder recorder = Took({102, 103, 101, 103, 5});
  EXPECT_EQ(NumbersOf(recorder.Slowest(3)), (std::vector<uint64_t>{1, 3, 0}));
  EXPECT_EQ(recorder.Slowest(9).size(), 4u);
}

TEST(OperationRecorder, KeepsWhatIsSlowInBothRoundsWithTheLesserTime) {
  OperationRecorder recorder = Took({500, 1, 500, 500, 1});
  recorder.Confirm(Took({1, 900, 300, 700, 600}));
  ASSERT_EQ(NumbersOf(recorder.suspects()), (std::vector<uint64_t>{2, 3}));
  EXPECT_EQ(recorder.suspects()[0].operation.cpu_ns, 300u);
  EXPECT_EQ(recorder.suspects()[1].operation.cpu_ns, 500u);
  EXPECT_EQ(recorder.over_limit(), 3u);
}

TEST(OperationRecorder, KeepsNothingBesideARoundWithoutSuspects) {
  OperationRecorder recorder = Took({500, 500});
  recorder.Confirm(Took({1, 1}));
  EXPECT_TRUE(recorder.suspects().empty());
}

}  // namespace
}  // namespace twincached::bench
