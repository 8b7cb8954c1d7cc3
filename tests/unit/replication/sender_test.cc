#include "proto/replication/sender.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "proto/replication/frame.h"
#include "tests/unit/replication/string_output.h"

namespace twincached::replication {
namespace {

constexpr SenderLimits kLimits{/*window_bytes_max=*/2000, /*sync_lag_bytes_max=*/500,
                               /*chunks_in_flight_max=*/4};
constexpr size_t kNoLimit = 1u << 20;

std::string PutBytes(const std::string& key, const std::string& value) {
  Chunk chunk;
  chunk.add_records()->mutable_put()->set_key(key);
  chunk.mutable_records(0)->mutable_put()->set_value(value);
  return chunk.SerializeAsString();
}

// The stream as words: "batch 5", "chunk 1 k", "begin 4", "end 2", "insync 7", "digest 5",
// "repair 0".
std::vector<std::string> Words(absl::string_view wire) {
  std::vector<std::string> words;
  while (!wire.empty()) {
    const FrameStep step = NextFrame(wire, kNoLimit);
    if (step.outcome != FrameOutcome::kFrame) return {"malformed"};
    wire.remove_prefix(step.consumed);
    Frame frame;
    if (!frame.ParseFromArray(step.payload.data(), static_cast<int>(step.payload.size()))) {
      return {"malformed"};
    }
    if (frame.has_batch()) words.push_back("batch " + std::to_string(frame.batch().position()));
    if (frame.has_chunk()) {
      words.push_back("chunk " + std::to_string(frame.chunk().shard()) + " " +
                      frame.chunk().records(0).put().key());
    }
    if (frame.has_snapshot_begin()) {
      words.push_back("begin " + std::to_string(frame.snapshot_begin().position()));
    }
    if (frame.has_snapshot_end()) {
      words.push_back("end " + std::to_string(frame.snapshot_end().items()));
    }
    if (frame.has_in_sync()) {
      words.push_back("insync " + std::to_string(frame.in_sync().position()));
    }
    if (frame.has_digest()) words.push_back("digest " + std::to_string(frame.digest().position()));
    if (frame.has_repair()) {
      words.push_back("repair " + std::to_string(frame.repair().first_hash()));
    }
  }
  return words;
}

Ack AckOf(uint64_t position, bool loaded = true, bool in_sync = false) {
  Ack ack;
  ack.set_position(position);
  ack.set_loaded(loaded);
  ack.set_in_sync(in_sync);
  return ack;
}

class SenderTest : public testing::Test {
 protected:
  SenderTest() : log_(4000), sender_(kLimits, &log_) { log_.SetKeeping(true); }

  void Append(int batches = 1, size_t bytes = 10) {
    const std::string records = PutBytes("b", std::string(bytes, 'v'));
    for (int i = 0; i < batches; ++i) log_.Append(0, 1, records);
  }

  std::vector<std::string> Drain(size_t budget = kNoLimit) {
    std::string wire;
    StringOutput out(&wire);
    sender_.Drain(budget, &out);
    return Words(wire);
  }

  // A snapshot of one shard whose only chunk is on its way.
  void StartAndPull() {
    sender_.StartSnapshot(1);
    ASSERT_EQ(sender_.TakeChunkPulls().size(), 1u);
  }

  using WordList = std::vector<std::string>;
  MutationLog log_;
  Sender sender_;
};

TEST_F(SenderTest, LendsWhatIsLarge) {
  MutationLog log(1 << 20);
  Sender sender(kLimits, &log);
  sender.StartResume(0);
  for (const size_t bytes : {10, 100'000, 10}) {
    log.Append(0, 1, PutBytes("b", std::string(bytes, 'v')));
  }
  std::string wire;
  StringOutput out(&wire);
  sender.Drain(kNoLimit, &out);
  EXPECT_EQ(Words(wire), (WordList{"batch 1", "batch 2", "batch 3"}));
  EXPECT_EQ(out.owners_lent(), 1);
}

TEST_F(SenderTest, ResumesBehindWhatThePeerHas) {
  Append(5);
  sender_.StartResume(3);
  EXPECT_TRUE(sender_.snapshot_done());
  EXPECT_EQ(sender_.acked_position(), 3u);
  EXPECT_EQ(Drain(), (WordList{"batch 4", "batch 5"}));
  EXPECT_EQ(Drain(), WordList());
  EXPECT_EQ(sender_.sent_position(), 5u);
  Append();
  EXPECT_EQ(Drain(), WordList{"batch 6"});
}

TEST_F(SenderTest, SendsNothingBeforeItIsStarted) {
  Append();
  EXPECT_EQ(Drain(), WordList());
  EXPECT_FALSE(sender_.caught_up());
  EXPECT_FALSE(sender_.overrun());
}

TEST_F(SenderTest, RefusesToResumeWhereTheLogDoesNotReach) {
  Append(5);
  log_.TrimTo(3);
  sender_.StartResume(2);
  EXPECT_TRUE(sender_.overrun());
  EXPECT_EQ(Drain(), WordList());
  EXPECT_FALSE(sender_.caught_up());

  Sender ahead(kLimits, &log_);
  ahead.StartResume(6);  // never given
  EXPECT_TRUE(ahead.overrun());
}

TEST_F(SenderTest, StopsAtTheBudget) {
  Append(10);
  sender_.StartResume(0);
  EXPECT_EQ(Drain(0), WordList());
  EXPECT_EQ(Drain(1), WordList{"batch 1"});
  const size_t two_frames = 2 * log_.FrameAt(2).size();
  EXPECT_EQ(Drain(two_frames), (WordList{"batch 2", "batch 3"}));
  std::string full(100, 'x');
  StringOutput out(&full);
  sender_.Drain(100, &out);
  EXPECT_EQ(full.size(), 100u);
}

TEST_F(SenderTest, DropsAcknowledgedBatchesFromTheLog) {
  Append(5);
  sender_.StartResume(0);
  Drain();
  EXPECT_EQ(sender_.lag_batches(), 5u);
  sender_.OnAck(AckOf(3));
  EXPECT_EQ(sender_.acked_position(), 3u);
  EXPECT_EQ(log_.begin(), 3u);
  EXPECT_EQ(sender_.lag_batches(), 2u);
  sender_.OnAck(AckOf(2));  // never back
  EXPECT_EQ(sender_.acked_position(), 3u);
}

TEST_F(SenderTest, TakesAnAckOfTheFutureForABrokenPeer) {
  Append(5);
  sender_.StartResume(0);
  Drain(1);
  sender_.OnAck(AckOf(2));
  EXPECT_TRUE(sender_.overrun());
  EXPECT_EQ(sender_.acked_position(), 0u);
  EXPECT_EQ(Drain(), WordList());
}

TEST_F(SenderTest, TakesAnAckOfWhatWasNotAskedForABrokenPeer) {
  sender_.StartResume(0);
  sender_.OnAck(AckOf(0, true, /*in_sync=*/true));
  EXPECT_TRUE(sender_.overrun());
  EXPECT_FALSE(sender_.in_sync_acked());

  Sender loading(kLimits, &log_);
  loading.StartSnapshot(1);
  loading.OnAck(AckOf(0, /*loaded=*/true));
  EXPECT_TRUE(loading.overrun());
}

TEST_F(SenderTest, IsOverrunWhenTheLogDropsWhatWasNotSent) {
  sender_.StartResume(0);
  Append(1);
  Drain();
  Append(40, 100);  // more than the log holds
  EXPECT_GT(log_.begin(), sender_.sent_position());
  EXPECT_TRUE(sender_.overrun());
  EXPECT_EQ(Drain(), WordList());
}

TEST_F(SenderTest, SurvivesTheLogDroppingWhatWasSent) {
  sender_.StartResume(0);
  for (int i = 0; i < 60; ++i) {
    Append(1, 100);
    Drain();
  }
  EXPECT_GT(log_.begin(), sender_.acked_position());
  EXPECT_FALSE(sender_.overrun());
  EXPECT_TRUE(sender_.window_full());
  sender_.OnAck(AckOf(60));
  EXPECT_FALSE(sender_.window_full());
  EXPECT_TRUE(sender_.caught_up());
}

TEST_F(SenderTest, WindowIsFullOfWhatIsNotAcknowledgedSentOrNot) {
  sender_.StartResume(0);
  Append(10, 150);
  EXPECT_FALSE(sender_.window_full());
  Append(3, 150);
  EXPECT_TRUE(sender_.window_full());
  Drain();
  EXPECT_TRUE(sender_.window_full());
  sender_.OnAck(AckOf(5));
  EXPECT_FALSE(sender_.window_full());
}

TEST_F(SenderTest, HasCaughtUpWhenTheLagIsSmall) {
  Append(10, 100);
  sender_.StartResume(0);
  EXPECT_FALSE(sender_.caught_up());
  Drain();
  EXPECT_FALSE(sender_.caught_up()) << "sent is not applied";
  sender_.OnAck(AckOf(9));
  EXPECT_TRUE(sender_.caught_up());
}

TEST_F(SenderTest, SnapshotOfNothingBeginsAndEnds) {
  Append(3);
  StartAndPull();
  EXPECT_FALSE(sender_.snapshot_done());
  sender_.OnChunk(0, "", true);
  EXPECT_EQ(Drain(), (WordList{"begin 3", "end 0"}));
  EXPECT_TRUE(sender_.snapshot_done());
}

TEST_F(SenderTest, SendsAChunkBehindWhatItContainsAndBeforeWhatFollowed) {
  Append(2);
  sender_.StartSnapshot(1);
  Append(2);
  ASSERT_EQ(sender_.TakeChunkPulls().size(), 1u);
  sender_.OnChunk(0, PutBytes("x", "1"), false);
  Append(1);
  ASSERT_EQ(sender_.TakeChunkPulls().size(), 1u);
  sender_.OnChunk(0, PutBytes("y", "2"), true);
  Append(1);
  EXPECT_EQ(Drain(), (WordList{"begin 2", "batch 3", "batch 4", "chunk 0 x", "batch 5", "chunk 0 y",
                               "end 2", "batch 6"}));
  EXPECT_EQ(sender_.snapshot_items(), 2u);
}

TEST_F(SenderTest, SaysHowMuchTheSnapshotWas) {
  StartAndPull();
  sender_.OnChunk(0, PutBytes("key", "12345") + PutBytes("k", ""), true);
  std::string wire;
  StringOutput out(&wire);
  sender_.Drain(kNoLimit, &out);
  Frame end;
  for (absl::string_view rest = wire; !rest.empty();) {
    const FrameStep step = NextFrame(rest, kNoLimit);
    ASSERT_TRUE(end.ParseFromArray(step.payload.data(), static_cast<int>(step.payload.size())));
    rest.remove_prefix(step.consumed);
  }
  EXPECT_EQ(end.snapshot_end().items(), 2u);
  EXPECT_EQ(end.snapshot_end().bytes(), 9u);
}

TEST_F(SenderTest, EndsTheSnapshotWhenEveryShardIsThrough) {
  sender_.StartSnapshot(3);
  EXPECT_EQ(sender_.TakeChunkPulls(), (std::deque<uint32_t>{0, 1, 2}));
  sender_.OnChunk(2, PutBytes("c", ""), true);
  sender_.OnChunk(0, PutBytes("a", ""), true);
  EXPECT_EQ(Drain(), (WordList{"begin 0", "chunk 2 c", "chunk 0 a"}));
  EXPECT_FALSE(sender_.snapshot_done());
  sender_.OnChunk(1, PutBytes("b", ""), true);
  EXPECT_EQ(Drain(), (WordList{"chunk 1 b", "end 3"}));
}

TEST_F(SenderTest, PullsInTurnAndNeverTooMany) {
  sender_.StartSnapshot(6);
  EXPECT_EQ(sender_.TakeChunkPulls(), (std::deque<uint32_t>{0, 1, 2, 3}));
  EXPECT_TRUE(sender_.TakeChunkPulls().empty());
  sender_.OnChunk(1, PutBytes("k", ""), false);
  EXPECT_TRUE(sender_.TakeChunkPulls().empty()) << "it waits for the socket";
  Drain();
  EXPECT_EQ(sender_.TakeChunkPulls(), std::deque<uint32_t>{4});
  sender_.OnChunk(0, "", false);
  sender_.OnChunk(2, "", true);
  EXPECT_EQ(sender_.TakeChunkPulls(), (std::deque<uint32_t>{5, 0}));
  for (uint32_t shard : {3u, 4u, 5u, 0u}) sender_.OnChunk(shard, "", true);
  EXPECT_EQ(sender_.TakeChunkPulls(), std::deque<uint32_t>{1});
}

TEST_F(SenderTest, IgnoresChunksThatNobodyPulled) {
  sender_.StartSnapshot(2);
  sender_.OnChunk(0, PutBytes("early", ""), true);
  sender_.OnChunk(7, PutBytes("stranger", ""), true);
  EXPECT_EQ(Drain(), WordList{"begin 0"});
  sender_.TakeChunkPulls();
  sender_.OnChunk(0, PutBytes("a", ""), true);
  sender_.OnChunk(0, PutBytes("again", ""), true);
  EXPECT_EQ(Drain(), WordList{"chunk 0 a"});
}

TEST_F(SenderTest, HasCaughtUpOnlyWhenTheSnapshotIsApplied) {
  StartAndPull();
  sender_.OnChunk(0, PutBytes("k", ""), true);
  Drain();
  EXPECT_TRUE(sender_.snapshot_done());
  EXPECT_FALSE(sender_.caught_up());
  sender_.OnAck(AckOf(0, /*loaded=*/true));
  EXPECT_TRUE(sender_.caught_up());
}

TEST_F(SenderTest, InSyncStandsBehindWhatWasThereAndBeforeWhatFollows) {
  Append(2);
  sender_.StartResume(0);
  sender_.QueueInSync();
  Append(1);
  sender_.QueueInSync();  // again: no effect
  EXPECT_EQ(Drain(), (WordList{"batch 1", "batch 2", "insync 2", "batch 3"}));
  sender_.OnAck(AckOf(2));
  EXPECT_FALSE(sender_.in_sync_acked());
  sender_.OnAck(AckOf(2, true, /*in_sync=*/true));
  EXPECT_TRUE(sender_.in_sync_acked());
}

TEST_F(SenderTest, DoesNotBelieveAnInSyncThatSkipsBatches) {
  Append(2);
  sender_.StartResume(0);
  sender_.QueueInSync();
  Drain();
  sender_.OnAck(AckOf(1, true, /*in_sync=*/true));
  EXPECT_FALSE(sender_.in_sync_acked());
  EXPECT_TRUE(sender_.overrun());
}

Frame DigestAt(uint64_t position) {
  Frame frame;
  frame.mutable_digest()->set_position(position);
  return frame;
}

Frame RepairFrom(uint64_t first_hash) {
  Frame frame;
  frame.mutable_repair()->set_first_hash(first_hash);
  return frame;
}

TEST_F(SenderTest, DigestsAndRepairsStandWhereTheyWereMade) {
  sender_.StartResume(0);
  sender_.QueueInSync();
  Drain();
  sender_.OnAck(AckOf(0, true, /*in_sync=*/true));
  Append(2);
  sender_.OnPlaced(DigestAt(2));
  sender_.OnPlaced(RepairFrom(5));
  Append(1);
  sender_.OnPlaced(RepairFrom(6));
  EXPECT_FALSE(sender_.all_placed_sent());
  EXPECT_EQ(Drain(),
            (WordList{"batch 1", "batch 2", "digest 2", "repair 5", "batch 3", "repair 6"}));
  EXPECT_TRUE(sender_.all_placed_sent());
  sender_.OnPlaced(DigestAt(3));
  EXPECT_EQ(Drain(), WordList{"digest 3"}) << "nothing is waited for";
}

TEST_F(SenderTest, ADigestWaitsForTheBatchesBeforeItAndForTheSocket) {
  sender_.StartResume(0);
  sender_.QueueInSync();
  Drain();
  sender_.OnAck(AckOf(0, true, /*in_sync=*/true));
  Append(2, 100);
  sender_.OnPlaced(DigestAt(2));
  EXPECT_EQ(Drain(1), WordList{"batch 1"});
  EXPECT_EQ(Drain(1), WordList{"batch 2"});
  EXPECT_EQ(Drain(1), WordList{"digest 2"});
}

TEST_F(SenderTest, RefusesADigestThatSaysAnotherPosition) {
  sender_.StartResume(0);
  EXPECT_DEATH(sender_.OnPlaced(DigestAt(0)), "CHECK failed") << "not in sync";
  sender_.QueueInSync();
  Drain();
  sender_.OnAck(AckOf(0, true, /*in_sync=*/true));
  Append(1);
  EXPECT_DEATH(sender_.OnPlaced(DigestAt(0)), "CHECK failed");
}

TEST_F(SenderTest, NeverCallsAJoinerWithoutTheSnapshotInSync) {
  sender_.StartSnapshot(1);
  EXPECT_DEATH(sender_.QueueInSync(), "CHECK failed");
}

}  // namespace
}  // namespace twincached::replication
