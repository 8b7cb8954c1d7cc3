#include "proto/replication/receiver.h"

#include <gtest/gtest.h>

#include <memory>

#include "proto/key_hash.h"

namespace twincached::replication {
namespace {

DataView BatchOf(uint64_t position, uint32_t shard = 0, uint32_t shard_count = 1) {
  DataView view;
  view.kind = DataView::kBatch;
  view.header = {position, shard, shard_count};
  return view;
}

DataView ChunkOf(uint32_t shard = 0, uint32_t shard_count = 1) {
  DataView view;
  view.kind = DataView::kChunk;
  view.header = {0, shard, shard_count};
  return view;
}

// REQUIRES: the receiver takes it. What comes next may join it.
Dispatch GiveOpen(Receiver* receiver, const DataView& data) {
  Dispatch dispatch;
  EXPECT_TRUE(receiver->OnData(data, &dispatch).ok());
  return dispatch;
}

// As an input of its own.
Dispatch Give(Receiver* receiver, const DataView& data) {
  const Dispatch dispatch = GiveOpen(receiver, data);
  receiver->CloseDispatches();
  return dispatch;
}

bool Refuses(Receiver* receiver, const DataView& data) {
  Dispatch dispatch;
  const absl::Status status = receiver->OnData(data, &dispatch);
  EXPECT_FALSE(dispatch.apply && !status.ok());
  return status.code() == absl::StatusCode::kFailedPrecondition;
}

SnapshotBegin Begin(uint64_t position) {
  SnapshotBegin begin;
  begin.set_position(position);
  return begin;
}

SnapshotEnd End(uint64_t items) {
  SnapshotEnd end;
  end.set_items(items);
  return end;
}

InSync InSyncAt(uint64_t position) {
  InSync in_sync;
  in_sync.set_position(position);
  return in_sync;
}

TEST(Receiver, WhatAStoreGaveUpMakesAnAckDue) {
  Receiver receiver(1, 10);
  Ack ack;
  EXPECT_FALSE(receiver.TakeAck(&ack));
  receiver.AddShed("a");
  receiver.AddShed("b");
  ASSERT_TRUE(receiver.TakeAck(&ack));
  EXPECT_EQ(ack.position(), 10u);
  ASSERT_EQ(ack.shed_keys_size(), 2);
  EXPECT_EQ(ack.shed_keys(0), "a");
  EXPECT_FALSE(receiver.TakeAck(&ack));
  receiver.OnApplied(Give(&receiver, BatchOf(11)).ticket);
  ASSERT_TRUE(receiver.TakeAck(&ack));
  EXPECT_EQ(ack.shed_keys_size(), 0) << "said once per link";
}

TEST(Receiver, GivesABatchToTheShardOfTheSameNumber) {
  Receiver receiver(4, 10);
  const Dispatch dispatch = Give(&receiver, BatchOf(11, 3, 4));
  EXPECT_TRUE(dispatch.apply);
  EXPECT_EQ(dispatch.shard, 3u);
}

TEST(Receiver, GivesABatchToEveryShardWhenTheCountsDiffer) {
  Receiver receiver(4, 10);
  EXPECT_EQ(Give(&receiver, BatchOf(11, 1, 2)).shard, kEveryShard);
  EXPECT_EQ(Give(&receiver, BatchOf(12, 1, 8)).shard, kEveryShard);
}

TEST(Receiver, NumbersTicketsDensely) {
  Receiver receiver(1, 0, 70);
  EXPECT_EQ(Give(&receiver, BatchOf(1)).ticket, 70u);
  EXPECT_EQ(Give(&receiver, BatchOf(2)).ticket, 71u);
  EXPECT_EQ(receiver.next_ticket(), 72u);
}

TEST(Receiver, SkipsWhatItHasAlready) {
  Receiver receiver(1, 10);
  EXPECT_FALSE(Give(&receiver, BatchOf(9)).apply);
  EXPECT_FALSE(Give(&receiver, BatchOf(10)).apply);
  EXPECT_TRUE(Give(&receiver, BatchOf(11)).apply);
  EXPECT_FALSE(Give(&receiver, BatchOf(11)).apply) << "received, though not applied";
  EXPECT_EQ(receiver.received_position(), 11u);
}

TEST(Receiver, RefusesAGapAndEverythingAfterIt) {
  Receiver receiver(1, 10);
  EXPECT_TRUE(Refuses(&receiver, BatchOf(12)));
  EXPECT_TRUE(Refuses(&receiver, BatchOf(11)));
  EXPECT_FALSE(receiver.OnInSync(InSyncAt(10)).ok());
  EXPECT_EQ(receiver.received_position(), 10u);
}

TEST(Receiver, RefusesShardsThatCannotBe) {
  EXPECT_TRUE(Refuses(std::make_unique<Receiver>(1, 0).get(), BatchOf(1, 0, 0)));
  EXPECT_TRUE(Refuses(std::make_unique<Receiver>(1, 0).get(), BatchOf(1, 2, 2)));
  EXPECT_TRUE(Refuses(std::make_unique<Receiver>(1, 0).get(), DataView()));
}

TEST(Receiver, AcknowledgesWhatIsAppliedNotWhatIsReceived) {
  Receiver receiver(1, 0);
  Ack ack;
  const uint64_t ticket = Give(&receiver, BatchOf(1)).ticket;
  EXPECT_FALSE(receiver.TakeAck(&ack));
  receiver.OnApplied(ticket);
  ASSERT_TRUE(receiver.TakeAck(&ack));
  EXPECT_EQ(ack.position(), 1u);
  EXPECT_TRUE(ack.loaded());
  EXPECT_FALSE(ack.in_sync());
  EXPECT_FALSE(receiver.TakeAck(&ack)) << "once per change";
}

TEST(Receiver, OneAckCoversAllThatWasAppliedSince) {
  Receiver receiver(1, 0);
  for (uint64_t position = 1; position <= 5; ++position) {
    receiver.OnApplied(Give(&receiver, BatchOf(position)).ticket);
  }
  Ack ack;
  ASSERT_TRUE(receiver.TakeAck(&ack));
  EXPECT_EQ(ack.position(), 5u);
}

TEST(Receiver, AcknowledgesInOrderThoughShardsFinishOutOfOrder) {
  Receiver receiver(2, 0);
  const uint64_t first = Give(&receiver, BatchOf(1, 0, 2)).ticket;
  const uint64_t second = Give(&receiver, BatchOf(2, 1, 2)).ticket;
  const uint64_t third = Give(&receiver, BatchOf(3, 1, 2)).ticket;
  receiver.OnApplied(second);
  receiver.OnApplied(third);
  EXPECT_EQ(receiver.applied_position(), 0u);
  receiver.OnApplied(first);
  EXPECT_EQ(receiver.applied_position(), 3u);
}

TEST(Receiver, WaitsForEveryShardConcerned) {
  Receiver receiver(3, 0);
  const uint64_t ticket = Give(&receiver, BatchOf(1, 0, 2)).ticket;
  receiver.OnApplied(ticket);
  receiver.OnApplied(ticket);
  EXPECT_EQ(receiver.applied_position(), 0u);
  receiver.OnApplied(ticket);
  EXPECT_EQ(receiver.applied_position(), 1u);
}

TEST(Receiver, WhatComesTogetherForOneShardIsAnsweredOnce) {
  Receiver receiver(1, 0);
  const Dispatch first = GiveOpen(&receiver, BatchOf(1));
  EXPECT_FALSE(first.joins);
  for (uint64_t position = 2; position <= 4; ++position) {
    const Dispatch next = GiveOpen(&receiver, BatchOf(position));
    EXPECT_TRUE(next.apply && next.joins);
    EXPECT_EQ(next.shard, first.shard);
    EXPECT_EQ(next.ticket, first.ticket);
  }
  EXPECT_FALSE(GiveOpen(&receiver, BatchOf(3)).apply) << "a repeat joins nothing";
  receiver.CloseDispatches();
  const Dispatch later = Give(&receiver, BatchOf(5));
  EXPECT_FALSE(later.joins);
  EXPECT_EQ(later.ticket, first.ticket + 1);
  receiver.OnApplied(first.ticket);
  EXPECT_EQ(receiver.applied_position(), 4u);
  receiver.OnApplied(later.ticket);
  EXPECT_EQ(receiver.applied_position(), 5u);
}

TEST(Receiver, WhatJoinedBehindAnotherShardsIsAcknowledgedWithBoth) {
  for (const bool in_order : {true, false}) {
    Receiver receiver(2, 0);
    const uint64_t first = GiveOpen(&receiver, BatchOf(1, 0, 2)).ticket;
    const uint64_t second = GiveOpen(&receiver, BatchOf(2, 1, 2)).ticket;
    EXPECT_EQ(GiveOpen(&receiver, BatchOf(3, 0, 2)).ticket, first);
    EXPECT_EQ(GiveOpen(&receiver, BatchOf(4, 1, 2)).ticket, second);
    EXPECT_EQ(GiveOpen(&receiver, BatchOf(5, 0, 2)).ticket, first);
    receiver.CloseDispatches();
    receiver.OnApplied(in_order ? first : second);
    EXPECT_LT(receiver.applied_position(), 3u) << "4 is the second one's";
    receiver.OnApplied(in_order ? second : first);
    EXPECT_EQ(receiver.applied_position(), 5u);
  }
}

TEST(Receiver, WhatGoesToEveryShardJoinsWhateverItsSourceShard) {
  Receiver receiver(3, 0);
  const Dispatch first = GiveOpen(&receiver, BatchOf(1, 0, 2));
  const Dispatch second = GiveOpen(&receiver, BatchOf(2, 1, 2));
  EXPECT_TRUE(second.joins);
  EXPECT_EQ(second.shard, kEveryShard);
  receiver.CloseDispatches();
  for (int shard = 0; shard < 3; ++shard) {
    EXPECT_EQ(receiver.applied_position(), 0u);
    receiver.OnApplied(first.ticket);
  }
  EXPECT_EQ(receiver.applied_position(), 2u);
}

TEST(Receiver, ChunksAndBatchesJoinEachOther) {
  Receiver receiver(1, 0);
  receiver.ExpectSnapshot();
  ASSERT_TRUE(receiver.OnSnapshotBegin(Begin(6)).ok());
  const uint64_t ticket = GiveOpen(&receiver, ChunkOf()).ticket;
  EXPECT_TRUE(GiveOpen(&receiver, BatchOf(7)).joins);
  EXPECT_TRUE(GiveOpen(&receiver, ChunkOf()).joins);
  receiver.CloseDispatches();
  ASSERT_TRUE(receiver.OnSnapshotEnd(End(2)).ok());
  EXPECT_FALSE(receiver.TakeLoadingDone());
  receiver.OnApplied(ticket);
  EXPECT_TRUE(receiver.TakeLoadingDone());
  EXPECT_EQ(receiver.applied_position(), 7u);
}

TEST(ReceiverDeathTest, DiesOfAFrameThatOvertakesAnOpenDispatch) {
  Receiver receiver(1, 0);
  GiveOpen(&receiver, BatchOf(1));
  EXPECT_DEATH((void)receiver.OnInSync(InSyncAt(1)), "CHECK failed");
}

TEST(Receiver, IgnoresAnswersToAnEarlierLink) {
  Receiver receiver(1, 0, 5);
  Give(&receiver, BatchOf(1));
  receiver.OnApplied(4);
  EXPECT_EQ(receiver.applied_position(), 0u);
}

TEST(ReceiverDeathTest, DiesOfAnAnswerTooMany) {
  Receiver receiver(1, 0);
  const uint64_t ticket = Give(&receiver, BatchOf(1)).ticket;
  EXPECT_DEATH(receiver.OnApplied(ticket + 1), "CHECK failed");
  EXPECT_TRUE(receiver.HasIssued(ticket));
  EXPECT_FALSE(receiver.HasIssued(ticket + 1));
  receiver.OnApplied(ticket);
  EXPECT_DEATH(receiver.OnApplied(ticket), "CHECK failed");
}

TEST(Receiver, TakesNothingBeforeTheSnapshotBegins) {
  for (const DataView& data : {BatchOf(1), ChunkOf()}) {
    Receiver receiver(1, 0);
    receiver.ExpectSnapshot();
    EXPECT_TRUE(Refuses(&receiver, data));
  }
}

TEST(Receiver, RefusesSnapshotFramesOutOfPlace) {
  Receiver resumed(1, 0);
  EXPECT_FALSE(resumed.OnSnapshotBegin(Begin(0)).ok());
  Receiver never_began(1, 0);
  EXPECT_FALSE(never_began.OnSnapshotEnd(End(0)).ok());
  Receiver live(1, 0);
  EXPECT_TRUE(Refuses(&live, ChunkOf()));
  Receiver twice(1, 0);
  twice.ExpectSnapshot();
  EXPECT_TRUE(twice.OnSnapshotBegin(Begin(4)).ok());
  EXPECT_FALSE(twice.OnSnapshotBegin(Begin(4)).ok());
  Receiver late(1, 0);
  late.ExpectSnapshot();
  EXPECT_TRUE(late.OnSnapshotBegin(Begin(4)).ok());
  EXPECT_TRUE(late.OnSnapshotEnd(End(0)).ok());
  EXPECT_TRUE(Refuses(&late, ChunkOf()));
}

TEST(Receiver, LoadsUntilEveryChunkIsApplied) {
  Receiver receiver(2, 0);
  receiver.ExpectSnapshot();
  EXPECT_FALSE(receiver.loading());
  ASSERT_TRUE(receiver.OnSnapshotBegin(Begin(40)).ok());
  EXPECT_TRUE(receiver.loading());
  const uint64_t chunk = Give(&receiver, ChunkOf(0, 2)).ticket;
  const uint64_t batch = Give(&receiver, BatchOf(41, 1, 2)).ticket;
  ASSERT_TRUE(receiver.OnSnapshotEnd(End(9)).ok());
  const uint64_t behind = Give(&receiver, BatchOf(42, 0, 2)).ticket;
  EXPECT_EQ(receiver.snapshot_items(), 9u);
  receiver.OnApplied(batch);
  EXPECT_TRUE(receiver.loading());
  EXPECT_FALSE(receiver.TakeLoadingDone());
  EXPECT_EQ(receiver.applied_position(), 40u) << "a chunk before it is not applied";
  receiver.OnApplied(chunk);
  EXPECT_FALSE(receiver.loading());
  EXPECT_EQ(receiver.applied_position(), 41u);
  EXPECT_TRUE(receiver.TakeLoadingDone());
  receiver.OnApplied(behind);
  EXPECT_FALSE(receiver.TakeLoadingDone()) << "once";
}

TEST(Receiver, TellsTheSourceThatItHasLoaded) {
  Receiver receiver(1, 0);
  receiver.ExpectSnapshot();
  ASSERT_TRUE(receiver.OnSnapshotBegin(Begin(40)).ok());
  Ack ack;
  ASSERT_TRUE(receiver.TakeAck(&ack));
  EXPECT_EQ(ack.position(), 40u);
  EXPECT_FALSE(ack.loaded());
  const uint64_t chunk = Give(&receiver, ChunkOf()).ticket;
  ASSERT_TRUE(receiver.OnSnapshotEnd(End(1)).ok());
  EXPECT_FALSE(receiver.TakeAck(&ack));
  receiver.OnApplied(chunk);
  ASSERT_TRUE(receiver.TakeAck(&ack));
  EXPECT_EQ(ack.position(), 40u);
  EXPECT_TRUE(ack.loaded());
}

TEST(Receiver, AnEmptySnapshotIsLoadedAtOnce) {
  Receiver receiver(1, 0);
  receiver.ExpectSnapshot();
  ASSERT_TRUE(receiver.OnSnapshotBegin(Begin(0)).ok());
  ASSERT_TRUE(receiver.OnSnapshotEnd(End(0)).ok());
  EXPECT_TRUE(receiver.TakeLoadingDone());
  Ack ack;
  EXPECT_TRUE(receiver.TakeAck(&ack));
  EXPECT_TRUE(ack.loaded());
}

TEST(Receiver, IsInSyncWhenEverythingBeforeIsApplied) {
  Receiver receiver(1, 0);
  const uint64_t before = Give(&receiver, BatchOf(1)).ticket;
  ASSERT_TRUE(receiver.OnInSync(InSyncAt(1)).ok());
  const uint64_t behind = Give(&receiver, BatchOf(2)).ticket;
  EXPECT_FALSE(receiver.in_sync_applied());
  receiver.OnApplied(before);
  EXPECT_TRUE(receiver.in_sync_applied());
  Ack ack;
  ASSERT_TRUE(receiver.TakeAck(&ack));
  EXPECT_TRUE(ack.in_sync());
  EXPECT_EQ(ack.position(), 1u);
  receiver.OnApplied(behind);
  ASSERT_TRUE(receiver.TakeAck(&ack));
  EXPECT_TRUE(ack.in_sync()) << "in later Acks too";
}

TEST(Receiver, AcknowledgesInSyncWithoutAnyBatch) {
  Receiver receiver(1, 10);
  ASSERT_TRUE(receiver.OnInSync(InSyncAt(10)).ok());
  Ack ack;
  ASSERT_TRUE(receiver.TakeAck(&ack));
  EXPECT_TRUE(ack.in_sync());
  EXPECT_EQ(ack.position(), 10u);
}

TEST(Receiver, RefusesInSyncBeyondWhatItReceived) {
  Receiver receiver(1, 10);
  EXPECT_FALSE(receiver.OnInSync(InSyncAt(11)).ok());
  EXPECT_FALSE(receiver.in_sync_applied());
}

TEST(Receiver, RefusesInSyncInsideASnapshot) {
  Receiver receiver(1, 0);
  receiver.ExpectSnapshot();
  ASSERT_TRUE(receiver.OnSnapshotBegin(Begin(3)).ok());
  EXPECT_FALSE(receiver.OnInSync(InSyncAt(3)).ok());
  EXPECT_FALSE(receiver.in_sync_applied());
}

// ---- digests and repairs

Digest DigestOf(uint64_t position, uint32_t shard, uint32_t shard_count, int slots) {
  Digest digest;
  digest.set_position(position);
  digest.set_shard(shard);
  digest.set_shard_count(shard_count);
  for (int i = 0; i < slots; ++i) digest.add_digests(0);
  return digest;
}

Repair RepairOf(uint64_t first, uint64_t last, uint32_t shard, uint32_t shard_count) {
  Repair repair;
  repair.set_first_hash(first);
  repair.set_last_hash(last);
  repair.set_shard(shard);
  repair.set_shard_count(shard_count);
  return repair;
}

// Everything up to position 10 is there, InSync too.
std::unique_ptr<Receiver> InSyncReceiver(uint32_t shard_count) {
  auto receiver = std::make_unique<Receiver>(shard_count, 10);
  EXPECT_TRUE(receiver->OnInSync(InSyncAt(10)).ok());
  return receiver;
}

TEST(Receiver, ADigestGoesWhereTheBatchesOfItsShardGo) {
  Dispatch dispatch;
  auto receiver = InSyncReceiver(3);
  ASSERT_TRUE(receiver->OnDigest(DigestOf(10, 2, 3, 21), &dispatch).ok());
  EXPECT_TRUE(dispatch.apply);
  EXPECT_EQ(dispatch.shard, 2u);
  ASSERT_TRUE(receiver->OnDigest(DigestOf(10, 0, 1, 64), &dispatch).ok());
  EXPECT_EQ(dispatch.shard, kEveryShard);
  ASSERT_TRUE(receiver->OnRepair(RepairOf(FirstHashOf(5), LastHashOf(5), 2, 3), &dispatch).ok());
  EXPECT_EQ(dispatch.shard, 2u);
}

TEST(Receiver, ADigestIsAnsweredForLikeABatchAndMovesNoPosition) {
  Dispatch dispatch;
  auto receiver = InSyncReceiver(2);
  Ack ack;
  EXPECT_TRUE(receiver->TakeAck(&ack));
  ASSERT_TRUE(receiver->OnDigest(DigestOf(10, 0, 1, 64), &dispatch).ok());
  const uint64_t digest = dispatch.ticket;
  const uint64_t batch = Give(receiver.get(), BatchOf(11, 0, 2)).ticket;
  EXPECT_EQ(batch, digest + 1);
  receiver->OnApplied(batch);
  receiver->OnApplied(digest);
  EXPECT_FALSE(receiver->TakeAck(&ack)) << "one of two shards has still to compare";
  receiver->OnApplied(digest);
  ASSERT_TRUE(receiver->TakeAck(&ack));
  EXPECT_EQ(ack.position(), 11u);
}

TEST(Receiver, RefusesADigestAtAnotherPlace) {
  Dispatch dispatch;
  EXPECT_FALSE(InSyncReceiver(1)->OnDigest(DigestOf(9, 0, 1, 64), &dispatch).ok());
  EXPECT_FALSE(InSyncReceiver(1)->OnDigest(DigestOf(11, 0, 1, 64), &dispatch).ok());
  Receiver early(1, 10);
  EXPECT_FALSE(early.OnDigest(DigestOf(10, 0, 1, 64), &dispatch).ok()) << "not in sync";
  EXPECT_FALSE(dispatch.apply);
}

TEST(Receiver, RefusesADigestOfSlotsThatCannotBe) {
  Dispatch dispatch;
  for (const int slots : {0, 20, 22, 64}) {
    EXPECT_FALSE(InSyncReceiver(1)->OnDigest(DigestOf(10, 2, 3, slots), &dispatch).ok());
  }
  EXPECT_FALSE(InSyncReceiver(1)->OnDigest(DigestOf(10, 3, 3, 21), &dispatch).ok());
  EXPECT_FALSE(InSyncReceiver(1)->OnDigest(DigestOf(10, 0, 0, 0), &dispatch).ok());
  EXPECT_TRUE(InSyncReceiver(1)->OnDigest(DigestOf(10, 65, 70, 0), &dispatch).ok());
}

TEST(Receiver, RefusesARepairThatIsNotOfOneSlotOfItsShard) {
  Dispatch dispatch;
  const uint64_t first = FirstHashOf(5), last = LastHashOf(5);
  EXPECT_FALSE(InSyncReceiver(1)->OnRepair(RepairOf(first, last + 1, 0, 1), &dispatch).ok());
  EXPECT_FALSE(InSyncReceiver(1)->OnRepair(RepairOf(last, first, 0, 1), &dispatch).ok());
  EXPECT_FALSE(InSyncReceiver(1)->OnRepair(RepairOf(first, last, 0, 2), &dispatch).ok());
  EXPECT_TRUE(InSyncReceiver(1)->OnRepair(RepairOf(last, last, 1, 2), &dispatch).ok());
}

}  // namespace
}  // namespace twincached::replication
