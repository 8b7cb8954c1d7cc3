#include "tests/history/possible_effects.h"

#include <gtest/gtest.h>

namespace twincached::history {
namespace {

std::shared_ptr<Operation> Delete(int64_t invoked_us, int64_t completed_us, Outcome outcome) {
  auto operation = std::make_shared<Operation>();
  operation->kind = Kind::kDelete;
  operation->invoked_us = invoked_us;
  operation->completed_us = completed_us;
  operation->answer.outcome = outcome;
  return operation;
}

TEST(PossibleEffects, CountsWhoMayHaveTakenEffectSince) {
  const Allowances allowances(0);
  PossibleEffects suspects;
  EXPECT_EQ(suspects.CountSince(0, allowances), 0);
  suspects.Add(Delete(10, 20, Outcome::kOk));
  EXPECT_EQ(suspects.CountSince(20, allowances), 1);
  EXPECT_EQ(suspects.CountSince(21, allowances), 0);
  suspects.Add(Delete(10, 20, Outcome::kUnknown));
  EXPECT_EQ(suspects.CountSince(1000, allowances), 1);
  suspects.Add(Delete(30, kForever, Outcome::kUnknown));
  suspects.Add(Delete(30, kForever, Outcome::kUnknown));
  EXPECT_EQ(suspects.CountSince(1000, allowances), 2);
}

TEST(PossibleEffects, TheNewestAcknowledgedStandsForTheOlder) {
  const Allowances allowances(0);
  PossibleEffects suspects;
  for (int i = 1; i <= 3; ++i) {
    const auto operation = Delete(i * 10, i * 10 + 5, Outcome::kOk);
    suspects.Add(operation);
    suspects.Acknowledged(*operation, allowances);
  }
  EXPECT_EQ(suspects.CountSince(0, allowances), 1);
  EXPECT_EQ(suspects.CountSince(35, allowances), 1);
}

TEST(PossibleEffects, ABlameIsForTheOnlySuspectAndOnce) {
  const Allowances allowances(0);
  PossibleEffects suspects;
  suspects.Add(Delete(10, 20, Outcome::kUnknown));
  suspects.Blame(0, 50, allowances);
  EXPECT_EQ(suspects.CountSince(50, allowances), 1);
  EXPECT_EQ(suspects.CountSince(51, allowances), 0);
}

TEST(PossibleEffects, TheBlamedStandsOnlyForWhatIsOlderThanItsBlame) {
  const Allowances allowances(0);
  PossibleEffects suspects;
  const auto blamed = Delete(10, 60, Outcome::kOk);
  suspects.Add(blamed);
  suspects.Blame(0, 30, allowances);
  suspects.Add(Delete(40, 50, Outcome::kOk));
  suspects.Acknowledged(*blamed, allowances);
  EXPECT_EQ(suspects.CountSince(40, allowances), 1);
}

TEST(PossibleEffects, TheBlamedMayEndLate) {
  const Allowances allowances(0);
  PossibleEffects suspects;
  const auto blamed = Delete(10, kForever, Outcome::kUnknown);
  suspects.Add(blamed);
  suspects.Blame(0, 30, allowances);
  const auto newer = Delete(40, 50, Outcome::kOk);
  suspects.Add(newer);
  suspects.Acknowledged(*newer, allowances);
  blamed->completed_us = 60;
  blamed->answer.outcome = Outcome::kOk;
  suspects.Acknowledged(*blamed, allowances);
  EXPECT_EQ(suspects.CountSince(50, allowances), 1);
}

TEST(PossibleEffects, AForkTakesBackABlame) {
  const Allowances allowances(0);
  PossibleEffects suspects;
  suspects.Add(Delete(10, 20, Outcome::kUnknown));
  suspects.Blame(0, 50, allowances);
  suspects.OnFork(51);
  EXPECT_EQ(suspects.CountSince(51, allowances), 0);
  suspects.OnFork(50);
  EXPECT_EQ(suspects.CountSince(51, allowances), 1);
}

TEST(PossibleEffects, TheRefusedIsNoSuspect) {
  const Allowances allowances(0);
  PossibleEffects suspects;
  const auto operation = Delete(10, 20, Outcome::kFailed);
  suspects.Add(operation);
  EXPECT_FALSE(suspects.empty());
  suspects.Remove(*operation);
  EXPECT_TRUE(suspects.empty());
}

}  // namespace
}  // namespace twincached::history
