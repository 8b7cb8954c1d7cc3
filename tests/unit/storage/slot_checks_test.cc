// Digests and repairs from real shards through the real stream to real shards, with differences
// that no node would make by itself. Master and slave may have different numbers of shards.
#include "storage/slot_checks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "proto/replication/digest_rounds.h"
#include "proto/replication/frame.h"
#include "proto/replication/mutation_log.h"
#include "proto/replication/receiver.h"
#include "proto/replication/sender.h"
#include "tests/unit/replication/string_output.h"
#include "tests/unit/storage/shard_world.h"

namespace twincached {
namespace {

using replication::DataView;
using replication::Dispatch;
using replication::Frame;

constexpr size_t kMiB = 1 << 20;
constexpr size_t kNoLimit = 1u << 30;
constexpr uint64_t kAll = ~uint64_t{0};

// A pair in sync, without its actors: what LINKs and STOREs do with digests, step by step.
class PairOfShards {
 public:
  PairOfShards(uint32_t master_shards, uint32_t slave_shards)
      : master_(master_shards, 32 * kMiB),
        slave_(slave_shards, 64 * kMiB),
        log_(16 * kMiB),
        sender_({16 * kMiB, 16 * kMiB, 4}, &log_),
        receiver_(slave_shards, 0) {
    master_.BeginEpoch(1);
    for (uint32_t i = 0; i < slave_shards; ++i) slave_.shard(i).Follow();
    sender_.StartResume(0);
    sender_.QueueInSync();
    Flow();
    EXPECT_TRUE(sender_.in_sync_acked());
  }

  ShardWorld& master() { return master_; }
  ShardWorld& slave() { return slave_; }
  bool broken() const { return !failure_.ok(); }

  // A change on the master: in the log, and at the slave with the next Flow().
  void Do(Op op, const std::string& key, const std::string& value = "v", int64_t expiry_ms = 0) {
    Command command;
    command.op = op;
    command.key = key;
    command.value = value;
    command.expiry_ms = expiry_ms;
    RecordWriter records;
    records.set_enabled(true);
    if (op == Op::kFlush) return Flush(command);
    master_.Execute(command, kNowMs, &records);
    const uint32_t shard = ShardOfSlot(SlotOf(Hash(key)), master_.shard_count());
    if (records.count() > 0) log_.Append(shard, master_.shard_count(), records.bytes());
  }

  // What does not go through the stream: the fault.
  void PlantOnSlave(const replication::Record& record) {
    replication::Batch batch;
    *batch.add_records() = record;
    EXPECT_TRUE(slave_.Apply(batch.SerializeAsString()).ok());
  }

  // One turn of a master's LINK and of its STOREs. `change` happens between the STOREs' answers.
  template <typename Change>
  void Turn(Change change) {
    uint64_t value = 0;
    if (source_.TakeRound(now_ms_, &value)) {
      for (uint32_t i = 0; i < master_.shard_count(); ++i) {
        Frame frame;
        *frame.mutable_digest() = MakeDigest(master_.shard(i), Options(master_, i), value);
        frame.mutable_digest()->set_position(log_.end());
        ASSERT_TRUE(source_.OnMade(frame, log_.end()));
        sender_.OnPlaced(frame);
        change();
      }
    }
    if (sender_.all_placed_sent() && source_.TakeRepair(&value)) {
      const uint32_t i = ShardOfSlot(SlotOf(value), master_.shard_count());
      Frame frame;
      *frame.mutable_repair() = MakeRepair(master_.shard(i), Options(master_, i), value);
      ASSERT_TRUE(source_.OnMade(frame, log_.end()));
      sender_.OnPlaced(frame);
      ++parts_;
      change();
    }
    Flow();
  }

  // A round, begun now; what it found.
  template <typename Change>
  replication::DigestSource::Outcome Round(Change change) {
    source_.Ask(1);
    replication::DigestSource::Outcome outcome;
    for (int turn = 0; turn < 10'000 && outcome.askers.empty() && !broken(); ++turn) {
      Turn(change);
      source_.TakeOutcome(&outcome);
    }
    return outcome;
  }
  replication::DigestSource::Outcome Round() {
    return Round([] {});
  }

  // Everything that was sent is applied and answered.
  void Flow() {
    std::string wire;
    replication::StringOutput out(&wire);
    sender_.Drain(kNoLimit, &out);
    for (absl::string_view rest = wire; !rest.empty() && !broken();) {
      const auto step = replication::NextFrame(rest, kNoLimit);
      ASSERT_EQ(step.outcome, replication::FrameOutcome::kFrame);
      OnPayload(step.payload);
      rest.remove_prefix(step.consumed);
    }
    replication::Ack ack;
    if (receiver_.TakeAck(&ack)) sender_.OnAck(ack);
  }

  int parts() const { return parts_; }
  const absl::Status& failure() const { return failure_; }
  static uint64_t Hash(const std::string& key) { return HashKey(key, ShardWorld::kSeed); }
  static uint64_t SlotBit(const std::string& key) { return uint64_t{1} << SlotOf(Hash(key)); }

 private:
  static constexpr int64_t kNowMs = 1000;

  static ShardOptions Options(const ShardWorld& world, uint32_t index) {
    ShardOptions options;
    options.shard_index = index;
    options.shard_count = world.shard_count();
    return options;
  }

  void Flush(const Command& command) {
    for (uint32_t i = 0; i < master_.shard_count(); ++i) {
      RecordWriter records;
      records.set_enabled(true);
      master_.shard(i).Execute(command, kNowMs, &records);
      log_.Append(i, master_.shard_count(), records.bytes());
    }
  }

  void OnPayload(absl::string_view payload) {
    DataView data;
    ASSERT_TRUE(replication::ParseDataFrame(payload, &data));
    Dispatch dispatch;
    if (data.kind == DataView::kBatch) {
      failure_ = receiver_.OnData(data, &dispatch);
      receiver_.CloseDispatches();
      if (failure_.ok()) failure_ = slave_.Apply(data.records);
      return Answer(dispatch);
    }
    Frame frame;
    ASSERT_TRUE(frame.ParseFromArray(payload.data(), static_cast<int>(payload.size())));
    if (frame.has_in_sync()) failure_ = receiver_.OnInSync(frame.in_sync());
    if (frame.has_digest()) {
      failure_ = receiver_.OnDigest(frame.digest(), &dispatch);
      Compare(frame.digest(), dispatch);
    }
    if (frame.has_repair()) {
      failure_ = receiver_.OnRepair(frame.repair(), &dispatch);
      Repair(frame.repair());
    }
    if (dispatch.apply) Answer(dispatch);
  }

  void Compare(const replication::Digest& digest, const Dispatch& dispatch) {
    for (uint32_t i = 0; i < slave_.shard_count() && !broken(); ++i) {
      if (dispatch.shard != replication::kEveryShard && dispatch.shard != i) continue;
      const auto result = CompareSlots(slave_.shard(i), Options(slave_, i), digest);
      source_.OnResult(result);
      uint64_t repaired = 0;
      failure_ = target_.OnCompared(result, &repaired);
    }
  }

  void Repair(const replication::Repair& repair) {
    target_.OnRepair(repair);
    const uint32_t i = ShardOfSlot(SlotOf(repair.first_hash()), slave_.shard_count());
    if (failure_.ok()) failure_ = DropForRepair(repair, ShardWorld::kSeed, &slave_.shard(i));
    if (failure_.ok()) failure_ = slave_.Apply(repair.records());
  }

  void Answer(const Dispatch& dispatch) {
    const bool every = dispatch.shard == replication::kEveryShard;
    for (uint32_t i = 0; i < (every ? slave_.shard_count() : 1); ++i) {
      receiver_.OnApplied(dispatch.ticket);
    }
  }

  ShardWorld master_;
  ShardWorld slave_;
  replication::MutationLog log_;
  replication::Sender sender_;
  replication::Receiver receiver_;
  replication::DigestSource source_;
  replication::DigestTarget target_;
  absl::Status failure_;
  int64_t now_ms_ = 0;
  int parts_ = 0;
};

replication::Record PutRecord(const std::string& key, const std::string& value, uint64_t version) {
  replication::Record record;
  record.mutable_put()->set_key(key);
  record.mutable_put()->set_value(value);
  record.mutable_put()->set_version(version);
  return record;
}

replication::Record RemoveRecord(const std::string& key) {
  replication::Record record;
  record.mutable_remove()->set_key(key);
  return record;
}

struct Counts {
  uint32_t master;
  uint32_t slave;
};
constexpr Counts kCounts[] = {{1, 1}, {1, 3}, {4, 1}, {3, 2}, {4, 4}};

std::string KeyOf(uint64_t number) { return "key" + std::to_string(number); }

TEST(SlotChecks, ThePairIsEqualUnderLoadWhateverTheNumberOfShards) {
  for (const Counts& counts : kCounts) {
    PairOfShards pair(counts.master, counts.slave);
    std::mt19937_64 random(counts.master * 10 + counts.slave);
    const auto change = [&] {
      for (int i = 0; i < 20; ++i) {
        constexpr Op kOps[] = {Op::kSet, Op::kSet, Op::kDelete, Op::kTouch, Op::kAppend};
        pair.Do(kOps[random() % 5], KeyOf(random() % 500), "value", 2000);
      }
      if (random() % 50 == 0) pair.Do(Op::kFlush, "", "", random() % 2 == 0 ? 5000 : 0);
    };
    for (int i = 0; i < 50; ++i) {
      const auto outcome = pair.Round(change);
      ASSERT_EQ(outcome.equal, kAll) << counts.master << " to " << counts.slave << " shards";
    }
    EXPECT_EQ(pair.parts(), 0);
  }
}

TEST(SlotChecks, FindsAndRepairsEveryKindOfDifference) {
  replication::Record touch;
  touch.mutable_touch()->set_key(KeyOf(4));
  touch.mutable_touch()->set_expiry_ms(777);
  replication::Record flush;
  flush.mutable_delayed_flush()->set_slots(PairOfShards::SlotBit(KeyOf(5)));
  flush.mutable_delayed_flush()->set_at_ms(9999);
  struct Fault {
    replication::Record record;
    std::string key;
  };
  const Fault faults[] = {
      {PutRecord(KeyOf(1), "old", 1), KeyOf(1)},     // a value that was overwritten
      {RemoveRecord(KeyOf(2)), KeyOf(2)},            // an item is missing
      {PutRecord("nobody's", "v", 5), "nobody's"},   // an item too many
      {PutRecord(KeyOf(3), "longer", 4), KeyOf(3)},  // another length at its own version
      {touch, KeyOf(4)},                             // a touch that was not
      {flush, KeyOf(5)},                             // a flush that will come
  };
  for (const Counts& counts : kCounts) {
    PairOfShards pair(counts.master, counts.slave);
    for (uint64_t i = 0; i < 300; ++i) pair.Do(Op::kSet, KeyOf(i), "value");
    pair.Flow();
    for (const Fault& fault : faults) {
      pair.PlantOnSlave(fault.record);
      EXPECT_EQ(pair.Round().different, PairOfShards::SlotBit(fault.key)) << fault.key;
      const auto after = pair.Round();
      EXPECT_EQ(after.equal, kAll);
      EXPECT_TRUE(pair.slave().Items() == pair.master().Items());
      EXPECT_EQ(pair.slave().Digests(), pair.master().Digests());
    }
    EXPECT_FALSE(pair.broken()) << pair.failure();
  }
}

// Whole slots wrong, values of all sizes, and a master that never stops writing: between two parts
// of a repair everything moves on.
TEST(SlotChecks, RepairsUnderLoadPartByPart) {
  for (const Counts& counts : kCounts) {
    PairOfShards pair(counts.master, counts.slave);
    std::mt19937_64 random(7);
    const auto change = [&] {
      for (int i = 0; i < 30; ++i) {
        const size_t bytes = random() % 10 == 0 ? random() % 100'000 : random() % 2000;
        pair.Do(random() % 4 == 0 ? Op::kDelete : Op::kSet, KeyOf(random() % 3000),
                std::string(bytes, 'x'));
      }
    };
    for (int i = 0; i < 200; ++i) {
      change();
      pair.Flow();
    }
    for (uint64_t i = 0; i < 3000; i += 2) pair.PlantOnSlave(RemoveRecord(KeyOf(i)));
    for (uint64_t i = 0; i < 300; ++i) {
      pair.PlantOnSlave(PutRecord("stranger" + std::to_string(i), "v", 1));
    }
    EXPECT_NE(pair.Round(change).different, 0u);
    EXPECT_EQ(pair.Round(change).equal, kAll);
    pair.Flow();
    EXPECT_GT(pair.parts(), 64);
    EXPECT_TRUE(pair.slave().Items() == pair.master().Items());
    EXPECT_FALSE(pair.broken()) << pair.failure();
  }
}

// After any part the slave may have to take over: what it had right it still has.
TEST(SlotChecks, ARepairNeverTakesWhatWasRight) {
  PairOfShards pair(2, 3);
  for (uint64_t i = 0; i < 20'000; ++i) pair.Do(Op::kSet, KeyOf(i), std::string(100, 'v'));
  pair.Flow();
  const auto all = pair.master().Items();
  pair.PlantOnSlave(RemoveRecord(KeyOf(9)));
  EXPECT_NE(pair.Round().different, 0u);
  for (int turn = 0; turn < 100; ++turn) {
    pair.Turn([] {});
    ASSERT_GE(pair.slave().item_count(), all.size() - 1);
  }
  EXPECT_TRUE(pair.slave().Items() == all);
}

TEST(SlotChecks, ASlaveThatDiffersAgainAfterItsRepairIsBroken) {
  PairOfShards pair(1, 1);
  pair.Do(Op::kSet, KeyOf(1));
  pair.Flow();
  pair.PlantOnSlave(RemoveRecord(KeyOf(1)));
  EXPECT_EQ(pair.Round().different, PairOfShards::SlotBit(KeyOf(1)));
  // The repair arrives, and is undone.
  for (int turn = 0; turn < 3 && !pair.broken(); ++turn) {
    pair.Turn([] {});
    pair.PlantOnSlave(RemoveRecord(KeyOf(1)));
  }
  EXPECT_TRUE(pair.broken());
}

TEST(SlotChecks, ARepairOfKeysOfAnotherRangeDropsNothing) {
  ShardWorld world(1, 32 * kMiB);
  world.shard(0).Follow();
  replication::Batch batch;
  *batch.add_records() = PutRecord(KeyOf(1), "v", 1);
  ASSERT_TRUE(world.Apply(batch.SerializeAsString()).ok());
  replication::Repair repair;
  const uint32_t slot = SlotOf(PairOfShards::Hash(KeyOf(1)));
  repair.set_first_hash(FirstHashOf(slot));
  repair.set_last_hash(LastHashOf(slot));
  std::string other = KeyOf(2);
  for (int i = 3; SlotOf(PairOfShards::Hash(other)) == slot; ++i) other = KeyOf(i);
  replication::Chunk chunk;
  *chunk.add_records() = PutRecord(other, "v", 2);
  repair.set_records(chunk.SerializeAsString());
  EXPECT_FALSE(DropForRepair(repair, ShardWorld::kSeed, &world.shard(0)).ok());
  repair.set_records("\x7a\x05");
  EXPECT_FALSE(DropForRepair(repair, ShardWorld::kSeed, &world.shard(0)).ok());
  EXPECT_EQ(world.item_count(), 1u);
  repair.clear_records();
  EXPECT_TRUE(DropForRepair(repair, ShardWorld::kSeed, &world.shard(0)).ok());
  EXPECT_EQ(world.item_count(), 0u);
}

}  // namespace
}  // namespace twincached
