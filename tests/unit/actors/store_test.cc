// The STORE between stand-ins: what it answers, tells the LINK, and holds back.
#include "actors/store.h"

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "net/clock.h"
#include "proto/key_hash.h"
#include "proto/replication/replication.pb.h"
#include "tests/unit/actors/actor_fixture.h"

namespace twincached {
namespace {

constexpr uint64_t kSeed = 7;

Command Set(absl::string_view key, absl::string_view value) {
  Command command;
  command.op = Op::kSet;
  command.key = key;
  command.value = value;
  command.hash = HashKey(key, kSeed);
  return command;
}

Command Get(absl::string_view key) {
  Command command;
  command.key = key;
  command.hash = HashKey(key, kSeed);
  return command;
}

Command Delete(absl::string_view key) {
  Command command = Get(key);
  command.op = Op::kDelete;
  return command;
}

class StoreTest : public ActorTest {
 protected:
  void SetUp() override { Start(StoreOptions()); }

  void Start(StoreOptions options) {
    options.shard.slot_seed = kSeed;
    store_ = Spawn<StoreActor>(options);
    Wire({{listener_.actor}, {store_}, link_.actor, supervisor_.actor});
  }

  void Order(StoreOrder::Kind kind, uint64_t value = 0) {
    Send(store_, StoreOrder{kind, value});
    Settle();
  }
  // The shard decides in `epoch`, and its changes are recorded.
  void DecideAndRecord(uint64_t epoch) {
    Order(StoreOrder::kDecide, epoch);
    Order(StoreOrder::kRecord, 1);
  }

  // A client's commands and the STORE's answer.
  CommandBatchPtr Execute(std::vector<Command> commands) {
    auto batch = std::make_shared<CommandBatch>();
    batch->commands = std::move(commands);
    Send(store_, CommandBatchPtr(batch));
    Settle();
    EXPECT_EQ(listener_.Take<CommandBatchPtr>(), std::vector<CommandBatchPtr>{batch});
    return batch;
  }
  // What a get of `key` waits for.
  uint64_t HoldOf(absl::string_view key) { return Execute({Get(key)})->replies[0].hold_seq; }

  StandIn<listener_actor> listener_ = MakeStandIn<listener_actor>();
  StandIn<link_actor> link_ = MakeStandIn<link_actor>();
  StandIn<supervisor_actor> supervisor_ = MakeStandIn<supervisor_actor>();
  store_actor store_;
};

// ---------------------------------------------------------------- what is held

TEST_F(StoreTest, AReplyWaitsUntilWhatItRevealsIsAcknowledged) {
  DecideAndRecord(1);
  EXPECT_EQ(Execute({Set("a", "1")})->replies[0].hold_seq, 1u);
  EXPECT_EQ(HoldOf("a"), 1u);
  Send(store_, std::make_shared<const Acknowledged>(Acknowledged{1}));
  Settle();
  EXPECT_EQ(HoldOf("a"), 0u);
}

TEST_F(StoreTest, ManyBytesOfChangesAreHandedOverInTheMiddleOfABatch) {
  DecideAndRecord(1);
  link_.Take<MutationBatchPtr>();
  const std::string large(40'000, 'v');
  const CommandBatchPtr batch =
      Execute({Set("a", large), Set("b", large), Get("b"), Delete("a"), Set("c", large), Get("a"),
               Set("d", large), Set("e", large)});
  std::vector<uint64_t> seqs, changes, holds;
  for (const MutationBatchPtr& changed : link_.Take<MutationBatchPtr>()) {
    seqs.push_back(changed->seq);
    changes.push_back(changed->changes);
    EXPECT_LT(changed->records.size(), 2 * large.size() + 1000);
  }
  EXPECT_EQ(seqs, (std::vector<uint64_t>{1, 2, 3}));
  EXPECT_EQ(changes, (std::vector<uint64_t>{2, 3, 1}));
  for (const StoredReply& reply : batch->replies) holds.push_back(reply.hold_seq);
  EXPECT_EQ(holds, (std::vector<uint64_t>{1, 1, 1, 2, 2, 2, 2, 3}));
  EXPECT_EQ(batch->changed_seq, 3u);
}

TEST_F(StoreTest, ANewEpochOfTheSameDeciderLeavesWhatIsNotAcknowledgedSo) {
  DecideAndRecord(1);
  Execute({Set("a", "1"), Set("b", "1")});
  Execute({Delete("b")});
  Order(StoreOrder::kDecide, 2);
  EXPECT_EQ(HoldOf("a"), 1u);
  EXPECT_EQ(HoldOf("b"), 2u) << "a miss reveals the removal";
}

TEST_F(StoreTest, WhoFollowedInBetweenHoldsNothingOfBefore) {
  DecideAndRecord(1);
  Execute({Set("a", "1"), Set("b", "1")});
  Execute({Delete("b")});
  Order(StoreOrder::kFollow);
  Order(StoreOrder::kDecide, 2);
  EXPECT_EQ(HoldOf("a"), 0u);
  EXPECT_EQ(HoldOf("b"), 0u);
  EXPECT_EQ(Execute({Set("a", "2")})->replies[0].hold_seq, 3u) << "numbers go on";
}

// ---------------------------------------------------------------- modes

TEST_F(StoreTest, AFollowerReadsAndRefusesAWholeBatchWithAWrite) {
  DecideAndRecord(1);
  Execute({Set("a", "1")});
  Order(StoreOrder::kFollow);
  const CommandBatchPtr read = Execute({Get("a")});
  EXPECT_FALSE(read->refused);
  EXPECT_EQ(read->replies[0].reply.value, "1");
  EXPECT_TRUE(Execute({Get("a"), Set("a", "2")})->refused);
  EXPECT_EQ(Execute({Get("a")})->replies[0].reply.value, "1");
}

TEST_F(StoreTest, ABatchOfALinkThatIsOverIsNotApplied) {
  Order(StoreOrder::kDecide, 1);
  auto batch = std::make_shared<ApplyBatch>();
  batch->ticket = 1;
  Send(store_, ApplyBatchPtr(batch));
  Settle();
  EXPECT_TRUE(link_.Heard<AppliedPtr>().empty());
}

// ---------------------------------------------------------------- batches that are full

class StoreBatchTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreOptions options;
    options.batch_value_bytes_max = 10;
    Start(options);
    DecideAndRecord(1);
    Execute({Set("a", "123456"), Set("b", "123456"), Set("c", "123456")});
  }
};

TEST_F(StoreBatchTest, StopsBehindTheValueThatFillsIt) {
  const CommandBatchPtr batch = Execute({Get("a"), Get("b"), Set("c", "new"), Get("c")});
  ASSERT_EQ(batch->replies.size(), 2u);
  EXPECT_EQ(batch->replies[1].reply.value, "123456") << "whole, though it goes beyond";
  EXPECT_EQ(Execute({Get("c")})->replies[0].reply.value, "123456") << "not executed";
}

TEST_F(StoreBatchTest, StopsWhileItFollowsToo) {
  Order(StoreOrder::kFollow);
  EXPECT_EQ(Execute({Get("a"), Get("b"), Get("c")})->replies.size(), 2u);
}

TEST_F(StoreBatchTest, MissesAndWritesDoNotFillIt) {
  EXPECT_EQ(Execute(std::vector<Command>(50, Get("nobody")))->replies.size(), 50u);
  EXPECT_EQ(Execute(std::vector<Command>(50, Set("a", "1")))->replies.size(), 50u);
}

TEST_F(StoreBatchTest, ForwardsAreExecutedToTheLast) {
  auto batch = std::make_shared<CommandBatch>();
  batch->origin = CommandOrigin::kStrandedForward;
  batch->commands = {Get("a"), Get("b"), Get("c")};
  batch->tags.resize(3);
  Send(store_, CommandBatchPtr(batch));
  Settle();
  EXPECT_EQ(link_.Heard<CommandBatchPtr>(), std::vector<CommandBatchPtr>{batch});
  EXPECT_EQ(batch->replies.size(), 3u);
}

// ---------------------------------------------------------------- no room

TEST_F(StoreTest, NamesWhatItGaveUpUntilThePeerHasRemovedIt) {
  StoreOptions options;
  options.shard.memory_bytes_max = Shard::MemoryBytesMin();
  Start(options);
  uint64_t ticket = 0;
  const auto apply = [&](const replication::Record& record) {
    auto batch = std::make_shared<ApplyBatch>();
    batch->ticket = ++ticket;
    replication::Batch fields;
    *fields.add_records() = record;
    batch->records = fields.SerializeAsString();
    Send(store_, ApplyBatchPtr(batch));
    Settle();
    return link_.Take<AppliedPtr>().at(0)->shed_keys;
  };
  const auto told = [&] {
    Order(StoreOrder::kTellShed);
    const std::vector<AppliedPtr> applied = link_.Take<AppliedPtr>();
    EXPECT_TRUE(applied.empty() || applied[0]->ticket == 0);
    return applied.empty() ? std::vector<std::string>() : applied[0]->shed_keys;
  };
  EXPECT_TRUE(told().empty());
  std::vector<std::string> shed;
  for (int i = 0; shed.empty() && i < 1000; ++i) {
    replication::Record record;
    record.mutable_put()->set_key(std::to_string(i));
    record.mutable_put()->set_value(std::string(50'000, 'x'));
    record.mutable_put()->set_version(i + 1);
    shed = apply(record);
  }
  ASSERT_EQ(shed.size(), 1u);
  EXPECT_EQ(told(), shed);
  EXPECT_EQ(told(), shed) << "as often as it is asked";
  replication::Record removal;
  removal.mutable_remove()->set_key(shed[0]);
  apply(removal);
  EXPECT_TRUE(told().empty());
}

TEST_F(StoreTest, ABoundThatIsLoweredIsReachedWithoutAnotherCommand) {
  StoreOptions options;
  options.shard.memory_bytes_max = 64 * Shard::MemoryBytesMin();
  Start(options);
  Order(StoreOrder::kDecide, 1);
  const std::string value(10'000, 'x');
  for (int i = 0; i < 1000; ++i) {
    const std::string key = std::to_string(i);
    Execute({Set(key, value)});
  }
  const auto memory_bytes = [&] {
    Send(store_, StatsRequest{});
    Settle();
    return listener_.Take<StatsPartPtr>().at(0)->stats.shard.memory_bytes;
  };
  const size_t bound = Shard::MemoryBytesMinOf(options.shard);
  ASSERT_GT(memory_bytes(), bound);
  Order(StoreOrder::kSetMemory, bound);
  EXPECT_TRUE(RunUntil([&] { return memory_bytes() <= bound; }));
}

class StoreWarmingTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreOptions options;
    options.shard.huge_pages = true;
    options.shard.slot_seed = kSeed;
    store_ = Spawn<StoreActor>(options);
    Wire({{listener_.actor}, {store_}, link_.actor, supervisor_.actor, warmer_.actor});
  }

  std::set<char*> Told() {
    std::set<char*> begins;
    for (const ColdMemory& memory : warmer_.Take<ColdMemory>()) begins.insert(memory.range.begin);
    return begins;
  }

  StandIn<warmer_actor> warmer_ = MakeStandIn<warmer_actor>();
};

TEST_F(StoreWarmingTest, MemoryIsToldBeforeItIsNeededAndOnce) {
  std::set<char*> told = Told();
  EXPECT_EQ(told.size(), 1u) << "before the first item";
  DecideAndRecord(1);
  const std::string value(10'000, 'x');
  for (int i = 0; i < 500; ++i) {
    const std::string key = absl::StrCat("key", i);
    Execute({Set(key, value)});
    for (char* begin : Told()) EXPECT_TRUE(told.insert(begin).second) << "twice";
  }
  EXPECT_GT(told.size(), 5u);
}

// ---------------------------------------------------------------- the stream clock

class StoreClockTest : public StoreTest {
 protected:
  void SetClock(int64_t ahead_ms) { Send(store_, StreamClockOffset{ahead_ms}); }
  void SetForAMinute() {
    Command set = Set("a", "1");
    set.expiry_ms = net::MonotonicUs() / 1000 + 60'000;
    Execute({set});
  }
  StoredReply Get() { return Execute({twincached::Get("a")})->replies[0]; }
};

TEST_F(StoreClockTest, OnlyWhoDecidesSaysThatAnItemIsTooOld) {
  SetClock(0);
  Order(StoreOrder::kDecide, 1);
  SetForAMinute();
  Order(StoreOrder::kFollow);
  SetClock(90'000);
  EXPECT_TRUE(Get().undecided);
  SetClock(0);
  EXPECT_FALSE(Get().undecided);
  EXPECT_EQ(Get().reply.status, Status::kHit) << "nobody was told that it is gone";
  SetClock(90'000);
  Order(StoreOrder::kDecide, 2);
  EXPECT_FALSE(Get().undecided);
  EXPECT_EQ(Get().reply.status, Status::kMiss);
}

// ---------------------------------------------------------------- epochs

class StoreEpochTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreOptions options;
    options.shard.epoch_counter_max = 3;
    Start(options);
  }
};

TEST_F(StoreEpochTest, TellsTheLinkWithEveryChangeWhileAnEpochHasNoRoom) {
  for (const bool records : {false, true}) {
    const uint64_t epoch = records ? 7 : 5;
    Order(StoreOrder::kDecide, epoch);
    Order(StoreOrder::kRecord, records);
    for (int version = 1; version <= 4; ++version) Execute({Set("a", "1")});
    Execute({Get("a")});
    std::vector<uint64_t> told;
    uint64_t changes = 0;
    for (const MutationBatchPtr& batch : link_.Take<MutationBatchPtr>()) {
      told.push_back(batch->used_up_epoch);
      changes += batch->changes;
    }
    const std::vector<uint64_t> each = {0, 0, epoch, epoch};
    EXPECT_EQ(told, records ? each : std::vector<uint64_t>({0, epoch, epoch}));
    EXPECT_EQ(changes, 4u);
  }
}

TEST_F(StoreTest, TellsTheLinkOfUnrecordedChangesAtFirstAndBeforeAnOrder) {
  Order(StoreOrder::kDecide, 5);
  Order(StoreOrder::kRecord, 0);
  link_.Take<MutationBatchPtr>();
  const auto told = [this] {
    std::vector<uint32_t> changes;
    for (const MutationBatchPtr& batch : link_.Take<MutationBatchPtr>()) {
      EXPECT_EQ(batch->seq, 0u);
      changes.push_back(batch->changes);
    }
    return changes;
  };
  Execute({Set("a", "1")});
  EXPECT_EQ(told(), std::vector<uint32_t>{1}) << "the first is news";
  Execute({Set("b", "1")});
  Execute({Set("c", "1"), Set("d", "1")});
  EXPECT_TRUE(told().empty());
  Order(StoreOrder::kBarrier, 1);
  EXPECT_EQ(told(), std::vector<uint32_t>{3}) << "who passes the barrier knows of all before it";
  Execute({Get("a")});
  Order(StoreOrder::kBarrier, 2);
  EXPECT_TRUE(told().empty());
  Execute({Set("a", "2")});
  EXPECT_EQ(told(), std::vector<uint32_t>{1}) << "the first since an order is news again";
}

}  // namespace
}  // namespace twincached
