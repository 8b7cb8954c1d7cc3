#include "proto/replication/digest_rounds.h"

#include <gtest/gtest.h>

#include "proto/key_hash.h"

namespace twincached::replication {
namespace {

constexpr uint64_t kAll = ~uint64_t{0};
constexpr uint64_t kPosition = 40;

Frame DigestOfRound(uint64_t round) {
  Frame frame;
  frame.mutable_digest()->set_round(round);
  return frame;
}

Frame RepairOf(uint64_t first, uint64_t last) {
  Frame frame;
  frame.mutable_repair()->set_first_hash(first);
  frame.mutable_repair()->set_last_hash(last);
  return frame;
}

DigestResult ResultOf(uint64_t round, uint64_t equal, uint64_t different, uint64_t unsettled = 0) {
  DigestResult result;
  result.set_round(round);
  result.set_equal(equal);
  result.set_different(different);
  result.set_unsettled(unsettled);
  return result;
}

class DigestSourceTest : public testing::Test {
 protected:
  // One round whose result is this.
  DigestSource::Outcome Round(uint64_t different, uint64_t unsettled = 0) {
    uint64_t round = 0;
    EXPECT_TRUE(source_.TakeRound(now_ms_, &round));
    EXPECT_TRUE(source_.OnMade(DigestOfRound(round), kPosition));
    source_.OnResult(ResultOf(round, kAll & ~(different | unsettled), different, unsettled));
    DigestSource::Outcome outcome;
    EXPECT_TRUE(source_.TakeOutcome(&outcome));
    return outcome;
  }
  bool RoundIsDue() {
    uint64_t round = 0;
    return DigestSource(source_).TakeRound(now_ms_, &round);
  }
  // The slots that are sent again, each in two parts.
  uint64_t RepairAll() {
    uint64_t slots = 0, first = 0;
    while (source_.TakeRepair(&first)) {
      EXPECT_FALSE(RoundIsDue()) << "a round while a slot is repaired";
      const uint32_t slot = SlotOf(first);
      EXPECT_EQ(first, FirstHashOf(slot));
      EXPECT_TRUE(source_.OnMade(RepairOf(first, first + 999), kPosition));
      EXPECT_TRUE(source_.TakeRepair(&first));
      EXPECT_EQ(first, FirstHashOf(slot) + 1000);
      EXPECT_TRUE(source_.OnMade(RepairOf(first, LastHashOf(slot)), kPosition));
      slots |= uint64_t{1} << slot;
    }
    return slots;
  }

  DigestSource source_{100};
  int64_t now_ms_ = 5000;
};

TEST_F(DigestSourceTest, ComparesAtOnceAndThenInIntervals) {
  EXPECT_EQ(Round(0).equal, kAll);
  EXPECT_FALSE(RoundIsDue());
  now_ms_ += DigestSource::kIntervalMs - 1;
  EXPECT_FALSE(RoundIsDue());
  now_ms_ += 1;
  EXPECT_TRUE(RoundIsDue());
}

TEST_F(DigestSourceTest, ARoundIsThroughWhenEverySlotIsAnswered) {
  uint64_t round = 0;
  ASSERT_TRUE(source_.TakeRound(now_ms_, &round));
  EXPECT_EQ(round, 100u);
  DigestSource::Outcome outcome;
  EXPECT_TRUE(source_.OnMade(DigestOfRound(100), 40));
  EXPECT_TRUE(source_.OnMade(DigestOfRound(100), 42));
  source_.OnResult(ResultOf(100, 0x5555555555555555, 0));
  EXPECT_FALSE(source_.TakeOutcome(&outcome));
  EXPECT_FALSE(source_.TakeRound(now_ms_ + 2 * DigestSource::kIntervalMs, &round)) << "one only";
  source_.OnResult(ResultOf(100, 0xaaaaaaaaaaaaaaa8, 0, 2));
  ASSERT_TRUE(source_.TakeOutcome(&outcome));
  EXPECT_EQ(outcome.equal, kAll & ~uint64_t{2}) << "an unsettled slot is not equal";
  EXPECT_EQ(outcome.different, 0u);
  EXPECT_EQ(outcome.position, 40u) << "one shard said no more";
  EXPECT_FALSE(source_.TakeOutcome(&outcome)) << "once";
}

TEST_F(DigestSourceTest, DropsWhatEarlierRoundsBring) {
  EXPECT_FALSE(source_.OnMade(DigestOfRound(99), kPosition));
  EXPECT_FALSE(source_.OnMade(RepairOf(0, 10), kPosition)) << "never pulled";
  uint64_t round = 0;
  ASSERT_TRUE(source_.TakeRound(now_ms_, &round));
  EXPECT_FALSE(source_.OnMade(DigestOfRound(99), kPosition));
  source_.OnResult(ResultOf(99, kAll, 0));
  DigestSource::Outcome outcome;
  EXPECT_FALSE(source_.TakeOutcome(&outcome));
}

TEST_F(DigestSourceTest, AnAskerIsAnsweredByARoundThatBeganAfterwards) {
  uint64_t round = 0;
  ASSERT_TRUE(source_.TakeRound(now_ms_, &round));
  source_.Ask(7);
  source_.OnResult(ResultOf(round, kAll, 0));
  DigestSource::Outcome outcome;
  ASSERT_TRUE(source_.TakeOutcome(&outcome));
  EXPECT_TRUE(outcome.askers.empty());
  ASSERT_TRUE(RoundIsDue()) << "asked for";
  source_.Ask(8);
  EXPECT_EQ(Round(0).askers, (std::vector<uint64_t>{7, 8}));
  EXPECT_FALSE(RoundIsDue());
}

TEST_F(DigestSourceTest, SendsSlotsThatDifferAgainAndComparesAtOnce) {
  const uint64_t wrong = uint64_t{1} << 3 | uint64_t{1} << 63;
  EXPECT_EQ(Round(wrong).different, wrong);
  EXPECT_EQ(RepairAll(), wrong);
  ASSERT_TRUE(RoundIsDue());
  EXPECT_EQ(Round(0).repaired, wrong);
  EXPECT_EQ(RepairAll(), 0u);
  EXPECT_FALSE(RoundIsDue());
  now_ms_ += DigestSource::kIntervalMs;
  EXPECT_EQ(Round(0).repaired, 0u) << "told once";
}

TEST_F(DigestSourceTest, ASlotThatIsUnsettledBehindItsRepairIsRepairedWhenItIsEqual) {
  Round(1);
  RepairAll();
  EXPECT_EQ(Round(0, 1).repaired, 0u);
  now_ms_ += DigestSource::kIntervalMs;
  EXPECT_EQ(Round(0).repaired, 1u);
}

TEST_F(DigestSourceTest, SendsASlotAgainOnceUntilItIsEqual) {
  Round(1);
  RepairAll();
  const auto again = Round(1);
  EXPECT_EQ(again.different, 1u);
  EXPECT_EQ(again.beyond, 1u);
  EXPECT_EQ(RepairAll(), 0u);
  EXPECT_FALSE(RoundIsDue()) << "said in every round, and no more";
  now_ms_ += DigestSource::kIntervalMs;
  EXPECT_EQ(Round(3).beyond, 1u);
  EXPECT_EQ(RepairAll(), 2u) << "others are";
  EXPECT_EQ(Round(0).repaired, 3u);
  now_ms_ += DigestSource::kIntervalMs;
  EXPECT_EQ(Round(1).beyond, 0u);
  EXPECT_EQ(RepairAll(), 1u) << "it was well meanwhile";
}

TEST_F(DigestSourceTest, PullsOnePartOfARepairAtATime) {
  Round(1);
  uint64_t first = 0, other = 0;
  ASSERT_TRUE(source_.TakeRepair(&first));
  EXPECT_FALSE(source_.TakeRepair(&other));
  EXPECT_FALSE(source_.OnMade(RepairOf(first + 1, LastHashOf(0)), kPosition)) << "another part";
  EXPECT_TRUE(source_.OnMade(RepairOf(first, LastHashOf(0)), kPosition));
}

TEST(DigestTarget, ASlotThatDiffersBehindItsRepairIsBeyondRepair) {
  DigestTarget target;
  uint64_t repaired = 0;
  EXPECT_TRUE(target.OnCompared(ResultOf(1, kAll & ~uint64_t{8}, 8), &repaired).ok());
  target.OnRepair(RepairOf(FirstHashOf(3), FirstHashOf(3) + 10).repair());
  EXPECT_TRUE(target.OnCompared(ResultOf(2, 0, 8), &repaired).ok()) << "its end did not come";
  target.OnRepair(RepairOf(FirstHashOf(3) + 11, LastHashOf(3)).repair());
  const absl::Status status = target.OnCompared(ResultOf(3, 0, 8), &repaired);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(status.message(), "slots 3 differ again after their repair");
}

TEST(DigestTarget, EverythingIsCopiedOnceForASlot) {
  uint64_t repaired = 0;
  DigestTarget first;
  first.OnRepair(RepairOf(FirstHashOf(3), LastHashOf(3)).repair());
  EXPECT_FALSE(first.OnCompared(ResultOf(1, 0, 8), &repaired).ok());
  DigestTarget next(first.given_up());
  next.OnRepair(RepairOf(FirstHashOf(3), LastHashOf(3)).repair());
  next.OnRepair(RepairOf(FirstHashOf(4), LastHashOf(4)).repair());
  EXPECT_TRUE(next.OnCompared(ResultOf(2, 0, 8), &repaired).ok()) << "it did not help";
  EXPECT_FALSE(next.OnCompared(ResultOf(3, 0, 16), &repaired).ok()) << "another slot";
}

TEST(DigestTarget, ASlotThatWasEqualSinceItsRepairMayDifferLater) {
  DigestTarget target;
  uint64_t repaired = 0;
  target.OnRepair(RepairOf(FirstHashOf(3), LastHashOf(3)).repair());
  EXPECT_TRUE(target.OnCompared(ResultOf(1, kAll & ~uint64_t{8}, 0, 8), &repaired).ok());
  EXPECT_EQ(repaired, 0u) << "unsettled is neither";
  EXPECT_TRUE(target.OnCompared(ResultOf(2, kAll, 0), &repaired).ok());
  EXPECT_EQ(repaired, 8u);
  EXPECT_TRUE(target.OnCompared(ResultOf(3, 0, 8), &repaired).ok());
  EXPECT_EQ(repaired, 0u);
}

TEST(SlotList, NamesSlotsInOrder) {
  EXPECT_EQ(SlotList(0), "");
  EXPECT_EQ(SlotList(1), "0");
  EXPECT_EQ(SlotList(uint64_t{1} << 63 | uint64_t{1} << 17 | 8), "3,17,63");
}

}  // namespace
}  // namespace twincached::replication
