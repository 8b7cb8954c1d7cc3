// The last STORE ends a barrier, once.
#include "actors/barrier.h"

#include "gtest/gtest.h"

namespace twincached {
namespace {

TEST(Barrier, TheLastStoreEndsIt) {
  Barrier barrier;
  EXPECT_FALSE(barrier.under_way());
  barrier.Begin(5, 3);
  EXPECT_TRUE(barrier.under_way());
  EXPECT_FALSE(barrier.Reach(5));
  EXPECT_FALSE(barrier.Reach(5));
  EXPECT_TRUE(barrier.Reach(5));
  EXPECT_FALSE(barrier.under_way());
  EXPECT_FALSE(barrier.Reach(5));
}

TEST(Barrier, AnswersToAnEarlierOneDoNotCount) {
  Barrier barrier;
  barrier.Begin(5, 2);
  EXPECT_FALSE(barrier.Reach(5));
  barrier.Begin(6, 2);
  EXPECT_FALSE(barrier.Reach(5));
  EXPECT_FALSE(barrier.Reach(6));
  EXPECT_TRUE(barrier.under_way());
  EXPECT_TRUE(barrier.Reach(6));
}

}  // namespace
}  // namespace twincached
