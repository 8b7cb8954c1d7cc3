// What the peer has acknowledged, and how long it has not.
#include "actors/open_batches.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace twincached {
namespace {

using ::testing::ElementsAre;

TEST(OpenBatches, AnAcknowledgedPositionBecomesASequenceNumberPerShard) {
  OpenBatches open(3);
  EXPECT_THAT(open.acknowledged(), ElementsAre(0, 0, 0));
  open.Add(10, 0, 1, 0);
  open.Add(11, 2, 1, 0);
  open.Add(12, 0, 2, 0);
  EXPECT_TRUE(open.Acknowledge(11, 0));
  EXPECT_THAT(open.acknowledged(), ElementsAre(1, 0, 1));
  EXPECT_TRUE(open.Acknowledge(12, 0));
  EXPECT_THAT(open.acknowledged(), ElementsAre(2, 0, 1));
}

TEST(OpenBatches, OldNewsIsNoNews) {
  OpenBatches open(1);
  EXPECT_FALSE(open.Acknowledge(5, 0));
  open.Add(10, 0, 1, 0);
  EXPECT_FALSE(open.Acknowledge(9, 0));
  EXPECT_TRUE(open.Acknowledge(10, 0));
  EXPECT_FALSE(open.Acknowledge(10, 0));
}

TEST(OpenBatches, StuckSinceTheFirstBatchOrTheLastProgress) {
  OpenBatches open(1);
  EXPECT_EQ(open.StuckMs(1000), 0);
  open.Add(10, 0, 1, 1000);
  open.Add(11, 0, 2, 1500);
  EXPECT_EQ(open.StuckMs(1700), 700);
  EXPECT_FALSE(open.Acknowledge(9, 1800));
  EXPECT_EQ(open.StuckMs(1800), 800) << "an old position is no progress";
  EXPECT_TRUE(open.Acknowledge(10, 2000));
  EXPECT_EQ(open.StuckMs(2100), 100);
  EXPECT_TRUE(open.Acknowledge(11, 2200));
  EXPECT_EQ(open.StuckMs(9000), 0) << "nothing to acknowledge";
  open.Add(12, 0, 3, 9000);
  EXPECT_EQ(open.StuckMs(9010), 10);
}

TEST(OpenBatches, WhatIsSkippedCountsAsAcknowledged) {
  OpenBatches open(2);
  open.Add(10, 0, 1, 0);
  open.Add(11, 1, 1, 0);
  open.Add(12, 0, 2, 0);
  open.Acknowledge(10, 0);
  open.SkipAll();
  EXPECT_THAT(open.acknowledged(), ElementsAre(2, 1));
  EXPECT_EQ(open.StuckMs(1000), 0);
  EXPECT_FALSE(open.Acknowledge(12, 1000)) << "nothing is open";
  open.Skip(1, 2);
  EXPECT_THAT(open.acknowledged(), ElementsAre(2, 2));
  EXPECT_EQ(open.StuckMs(2000), 0);
}

}  // namespace
}  // namespace twincached
