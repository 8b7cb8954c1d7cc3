#include "tests/history/allowances.h"

#include <gtest/gtest.h>

namespace twincached::history {
namespace {

Operation Make(int64_t invoked_us, int64_t completed_us, Outcome outcome = Outcome::kOk) {
  Operation operation;
  operation.kind = Kind::kSet;
  operation.invoked_us = invoked_us;
  operation.completed_us = completed_us;
  operation.answer.outcome = outcome;
  return operation;
}

TEST(Allowances, AddsTimesUpToForever) {
  EXPECT_EQ(AddTimes(1, 2), 3);
  EXPECT_EQ(AddTimes(kForever, 5), kForever);
  EXPECT_EQ(AddTimes(kForever - 5, 5), kForever);
  EXPECT_EQ(AddTimes(kForever - 5, 6), kForever);
  EXPECT_EQ(AddTimes(5, -6), -1);
}

TEST(Allowances, AnswersProveAndSilenceDoesNot) {
  const Allowances allowances(0);
  EXPECT_TRUE(allowances.Proves(Make(10, 20)));
  EXPECT_TRUE(allowances.Proves(Make(10, 20, Outcome::kNot)));
  EXPECT_TRUE(allowances.Proves(Make(10, 20, Outcome::kExists)));
  EXPECT_FALSE(allowances.Proves(Make(10, 20, Outcome::kUnknown)));
  EXPECT_FALSE(allowances.Proves(Make(10, 20, Outcome::kFailed)));
}

TEST(Allowances, WhatTouchesAForkProvesNothing) {
  Allowances allowances(0);
  allowances.BeginFork(100);
  EXPECT_TRUE(allowances.in_fork());
  EXPECT_TRUE(allowances.Proves(Make(10, 99)));
  EXPECT_FALSE(allowances.Proves(Make(10, 100)));
  EXPECT_FALSE(allowances.Proves(Make(900, 910)));
  allowances.EndFork(200);
  EXPECT_FALSE(allowances.in_fork());
  EXPECT_FALSE(allowances.Proves(Make(120, 130)));
  EXPECT_FALSE(allowances.Proves(Make(50, 300)));
  EXPECT_FALSE(allowances.Proves(Make(200, 210)));
  EXPECT_TRUE(allowances.Proves(Make(201, 210)));
  allowances.BeginFork(300);
  allowances.EndFork(400);
  EXPECT_FALSE(allowances.Proves(Make(120, 130)));
  EXPECT_TRUE(allowances.Proves(Make(250, 260)));
}

TEST(Allowances, WhatWasAcknowledgedInAForkMayComeBackUntilItsEnd) {
  Allowances allowances(0);
  EXPECT_EQ(allowances.LatestEffect(Make(100, 110)), 110);
  allowances.BeginFork(100);
  EXPECT_EQ(allowances.LatestEffect(Make(100, 110)), kForever);
  allowances.EndFork(200);
  EXPECT_EQ(allowances.LatestEffect(Make(100, 110)), 200);
  EXPECT_EQ(allowances.LatestEffect(Make(100, 210)), 210);
  EXPECT_EQ(allowances.LatestEffect(Make(10, 99)), 99);
}

TEST(Allowances, TheUnknownTakesEffectUntilItIsSettled) {
  Allowances allowances(0);
  const Operation unknown = Make(10, 20, Outcome::kUnknown);
  EXPECT_EQ(allowances.LatestEffect(unknown), kForever);
  allowances.DeclareSettled(20);
  EXPECT_EQ(allowances.LatestEffect(unknown), kForever);
  allowances.DeclareSettled(50);
  allowances.DeclareSettled(60);
  EXPECT_EQ(allowances.LatestEffect(unknown), 50);
  EXPECT_EQ(allowances.LatestEffect(Make(10, kForever, Outcome::kUnknown)), kForever);
}

}  // namespace
}  // namespace twincached::history
