#include "tests/history/high_water.h"

#include <gtest/gtest.h>

namespace twincached::history {
namespace {

OperationPtr Someone() { return std::make_shared<Operation>(); }

TEST(HighWater, KnowsWhatWasProvedStrictlyBefore) {
  HighWater<int> levels;
  EXPECT_EQ(levels.Before(100), nullptr);
  levels.Raise(10, 1, Someone());
  levels.Raise(20, 5, Someone());
  EXPECT_EQ(levels.Before(10), nullptr);
  EXPECT_EQ(levels.Before(11)->level, 1);
  EXPECT_EQ(levels.Before(20)->level, 1);
  EXPECT_EQ(levels.Before(21)->level, 5);
  EXPECT_EQ(levels.Top()->level, 5);
}

TEST(HighWater, KeepsOnlyWhatRaisesTheLevel) {
  HighWater<int> levels;
  levels.Raise(10, 5, Someone());
  levels.Raise(20, 5, Someone());
  levels.Raise(30, 4, Someone());
  EXPECT_EQ(levels.size(), 1u);
  levels.Raise(40, 6, Someone());
  levels.Raise(40, 7, Someone());
  EXPECT_EQ(levels.size(), 2u);
  EXPECT_EQ(levels.Before(41)->level, 7);
  EXPECT_EQ(levels.Before(40)->level, 5);
}

TEST(HighWater, ForgetsFromAMomentOn) {
  HighWater<int> levels;
  levels.Raise(10, 1, Someone());
  levels.Raise(20, 2, Someone());
  levels.Raise(30, 3, Someone());
  levels.Forget(20);
  EXPECT_EQ(levels.Before(100)->level, 1);
  levels.Raise(30, 2, Someone());
  EXPECT_EQ(levels.Before(100)->level, 2);
  levels.Forget(0);
  EXPECT_EQ(levels.Top(), nullptr);
}

TEST(HighWater, PrunesWhatNobodyAsksFor) {
  HighWater<int> levels;
  for (int i = 1; i <= 10; ++i) levels.Raise(i * 10, i, Someone());
  levels.Prune(45);
  EXPECT_EQ(levels.size(), 10u);  // Less than half is not worth a move.
  levels.Prune(75);
  EXPECT_EQ(levels.size(), 4u);  // The one at 70 answers for 75.
  EXPECT_EQ(levels.Before(75)->level, 7);
  EXPECT_EQ(levels.Before(1000)->level, 10);
  levels.Prune(10'000);
  EXPECT_EQ(levels.size(), 1u);
  levels.Prune(20'000);
  EXPECT_EQ(levels.size(), 1u);
}

}  // namespace
}  // namespace twincached::history
