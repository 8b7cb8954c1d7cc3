// Fuzzes the store: whatever the order of operations, times, sizes and memory bounds, what a shard
// tells is what it holds.
//
// A shard executes commands made from the input; its records are replayed into a plain map (as
// protobuf parses them) and into shards that follow (as a STORE reads them), now and then through a
// snapshot that begins in the middle. Every read is
// compared with the map, the bound is looked at after every step, and at the end all three hold the
// same. What commands mean is tests/unit/storage/shard_property_test's.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "proto/check.h"
#include "storage/record_applier.h"
#include "tests/unit/storage/shard_world.h"

namespace twincached {
namespace {

constexpr size_t kBytes = 320 << 10;

// Numbers from the input; 0 when it is used up.
class Input {
 public:
  Input(const uint8_t* data, size_t size) : data_(data), end_(data + size) {}
  bool done() const { return data_ == end_; }
  uint32_t Byte() { return done() ? 0 : *data_++; }
  uint32_t Word() {
    const uint32_t low = Byte();
    return Byte() << 8 | low;
  }

 private:
  const uint8_t* data_;
  const uint8_t* const end_;
};

class Run {
 public:
  Run() {
    master_.BeginEpoch(1);
    records_.set_enabled(true);
    Join();
  }

  void Step(Input* input) {
    const uint32_t kind = input->Byte() % 32;
    if (kind < 24) return Execute(CommandOf(kind, input));
    if (kind < 26) now_ms_ += input->Word();
    if (kind == 26) Join();
    if (kind == 27 || kind == 28) NextChunk(1 + input->Byte());
    if (kind == 29) SetBound(kBytes * (1 + input->Byte() % 4) / 4);
    if (kind >= 30) Maintain(input->Byte());
  }

  void Finish() {
    while (snapshotting_) NextChunk(4096);
    CHECK(master_.Items() == items_);
    CHECK(follower_->Items() == items_);
    CHECK(master_.Digests() == follower_->Digests());
  }

 private:
  Shard& shard() { return master_.shard(0); }

  Command CommandOf(uint32_t kind, Input* input) {
    static constexpr Op kOps[] = {Op::kSet,     Op::kSet,     Op::kSet,  Op::kSet,  Op::kAdd,
                                  Op::kReplace, Op::kAppend,  Op::kIncr, Op::kCas,  Op::kDelete,
                                  Op::kTouch,   Op::kPrepend, Op::kGat,  Op::kGet,  Op::kGet,
                                  Op::kGet,     Op::kGet,     Op::kSet,  Op::kSet,  Op::kSet,
                                  Op::kDecr,    Op::kDelete,  Op::kGet,  Op::kFlush};
    Command command;
    command.op = kOps[kind];
    key_ = "key" + std::to_string(input->Word() % 2000);
    const uint32_t length = input->Word();
    // Mostly small; from 32 KiB on as a value of its own.
    value_.assign(length % 16 == 0 ? length : length % 700, static_cast<char>('0' + length % 10));
    if (command.op != Op::kFlush) command.key = key_;
    command.value = value_;
    const uint32_t rest = input->Byte();
    command.client_flags = rest % 4 == 0 ? rest : 0;
    command.expiry_ms = rest % 3 == 0 ? now_ms_ + 200 * rest : kNever;
    command.delta = rest;
    const auto found = items_.find(key_);
    if (found != items_.end()) command.cas = found->second.version;
    return command;
  }

  void Execute(const Command& command) {
    const Reply reply = master_.Execute(command, now_ms_, &records_);
    const std::string value(reply.value.data(), reply.value.size());
    if (command.op == Op::kGet) CheckRead(reply, value);
    Follow();
    CheckBound();
  }

  // Before what the read itself took away: that was not to be seen any more.
  void CheckRead(const Reply& reply, const std::string& value) {
    const auto found = items_.find(key_);
    const bool fresh = found != items_.end() && !IsExpired(found->second.expiry_ms, now_ms_) &&
                       (flush_at_ms_ == kNever || flush_at_ms_ > now_ms_);
    CHECK_EQ(reply.status == Status::kHit, fresh);
    if (!fresh) return;
    CHECK(value == found->second.value);
    CHECK_EQ(reply.cas, found->second.version);
    CHECK_EQ(reply.client_flags, found->second.client_flags);
  }

  void Maintain(uint32_t items_max) {
    shard().Maintain(now_ms_, items_max, &records_);
    Follow();
  }

  void SetBound(size_t bytes) {
    bytes_max_ = bytes;
    shard().SetMemoryBytesMax(bytes);
  }

  // One that was lowered is reached by and by.
  void CheckBound() {
    const size_t bytes = std::max(bytes_max_, Shard::MemoryBytesMin());
    const size_t used = shard().stats().memory_bytes;
    CHECK(used <= bytes || used <= used_ + (32 << 10));
    used_ = used;
  }

  void Join() {
    appliers_.clear();
    follower_ = std::make_unique<ShardWorld>(2, 4 * kBytes);
    for (uint32_t i = 0; i < follower_->shard_count(); ++i) {
      follower_->shard(i).Follow();
      follower_->shard(i).BeginLoading();
      appliers_.push_back(std::make_unique<RecordApplier>(&follower_->shard(i), i == 0));
    }
    shard().BeginSnapshot();
    snapshotting_ = true;
  }

  void NextChunk(size_t bytes_max) {
    if (!snapshotting_) return;
    RecordWriter chunk;
    chunk.set_enabled(true);
    snapshotting_ = shard().NextSnapshotChunk(bytes_max, now_ms_, &chunk);
    Apply(chunk.bytes());
    for (uint32_t i = 0; !snapshotting_ && i < follower_->shard_count(); ++i) {
      follower_->shard(i).EndLoading();
    }
  }

  void Apply(absl::string_view records) {
    RecordApplier::Outcome outcome;
    for (auto& applier : appliers_) CHECK(applier->Apply({records, true}, now_ms_, &outcome).ok());
    CHECK(outcome.shed_keys.empty() && outcome.answers.empty());
  }

  // What was told, to the map and to the follower.
  void Follow() {
    const std::string bytes = records_.TakeBytes();
    Apply(bytes);
    replication::Batch batch;
    CHECK(batch.ParseFromString(bytes));
    for (const replication::Record& record : batch.records()) Learn(record);
  }

  void Learn(const replication::Record& record) {
    if (record.has_put()) {
      const replication::Put& put = record.put();
      items_[put.key()] = {put.value(), put.version(), put.client_flags(), put.expiry_ms()};
    } else if (record.has_touch()) {
      items_.at(record.touch().key()).expiry_ms = record.touch().expiry_ms();
    } else if (record.has_remove()) {
      CHECK_EQ(items_.erase(record.remove().key()), 1u);
    } else if (record.has_flush()) {
      items_.clear();
      flush_at_ms_ = kNever;
    } else if (record.has_delayed_flush()) {
      flush_at_ms_ = record.delayed_flush().at_ms();
    }
  }

  ShardWorld master_{1, kBytes};
  std::unique_ptr<ShardWorld> follower_;
  std::vector<std::unique_ptr<RecordApplier>> appliers_;  // of its shards
  std::map<std::string, StoredItem> items_;
  RecordWriter records_;
  bool snapshotting_ = false;
  size_t bytes_max_ = kBytes;
  size_t used_ = 0;
  int64_t now_ms_ = 1'000'000;
  int64_t flush_at_ms_ = kNever;
  std::string key_, value_;
};

}  // namespace
}  // namespace twincached

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  twincached::Input input(data, size);
  twincached::Run run;
  while (!input.done()) run.Step(&input);
  run.Finish();
  return 0;
}
