// Random commands on a node that decides, against a plain map and against a node that follows with
// another number of shards: memcached's semantics, the memory bound, replication and digests, at
// every step.
// A failure prints its seed.
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "storage/shard.h"
#include "tests/unit/storage/shard_model.h"
#include "tests/unit/storage/shard_world.h"

namespace twincached {
namespace {

constexpr size_t kKiB = 1024;
#ifndef PROPERTY_SEEDS
#define PROPERTY_SEEDS 2
#endif
constexpr uint64_t kSeeds = PROPERTY_SEEDS;

struct Plan {
  const char* name;
  uint32_t master_shards;
  size_t master_bytes;
  uint32_t follower_shards;
  size_t follower_bytes;
  bool evict;
  size_t value_bytes_max;
  int keys;
  int steps;
};

class PropertyRun {
 public:
  PropertyRun(const Plan& plan, uint64_t seed)
      : plan_(plan), random_(seed), master_(plan.master_shards, plan.master_bytes, plan.evict) {
    master_.BeginEpoch(1);
    records_.set_enabled(true);
    Join();
  }

  void Steps(int count) {
    for (int i = 0; i < count && !::testing::Test::HasFailure(); ++i) Step();
    while (snapshotting_) NextChunk();
    Compare();
    LetGo(0);
  }

  uint64_t pinned() const { return pinned_; }

  uint64_t evictions() {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < master_.shard_count(); ++i) sum += master_.shard(i).stats().evictions;
    return sum;
  }

 private:
  uint64_t Below(uint64_t bound) { return random_() % bound; }

  std::string RandomValue() {
    if (Below(3) == 0) return std::to_string(Below(2) == 0 ? random_() : Below(1000));
    // Mostly small, now and then as large as allowed.
    const uint64_t bytes = Below(1 + Below(1 + Below(plan_.value_bytes_max)));
    return std::string(bytes, static_cast<char>('a' + Below(26)));
  }

  int64_t RandomExpiry() {
    const uint64_t kind = Below(8);
    if (kind == 0) return Below(8) == 0 ? kExpired : now_ms_ + static_cast<int64_t>(Below(200));
    return kind <= 2 ? now_ms_ + 1 + static_cast<int64_t>(Below(50'000)) : kNever;
  }

  Command RandomCommand() {
    static constexpr Op kOps[] = {Op::kGet,     Op::kGet,    Op::kGat,     Op::kSet,
                                  Op::kSet,     Op::kSet,    Op::kAdd,     Op::kAdd,
                                  Op::kReplace, Op::kAppend, Op::kPrepend, Op::kCas,
                                  Op::kIncr,    Op::kDecr,   Op::kTouch,   Op::kDelete};
    Command command;
    command.op = Below(10'000) == 0 ? Op::kFlush : kOps[Below(std::size(kOps))];
    const uint64_t number = Below(Below(2) == 0 ? plan_.keys : 1 + plan_.keys / 20);
    key_ = "key" + std::to_string(number);
    if (number % 8 == 0) key_.append(number % 240, 'k');
    value_ = RandomValue();
    if (command.op != Op::kFlush) command.key = key_;
    command.value = value_;
    command.client_flags = Below(2) == 0 ? 0 : static_cast<uint32_t>(random_());
    command.expiry_ms = RandomExpiry();
    command.delta = Below(2) == 0 ? Below(100) : random_();
    const auto found = model_.items.find(key_);
    if (found != model_.items.end() && Below(3) != 0) command.cas = found->second.version;
    return command;
  }

  void Step() {
    if (Below(20) == 0) now_ms_ += static_cast<int64_t>(Below(Below(50) == 0 ? 60'000 : 30));
    if (Below(50) == 0) Maintain();
    if (Below(1000) == 0) Join();
    if (snapshotting_ && Below(10) == 0) NextChunk();
    Execute(RandomCommand());
    LetGo(Below(200) == 0 ? 0 : 20);
    CheckBound();
    if (Below(500) == 0) Compare();
  }

  void Execute(const Command& command) {
    FireModelFlush();
    const Status expected = model_.ExpectedStatus(command, now_ms_);
    StoredItem item = model_.ExpectedItem(command, now_ms_);
    const Reply reply = master_.Execute(command, now_ms_, &records_);
    const bool full = reply.status == Status::kOutOfMemory &&
                      (!plan_.evict || item.value.size() > plan_.master_bytes / 4);
    ASSERT_TRUE(full || reply.status == expected)
        << "op " << static_cast<int>(command.op) << " answers " << static_cast<int>(reply.status);
    if (reply.status == Status::kHit) {
      const StoredItem& here = model_.items.at(key_);
      EXPECT_EQ(ShardModel::String(reply.value), here.value);
      EXPECT_EQ(reply.cas, here.version);
      EXPECT_EQ(reply.client_flags, here.client_flags);
      if (Below(4) == 0) PinHit(command, reply.value);
    }
    LearnRemovals(command);
    const bool gone = ShardModel::Expired(item.expiry_ms, now_ms_);
    if (ShardModel::ChangesValue(reply.status) && !gone) {
      EXPECT_GT(reply.cas, newest_) << "a version twice, or going back";
      item.version = reply.cas;
      model_.items[key_] = item;
    } else if (!gone && (reply.status == Status::kTouched ||
                         (reply.status == Status::kHit && command.op == Op::kGat))) {
      model_.items[key_] = item;  // also where it was evicted and is there again
    } else if (full && command.op == Op::kSet) {
      EXPECT_EQ(model_.items.count(key_), 0u) << "a failed set left the old value";
    }
    if (command.op == Op::kFlush) FlushModel(command);
    FollowRecords();
  }

  // Somebody reads the value for a while, on the master or from the follower.
  void PinHit(Command command, absl::string_view value) {
    command.hash = HashKey(key_, ShardWorld::kSeed);
    Shard* shard = &master_.ShardOf(key_);
    const absl::optional<Reply> followed = follower_->TryRead(key_, now_ms_);
    if (Below(2) == 0 && followed.has_value() && followed->status == Status::kHit) {
      shard = &follower_->ShardOf(key_);
      value = followed->value;
    }
    Pin pin = shard->PinValue(command, value);
    if (pin == nullptr) return;
    ++pinned_;
    reads_.push_back({std::move(pin), value, ShardModel::String(value)});
  }

  void LetGo(size_t left) {
    while (reads_.size() > left) {
      const size_t i = Below(reads_.size());
      ASSERT_TRUE(reads_[i].value == reads_[i].expected) << "a pinned value changed";
      reads_[i] = std::move(reads_.back());
      reads_.pop_back();
    }
  }

  void FlushModel(const Command& command) {
    const bool at_once = command.expiry_ms == kNever || command.expiry_ms <= now_ms_;
    model_.flush_at_ms = at_once ? kNever : command.expiry_ms;
    if (at_once) model_.items.clear();
    EXPECT_TRUE(!at_once || master_.item_count() == 0);
  }

  // Shards fire when they are asked next; what the model has lost must be invisible there too.
  void FireModelFlush() {
    if (!ShardModel::Expired(model_.flush_at_ms, now_ms_)) return;
    for (uint32_t i = 0; i < master_.shard_count(); ++i) {
      master_.shard(i).Maintain(now_ms_, 0, &records_);
    }
    model_.flush_at_ms = kNever;
    model_.items.clear();
  }

  void LearnRemovals(const Command& command) {
    replication::Batch batch;
    ASSERT_TRUE(batch.ParseFromString(ShardModel::String(records_.bytes())));
    EXPECT_EQ(static_cast<uint32_t>(batch.records_size()), records_.count());
    for (const replication::Record& record : batch.records()) {
      if (record.has_flush()) continue;
      if (record.has_remove()) model_.Removed(record.remove(), command, now_ms_);
      if (record.has_remove() && record.remove().cause() == replication::Remove::EVICTED) {
        EXPECT_TRUE(plan_.evict);
      }
    }
  }

  void Maintain() {
    FireModelFlush();
    for (uint32_t i = 0; i < master_.shard_count(); ++i) {
      const int64_t wanted_ms = master_.shard(i).Maintain(now_ms_, Below(100), &records_);
      EXPECT_TRUE(wanted_ms == kNever || wanted_ms >= 0);
    }
    LearnRemovals(Command());
    FollowRecords();
  }

  void FollowRecords() {
    const std::string bytes = records_.TakeBytes();
    const absl::Status status = follower_->Apply(bytes);
    EXPECT_TRUE(status.ok()) << status << " after " << newest_;
    EXPECT_TRUE(loader_ == nullptr || loader_->Apply(bytes).ok());
    EXPECT_TRUE(follower_->Digests() == master_.Digests()) << "equal position, unequal digest";
    for (uint32_t i = 0; i < master_.shard_count(); ++i) {
      newest_ = plan_.master_shards == 1 ? master_.shard(0).newest_version() : 0;
    }
  }

  // Another follower joins by snapshot; when it is complete it takes the former one's place.
  void Join() {
    if (snapshotting_) return;
    auto joiner = std::make_unique<ShardWorld>(plan_.follower_shards, plan_.follower_bytes);
    for (uint32_t i = 0; i < joiner->shard_count(); ++i) {
      joiner->shard(i).Follow();
      joiner->shard(i).BeginLoading();
    }
    if (follower_ == nullptr) {
      for (uint32_t i = 0; i < joiner->shard_count(); ++i) joiner->shard(i).EndLoading();
      follower_ = std::move(joiner);
      return;
    }
    loader_ = std::move(joiner);
    for (uint32_t i = 0; i < master_.shard_count(); ++i) master_.shard(i).BeginSnapshot();
    chunk_shard_ = 0;
    snapshotting_ = true;
  }

  void NextChunk() {
    RecordWriter chunk;
    chunk.set_enabled(true);
    const bool more =
        master_.shard(chunk_shard_).NextSnapshotChunk(1 + Below(8000), now_ms_, &chunk);
    EXPECT_TRUE(loader_->Apply(chunk.bytes()).ok());
    if (more || ++chunk_shard_ < master_.shard_count()) return;
    for (uint32_t i = 0; i < loader_->shard_count(); ++i) loader_->shard(i).EndLoading();
    follower_ = std::move(loader_);
    snapshotting_ = false;
    Compare();
  }

  void CheckBound() {
    for (uint32_t i = 0; i < master_.shard_count(); ++i) {
      EXPECT_LE(master_.shard(i).stats().memory_bytes, plan_.master_bytes / plan_.master_shards);
    }
    const size_t bytes = plan_.follower_bytes / plan_.follower_shards;
    for (uint32_t i = 0; i < follower_->shard_count(); ++i) {
      EXPECT_LE(follower_->shard(i).stats().memory_bytes, bytes + bytes / 16);
    }
  }

  // What stats count by size, and by segment, is what is there.
  void CheckCounts(const Shard& shard) {
    const ShardStats stats = shard.stats();
    const SizeClassCounts recount = shard.RecountBySize();
    uint64_t items = 0, bytes = 0, evicted = 0, reclaimed = 0;
    for (size_t i = 0; i < kSizeClasses; ++i) {
      const SizeClassStats& by_size = stats.classes[i];
      EXPECT_EQ(by_size.items, recount[i].items) << "up to " << SizeClassBytes(i);
      EXPECT_EQ(by_size.bytes, recount[i].bytes) << "up to " << SizeClassBytes(i);
      items += by_size.items;
      bytes += by_size.bytes;
      evicted += by_size.evicted;
      reclaimed += by_size.reclaimed;
    }
    EXPECT_EQ(items, stats.items);
    EXPECT_EQ(bytes, stats.bytes);
    EXPECT_EQ(evicted, stats.evictions);
    EXPECT_EQ(reclaimed, stats.reclaimed);
    const MemoryStats& memory = stats.memory;
    EXPECT_LE(memory.live_bytes, memory.used_bytes);
    EXPECT_LE(memory.used_bytes, memory.segment_bytes);
    EXPECT_LE(bytes, memory.live_bytes + memory.outside_bytes);
    EXPECT_LE(memory.segment_bytes + memory.outside_bytes + memory.index_bytes + memory.ghost_bytes,
              stats.memory_bytes);
  }

  void Compare() {
    for (const ShardWorld* world : {static_cast<const ShardWorld*>(&master_),
                                    static_cast<const ShardWorld*>(follower_.get())}) {
      for (uint32_t i = 0; i < world->shard_count(); ++i) CheckCounts(world->shard(i));
    }
    const auto items = master_.Items();
    EXPECT_EQ(items.size(), master_.item_count());
    EXPECT_TRUE(items == model_.items)
        << items.size() << " and " << model_.items.size() << " items";
    EXPECT_TRUE(follower_->Items() == items) << follower_->item_count() << " items follow";
    EXPECT_TRUE(master_.Digests() == master_.DigestsOfItems(model_.flush_at_ms));
  }

  struct PinnedRead {
    Pin pin;
    absl::string_view value;
    std::string expected;
  };

  const Plan plan_;
  std::mt19937_64 random_;
  ShardWorld master_;
  std::unique_ptr<ShardWorld> follower_;
  std::unique_ptr<ShardWorld> loader_;
  bool snapshotting_ = false;
  uint32_t chunk_shard_ = 0;
  ShardModel model_;
  RecordWriter records_;
  int64_t now_ms_ = 1'000'000;
  uint64_t newest_ = 0;
  std::string key_;
  std::string value_;
  std::vector<PinnedRead> reads_;
  uint64_t pinned_ = 0;
};

class ShardProperty : public ::testing::TestWithParam<Plan> {};

TEST_P(ShardProperty, KeepsWhatItPromises) {
  const Plan& plan = GetParam();
  uint64_t evictions = 0, pinned = 0;
  for (uint64_t seed = 1; seed <= kSeeds && !HasFailure(); ++seed) {
    SCOPED_TRACE(testing::Message() << plan.name << ", seed " << seed);
    PropertyRun run(plan, seed);
    run.Steps(plan.steps);
    evictions += run.evictions();
    pinned += run.pinned();
  }
  EXPECT_EQ(pinned > 0, plan.value_bytes_max >= 8000) << "a segment of it may be pinned";
  EXPECT_EQ(evictions > 0, plan.evict) << "the plan does not test eviction";
}

INSTANTIATE_TEST_SUITE_P(
    Plans, ShardProperty,
    ::testing::Values(Plan{"tiny", 1, 256 * kKiB, 1, 256 * kKiB, true, 3000, 2000, 12'000},
                      Plan{"tiny_to_three", 1, 256 * kKiB, 3, 900 * kKiB, true, 4000, 3000, 12'000},
                      Plan{"two_to_one", 2, 600 * kKiB, 1, 600 * kKiB, true, 8000, 3000, 12'000},
                      Plan{"three_to_two", 3, 900 * kKiB, 2, 8000 * kKiB, true, 8000, 4000, 12'000},
                      Plan{"large_values", 1, 2000 * kKiB, 1, 2000 * kKiB, true, 200'000, 300,
                           3'000},
                      Plan{"small_items", 1, 256 * kKiB, 2, 520 * kKiB, true, 400, 20'000, 30'000},
                      Plan{"no_eviction", 1, 400 * kKiB, 1, 500 * kKiB, false, 3000, 1000, 12'000}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace twincached
