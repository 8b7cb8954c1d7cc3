// What a reply reveals, told as stories of one shard.
#include "actors/hold_ledger.h"

#include <cstdint>
#include <map>
#include <random>
#include <string>

#include "gtest/gtest.h"

namespace twincached {
namespace {

Reply Hit(uint64_t version) {
  Reply reply;
  reply.status = Status::kHit;
  reply.cas = version;
  return reply;
}

Reply Answer(Status status) {
  Reply reply;
  reply.status = status;
  return reply;
}

// A batch that stored something and removed nothing; returns its number.
uint64_t Store(uint64_t version, HoldLedger* ledger) {
  const uint64_t seq = ledger->next_seq();
  ledger->Close(version, false);
  return seq;
}

uint64_t Remove(uint64_t newest_version, HoldLedger* ledger) {
  const uint64_t seq = ledger->next_seq();
  ledger->Close(newest_version, true);
  return seq;
}

// What a reply reveals while nothing has been done in the batch being executed.
uint64_t Idle(const HoldLedger& ledger, const Reply& reply) { return ledger.Reveals(reply, {}); }

TEST(HoldLedger, SequenceNumbersGrowByOne) {
  HoldLedger ledger;
  const uint64_t first = Store(10, &ledger);
  EXPECT_EQ(Store(11, &ledger), first + 1);
  EXPECT_EQ(Remove(11, &ledger), first + 2);
  ledger.Reset(11);
  EXPECT_EQ(ledger.next_seq(), first + 3) << "a number is never used twice";
}

TEST(HoldLedger, NothingIsHeldWhenEverythingIsAcknowledged) {
  HoldLedger ledger;
  ledger.Reset(10);
  for (const Reply& reply : {Hit(1), Hit(10), Answer(Status::kMiss), Answer(Status::kNotFound),
                             Answer(Status::kNotStored), Answer(Status::kExists)}) {
    EXPECT_EQ(Idle(ledger, reply), 0u);
  }
  const uint64_t seq = Remove(12, &ledger);
  ledger.Acknowledge(seq);
  for (const Reply& reply : {Hit(12), Answer(Status::kMiss), Answer(Status::kNotStored)}) {
    EXPECT_EQ(Idle(ledger, reply), 0u);
  }
}

TEST(HoldLedger, AWriteRevealsItsOwnBatch) {
  HoldLedger ledger;
  for (const Status status : {Status::kStored, Status::kDeleted, Status::kNumber, Status::kTouched,
                              Status::kHit, Status::kFlushed}) {
    EXPECT_EQ(ledger.Reveals(Answer(status), {true, true, false}), ledger.next_seq());
  }
}

TEST(HoldLedger, AHitRevealsTheBatchThatWroteTheItem) {
  HoldLedger ledger;
  ledger.Reset(100);
  const uint64_t first = Store(105, &ledger);   // versions 101 to 105
  const uint64_t second = Store(109, &ledger);  // 106 to 109
  EXPECT_EQ(Idle(ledger, Hit(100)), 0u);
  EXPECT_EQ(Idle(ledger, Hit(101)), first);
  EXPECT_EQ(Idle(ledger, Hit(105)), first);
  EXPECT_EQ(Idle(ledger, Hit(106)), second);
  EXPECT_EQ(Idle(ledger, Hit(109)), second);
  ledger.Acknowledge(first);
  EXPECT_EQ(Idle(ledger, Hit(105)), 0u);
  EXPECT_EQ(Idle(ledger, Hit(106)), second);
}

TEST(HoldLedger, AHitOnAnItemOfTheBatchBeingExecutedRevealsThatBatch) {
  HoldLedger ledger;
  ledger.Reset(100);
  Store(105, &ledger);
  EXPECT_EQ(ledger.Reveals(Hit(106), {false, true, false}), ledger.next_seq());
}

TEST(HoldLedger, AHitOnAnOldItemIsNotHeldByOthersChanges) {
  HoldLedger ledger;
  ledger.Reset(100);
  Remove(105, &ledger);
  EXPECT_EQ(Idle(ledger, Hit(99)), 0u);
  EXPECT_EQ(ledger.Reveals(Hit(99), {false, true, true}), 0u);
}

TEST(HoldLedger, AMissRevealsTheNewestRemoval) {
  HoldLedger ledger;
  ledger.Reset(100);
  Store(101, &ledger);
  EXPECT_EQ(Idle(ledger, Answer(Status::kMiss)), 0u) << "nothing has been removed";
  const uint64_t first = Remove(102, &ledger);
  EXPECT_EQ(Idle(ledger, Answer(Status::kMiss)), first);
  const uint64_t second = Remove(102, &ledger);
  Store(103, &ledger);
  EXPECT_EQ(Idle(ledger, Answer(Status::kMiss)), second);
  EXPECT_EQ(Idle(ledger, Answer(Status::kNotFound)), second);
  ledger.Acknowledge(first);
  EXPECT_EQ(Idle(ledger, Answer(Status::kMiss)), second);
  ledger.Acknowledge(second);
  EXPECT_EQ(Idle(ledger, Answer(Status::kMiss)), 0u);
}

TEST(HoldLedger, AMissBehindARemovalOfItsOwnBatchRevealsThatBatch) {
  HoldLedger ledger;
  EXPECT_EQ(ledger.Reveals(Answer(Status::kMiss), {false, true, true}), ledger.next_seq());
  EXPECT_EQ(ledger.Reveals(Answer(Status::kMiss), {false, true, false}), 0u);
}

// NOT_STORED to an `add` says that the item is there, EXISTS that somebody changed it: neither says
// when.
TEST(HoldLedger, AReplyThatNamesNoVersionRevealsEverythingSoFar) {
  HoldLedger ledger;
  ledger.Reset(100);
  for (const Status status : {Status::kNotStored, Status::kExists, Status::kNonNumeric}) {
    EXPECT_EQ(ledger.Reveals(Answer(status), {false, true, false}), ledger.next_seq())
        << "a set earlier in the same batch";
  }
  const uint64_t seq = Store(101, &ledger);
  for (const Status status : {Status::kNotStored, Status::kExists, Status::kNonNumeric}) {
    EXPECT_EQ(Idle(ledger, Answer(status)), seq);
    EXPECT_EQ(ledger.Reveals(Answer(status), {false, true, false}), ledger.next_seq());
    EXPECT_EQ(ledger.Reveals(Answer(status), {false, true, true}), ledger.next_seq());
  }
  ledger.Acknowledge(seq);
  EXPECT_EQ(Idle(ledger, Answer(Status::kNotStored)), 0u);
}

TEST(HoldLedger, OneAcknowledgementMayCoverSeveralBatchesOrNone) {
  HoldLedger ledger;
  ledger.Reset(100);
  const uint64_t first = Store(101, &ledger);
  Store(102, &ledger);
  const uint64_t third = Store(103, &ledger);
  ledger.Acknowledge(first + 1);
  EXPECT_EQ(Idle(ledger, Hit(102)), 0u);
  EXPECT_EQ(Idle(ledger, Hit(103)), third);
  ledger.Acknowledge(first);  // old news
  EXPECT_EQ(Idle(ledger, Hit(102)), 0u);
  EXPECT_EQ(Idle(ledger, Hit(103)), third);
}

TEST(HoldLedger, ResetMeansThatEverythingCountsAsAcknowledged) {
  HoldLedger ledger;
  Store(50, &ledger);
  Remove(51, &ledger);
  ledger.Reset(51);
  for (const Reply& reply : {Hit(50), Hit(51), Answer(Status::kMiss), Answer(Status::kNotStored)}) {
    EXPECT_EQ(Idle(ledger, reply), 0u);
  }
  const uint64_t seq = Store(52, &ledger);
  EXPECT_EQ(Idle(ledger, Hit(52)), seq);
}

TEST(HoldLedger, AcknowledgementsOfBeforeAResetChangeNothing) {
  HoldLedger ledger;
  const uint64_t old = Store(50, &ledger);
  ledger.Reset(50);
  const uint64_t seq = Remove(51, &ledger);
  ledger.Acknowledge(old);
  EXPECT_EQ(Idle(ledger, Hit(51)), seq);
  EXPECT_EQ(Idle(ledger, Answer(Status::kMiss)), seq);
}

// Random commands on a few keys beside a model that remembers which batch did what to each key: no
// reply is held less than the model says.
TEST(HoldLedger, NeverHoldsLessThanTheTruth) {
  for (uint32_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    HoldLedger ledger;
    std::map<int, uint64_t> changed_by;  // key -> the batch that changed it last
    std::map<int, uint64_t> versions;    // of the keys that are there
    uint64_t version = 1000;
    uint64_t acknowledged = 0;
    ledger.Reset(version);
    for (int batch = 0; batch < 40; ++batch) {
      bool any = false, removed = false;
      for (int command = 0; command < 3; ++command) {
        const int key = static_cast<int>(random() % 4);
        const bool there = versions.count(key) != 0;
        const uint64_t truth = changed_by[key] > acknowledged ? changed_by[key] : 0;
        switch (random() % 4) {
          case 0:
            versions[key] = ++version;
            changed_by[key] = ledger.next_seq();
            any = true;
            EXPECT_EQ(ledger.Reveals(Answer(Status::kStored), {true, any, removed}),
                      ledger.next_seq());
            break;
          case 1:
            if (there) {
              versions.erase(key);
              changed_by[key] = ledger.next_seq();
              any = removed = true;
            } else {
              EXPECT_GE(ledger.Reveals(Answer(Status::kNotFound), {false, any, removed}), truth);
            }
            break;
          case 2:
            EXPECT_GE(there ? ledger.Reveals(Hit(versions[key]), {false, any, removed})
                            : ledger.Reveals(Answer(Status::kMiss), {false, any, removed}),
                      truth);
            break;
          default:  // add, replace
            EXPECT_GE(ledger.Reveals(Answer(Status::kNotStored), {false, any, removed}), truth);
        }
      }
      if (any) ledger.Close(version, removed);
      if (random() % 3 == 0 && acknowledged + 1 < ledger.next_seq()) {
        acknowledged += 1 + random() % (ledger.next_seq() - 1 - acknowledged);
        ledger.Acknowledge(acknowledged);
      }
    }
  }
}

}  // namespace
}  // namespace twincached
