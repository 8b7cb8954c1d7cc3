#include "storage/record_applier.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/unit/storage/shard_world.h"

namespace twincached {
namespace {

constexpr size_t kBytes = 4u << 20;

class RecordApplierTest : public testing::Test {
 protected:
  RecordApplierTest() {
    master_.BeginEpoch(1);
    records_.set_enabled(true);
    UseShards(1);
  }

  void UseShards(uint32_t shard_count) {
    slave_ = std::make_unique<ShardWorld>(shard_count, kBytes);
    appliers_.clear();
    for (uint32_t i = 0; i < shard_count; ++i) {
      slave_->shard(i).Follow();
      appliers_.push_back(std::make_unique<RecordApplier>(&slave_->shard(i), i == 0));
    }
  }

  void Execute(Op op, const std::string& key, const std::string& value = "") {
    Command command;
    command.op = op;
    command.key = key;
    command.value = value;
    command.expiry_ms = op == Op::kFlush ? kNever : 5000;
    command.delta = 1;
    master_.Execute(command, 1000, &records_);
  }

  // As every STORE would.
  absl::Status ApplyAll(absl::string_view records) {
    absl::Status status;
    for (auto& applier : appliers_) {
      const RecordApplier::Batch batch{records, appliers_.size() > 1};
      const absl::Status one = applier->Apply(batch, 1000, &outcome_);
      if (status.ok()) status = one;
    }
    return status;
  }

  static std::string Encode(const replication::Record& record) {
    replication::Batch batch;
    *batch.add_records() = record;
    return batch.SerializeAsString();
  }

  ShardWorld master_{1, kBytes};
  RecordWriter records_;
  std::unique_ptr<ShardWorld> slave_;
  std::vector<std::unique_ptr<RecordApplier>> appliers_;
  RecordApplier::Outcome outcome_;
};

TEST_F(RecordApplierTest, AppliesWhatTheWriterWrote) {
  // More than what is read ahead, of every kind.
  for (int i = 0; i < 100; ++i) Execute(Op::kSet, "key" + std::to_string(i), "1");
  for (int i = 0; i < 100; i += 2) Execute(Op::kTouch, "key" + std::to_string(i));
  for (int i = 0; i < 100; i += 3) Execute(Op::kDelete, "key" + std::to_string(i));
  for (int i = 0; i < 100; i += 5) Execute(Op::kIncr, "key" + std::to_string(i));
  for (const uint32_t shard_count : {1, 3}) {
    UseShards(shard_count);
    ASSERT_TRUE(ApplyAll(records_.bytes()).ok());
    EXPECT_EQ(slave_->Items(), master_.Items());
    EXPECT_EQ(slave_->Digests(), master_.Digests());
    EXPECT_EQ(slave_->item_count(), 66u);
  }
}

TEST_F(RecordApplierTest, KeepsTheOrderOfOneKey) {
  for (int i = 0; i < 52; ++i) {
    Execute(Op::kSet, "key", "value " + std::to_string(i));
    if (i % 7 == 0) Execute(Op::kDelete, "key");
    if (i % 11 == 0) Execute(Op::kFlush, "");
  }
  ASSERT_TRUE(ApplyAll(records_.bytes()).ok());
  EXPECT_EQ(slave_->Items(), master_.Items());
  EXPECT_EQ(slave_->item_count(), 1u);
}

TEST_F(RecordApplierTest, AppliesFewAndNone) {
  EXPECT_TRUE(ApplyAll("").ok());
  for (size_t count = 1; count < 20; ++count) {
    for (size_t i = 0; i < count; ++i) Execute(Op::kSet, "key" + std::to_string(i), "value");
    ASSERT_TRUE(ApplyAll(records_.TakeBytes()).ok());
    EXPECT_EQ(slave_->Items(), master_.Items());
  }
}

TEST_F(RecordApplierTest, EndsAtWhatIsMalformed) {
  for (int i = 10; i < 40; ++i) Execute(Op::kSet, "key" + std::to_string(i), "value");
  const std::string whole = records_.TakeBytes();
  const size_t record_bytes = whole.size() / 30;
  for (size_t bytes = 0; bytes < whole.size(); bytes += 7) {
    UseShards(1);
    const bool good = ApplyAll(absl::string_view(whole).substr(0, bytes)).ok();
    EXPECT_EQ(good, bytes % record_bytes == 0);
    EXPECT_EQ(slave_->item_count(), bytes / record_bytes);
  }
  UseShards(1);
  EXPECT_EQ(ApplyAll(Encode(replication::Record()) + "\172\002\012\005" + whole).message(),
            "malformed record");
  EXPECT_EQ(slave_->item_count(), 0u);
}

TEST_F(RecordApplierTest, EndsAtAGap) {
  replication::Record touch;
  touch.mutable_touch()->set_key("missing");
  Execute(Op::kSet, "before", "value");
  std::string records = records_.TakeBytes() + Encode(touch);
  Execute(Op::kSet, "behind", "value");
  records += records_.TakeBytes();
  EXPECT_EQ(ApplyAll(records).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(slave_->item_count(), 1u);
}

TEST_F(RecordApplierTest, EachAnswerIsToldOnce) {
  replication::Record with_put, with_flush, alone;
  with_put.mutable_put()->set_key("key");
  with_put.mutable_put()->set_version(uint64_t{1} << 40);
  with_put.mutable_answer()->set_number(1);
  with_flush.mutable_flush()->set_slots(1);
  with_flush.mutable_answer()->set_number(2);
  alone.mutable_answer()->set_number(3);
  const std::string records = Encode(with_put) + Encode(with_flush) + Encode(alone);
  for (const uint32_t shard_count : {1, 3}) {
    UseShards(shard_count);
    outcome_ = {};
    ASSERT_TRUE(ApplyAll(records).ok());
    uint64_t sum = 0;
    for (const auto& answer : outcome_.answers) sum += answer.number();
    EXPECT_EQ(outcome_.answers.size(), 3u) << shard_count;
    EXPECT_EQ(sum, 6u);
  }
}

TEST_F(RecordApplierTest, TellsWhatFoundNoRoom) {
  slave_->shard(0).SetMemoryBytesMax(Shard::MemoryBytesMin());
  for (int i = 0; i < 2000; ++i) {
    Execute(Op::kSet, "key" + std::to_string(i), std::string(1000, 'v'));
  }
  ASSERT_TRUE(ApplyAll(records_.bytes()).ok());
  EXPECT_FALSE(outcome_.shed_keys.empty());
  EXPECT_EQ(outcome_.shed_keys.size() + slave_->item_count(), 2000u);
}

}  // namespace
}  // namespace twincached
