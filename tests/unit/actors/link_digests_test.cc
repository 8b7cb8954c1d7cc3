#include "actors/link_digests.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "proto/key_hash.h"

namespace twincached {
namespace {

using replication::Frame;
using Side = LinkDigests::Side;

constexpr uint64_t kAll = ~uint64_t{0};
constexpr ClientToken kClient{1, 42};

class LinkDigestsTest : public testing::Test {
 protected:
  DigestWork Work(Side side, bool stream_free = true) {
    DigestWork work;
    const bool some = digests_.TakeWork(side, stream_free, now_ms_, &work);
    EXPECT_EQ(some, !work.empty());
    return work;
  }
  // The round that the STOREs are asked for; 0: for none.
  static uint64_t RoundOf(const DigestWork& work) {
    if (work.every_store.empty()) return 0;
    EXPECT_EQ(work.every_store[0].kind, StoreOrder::kMakeDigest);
    return work.every_store[0].value;
  }
  void Finish(uint64_t round, uint64_t different, uint64_t position) {
    Frame digest;
    digest.mutable_digest()->set_round(round);
    EXPECT_TRUE(digests_.OnMade(digest, position));
    Frame result;
    result.mutable_digest_result()->set_round(round);
    result.mutable_digest_result()->set_equal(kAll & ~different);
    result.mutable_digest_result()->set_different(different);
    digests_.OnFrame(result);
  }
  static std::string TextTo(const ClientToken& client, const DigestWork& work) {
    std::string text;
    for (const DigestWork::Answer& answer : work.answers) {
      if (answer.client.listener == client.listener && answer.client.client == client.client) {
        text += answer.text;
      }
    }
    return text;
  }

  LinkStats stats_;
  LinkDigests digests_{&stats_};
  int64_t now_ms_ = 1;
};

TEST_F(LinkDigestsTest, TheMasterAnswersVerifyWithItsNextRound) {
  const uint64_t first = RoundOf(Work(Side::kSource));
  digests_.OnCommand(kClient);
  Work(Side::kSource);
  Finish(first, 0, 10);
  const DigestWork work = Work(Side::kSource);
  EXPECT_EQ(TextTo(kClient, work), "") << "that round began before it";
  ASSERT_EQ(RoundOf(work), first + 1);
  Finish(first + 1, 0, 12);
  EXPECT_EQ(TextTo(kClient, Work(Side::kSource)), "OK 64 slots equal at position 12\r\n");
  EXPECT_EQ(stats_.digests_compared, 128u);
  EXPECT_EQ(stats_.digest_mismatches, 0u);
  EXPECT_EQ(stats_.last_digest_position, 12u);
  EXPECT_TRUE(Work(Side::kSource).answers.empty());
}

TEST_F(LinkDigestsTest, AMismatchIsSaidCountedWarnedOfAndRepaired) {
  digests_.OnCommand(kClient);
  const uint64_t round = RoundOf(Work(Side::kSource));
  Finish(round, 8 | 1u << 17, 12);
  DigestWork work = Work(Side::kSource);
  EXPECT_EQ(TextTo(kClient, work), "MISMATCH slots=3,17 position=12\r\n");
  ASSERT_EQ(work.warnings.size(), 1u);
  EXPECT_EQ(work.warnings[0], "slots 3,17 differ on the slave at position 12: sending them again");
  EXPECT_EQ(stats_.digest_mismatches, 2u);
  for (const uint32_t slot : {3u, 17u}) {
    ASSERT_EQ(work.store_of_hash.size(), 1u);
    EXPECT_EQ(work.store_of_hash[0].kind, StoreOrder::kMakeRepair);
    EXPECT_EQ(work.store_of_hash[0].value, FirstHashOf(slot));
    Frame repair;
    repair.mutable_repair()->set_first_hash(FirstHashOf(slot));
    repair.mutable_repair()->set_last_hash(LastHashOf(slot));
    EXPECT_TRUE(digests_.OnMade(repair, 13));
    work = Work(Side::kSource, /*stream_free=*/false);
    EXPECT_TRUE(work.store_of_hash.empty());
    if (slot == 3) work = Work(Side::kSource);
  }
  ASSERT_EQ(RoundOf(work), round + 1) << "behind the repair, at once";
  Finish(round + 1, 0, 20);
  work = Work(Side::kSource);
  EXPECT_EQ(work.warnings, std::vector<std::string>{"slots 3,17 are equal again at position 20"});
  EXPECT_EQ(stats_.slots_repaired, 2u);
}

TEST_F(LinkDigestsTest, ASlotThatNothingHelpsIsOnlySaid) {
  Finish(RoundOf(Work(Side::kSource)), 1, 12);
  ASSERT_EQ(Work(Side::kSource).store_of_hash.size(), 1u);
  Frame repair;
  repair.mutable_repair()->set_last_hash(LastHashOf(0));
  EXPECT_TRUE(digests_.OnMade(repair, 13));
  Finish(RoundOf(Work(Side::kSource)), 1, 14);
  const DigestWork work = Work(Side::kSource);
  EXPECT_EQ(work.warnings,
            std::vector<std::string>{
                "slots 0 differ on the slave at position 14 although they were sent again"});
  EXPECT_TRUE(work.store_of_hash.empty());
  EXPECT_TRUE(work.every_store.empty());
}

TEST_F(LinkDigestsTest, TheSlaveAsksTheMasterAndPassesTheAnswerOn) {
  digests_.OnCommand(kClient);
  const ClientToken other{2, 43};
  digests_.OnCommand(other);
  DigestWork work = Work(Side::kTarget);
  ASSERT_EQ(work.frames.size(), 2u);
  EXPECT_TRUE(work.frames[0].has_verify());
  EXPECT_TRUE(work.every_store.empty()) << "a slave begins no round";

  LinkStats master_stats;
  LinkDigests master(&master_stats);
  for (const Frame& frame : work.frames) master.OnFrame(frame);
  DigestWork masters;
  EXPECT_TRUE(master.TakeWork(Side::kSource, true, 1, &masters));
  const uint64_t round = RoundOf(masters);
  Frame digest;
  digest.mutable_digest()->set_round(round);
  EXPECT_TRUE(master.OnMade(digest, 6));
  Frame result;
  result.mutable_digest_result()->set_round(round);
  result.mutable_digest_result()->set_equal(kAll);
  master.OnFrame(result);
  EXPECT_TRUE(master.TakeWork(Side::kSource, true, 1, &work));
  ASSERT_EQ(work.frames.size(), 2u);
  for (const Frame& frame : work.frames) digests_.OnFrame(frame);
  work = Work(Side::kTarget);
  EXPECT_EQ(TextTo(kClient, work), "OK 64 slots equal at position 6\r\n");
  EXPECT_EQ(TextTo(other, work), "OK 64 slots equal at position 6\r\n");
  digests_.OnFrame([] {
    Frame frame;
    frame.mutable_verify_answer();
    return frame;
  }());
  EXPECT_TRUE(Work(Side::kTarget).answers.empty()) << "nobody asked";
}

TEST_F(LinkDigestsTest, WithoutASlaveInSyncVerifyIsAnErrorAtOnce) {
  constexpr char kError[] = "SERVER_ERROR no slave in sync\r\n";
  digests_.OnCommand(kClient);
  EXPECT_EQ(TextTo(kClient, Work(Side::kOut)), kError);
  for (const Side side : {Side::kSource, Side::kTarget}) {
    digests_.OnCommand(kClient);
    EXPECT_EQ(TextTo(kClient, Work(side)), "");
    EXPECT_EQ(TextTo(kClient, Work(Side::kOut)), kError) << "the link ended";
  }
  digests_.OnCommand(kClient);
  Work(Side::kSource);
  EXPECT_EQ(TextTo(kClient, Work(Side::kTarget)), kError) << "the roles were swapped";
  EXPECT_TRUE(Work(Side::kOut).answers.empty()) << "once each";
}

TEST_F(LinkDigestsTest, AnEarlierLinksResultsCountForNothing) {
  const uint64_t round = RoundOf(Work(Side::kSource));
  Work(Side::kOut);
  const uint64_t next = RoundOf(Work(Side::kSource));
  EXPECT_GT(next, round);
  Frame digest;
  digest.mutable_digest()->set_round(round);
  EXPECT_FALSE(digests_.OnMade(digest, 5));
  Frame result;
  result.mutable_digest_result()->set_round(round);
  result.mutable_digest_result()->set_equal(kAll);
  digests_.OnFrame(result);
  Work(Side::kSource);
  EXPECT_EQ(stats_.digests_compared, 0u);
}

TEST_F(LinkDigestsTest, TheSlaveTellsWhatItFoundAndCountsIt) {
  replication::DigestResult result;
  result.set_round(9);
  result.set_position(30);
  result.set_equal(kAll & ~uint64_t{4});
  result.set_different(4);
  EXPECT_TRUE(digests_.OnCompared(result).ok());
  const DigestWork work = Work(Side::kTarget);
  ASSERT_EQ(work.frames.size(), 1u);
  EXPECT_EQ(work.frames[0].digest_result().round(), 9u);
  EXPECT_EQ(work.frames[0].digest_result().different(), 4u);
  EXPECT_EQ(work.warnings,
            std::vector<std::string>{"slots 2 differ from the master's at position 30"});
  EXPECT_EQ(stats_.digests_compared, 64u);
  EXPECT_EQ(stats_.digest_mismatches, 1u);
  EXPECT_EQ(stats_.last_digest_position, 30u);
  replication::Repair repair;
  repair.set_first_hash(FirstHashOf(2));
  repair.set_last_hash(LastHashOf(2));
  digests_.OnRepair(repair);
  EXPECT_FALSE(digests_.OnCompared(result).ok());
  Work(Side::kOut);
  digests_.OnRepair(repair);
  EXPECT_TRUE(digests_.OnCompared(result).ok()) << "everything was copied for it already";
}

}  // namespace
}  // namespace twincached
