#include "storage/snapshot_cursor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "tests/unit/storage/shard_world.h"

namespace twincached {
namespace {

class SnapshotCursorTest : public ::testing::Test {
 protected:
  SnapshotCursorTest() {
    master_.BeginEpoch(1);
    live_.set_enabled(true);
    joiner_.shard(0).Follow();
    joiner_.shard(0).BeginLoading();
  }

  // The views are its arguments'.
  static Command SetCommand(absl::string_view key, absl::string_view value) {
    Command command;
    command.op = Op::kSet;
    command.key = key;
    command.value = value;
    return command;
  }
  void Set(const std::string& key, const std::string& value) {
    master_.Execute(SetCommand(key, value), now_ms_, &live_);
    Tell();
  }
  void Get(const std::string& key) {
    Command command;
    command.key = key;
    master_.Execute(command, now_ms_, &live_);
    Tell();
  }
  void Delete(const std::string& key) {
    Command command;
    command.op = Op::kDelete;
    command.key = key;
    master_.Execute(command, now_ms_, &live_);
    Tell();
  }
  void Flush(int64_t at_ms) {
    Command command;
    command.op = Op::kFlush;
    command.expiry_ms = at_ms;
    master_.Execute(command, now_ms_, &live_);
    Tell();
  }
  // Live records reach the joiner only while it joins.
  void Tell() {
    const std::string bytes = live_.TakeBytes();
    EXPECT_TRUE(!joining_ || joiner_.Apply(bytes).ok());
  }
  void Begin() {
    joining_ = true;
    master_.shard(0).BeginSnapshot();
  }
  bool Next(size_t bytes_max) {
    RecordWriter chunk;
    chunk.set_enabled(true);
    const bool more = master_.shard(0).NextSnapshotChunk(bytes_max, now_ms_, &chunk);
    largest_chunk_ = std::max(largest_chunk_, chunk.bytes().size());
    records_ += chunk.count();
    EXPECT_TRUE(joiner_.Apply(chunk.bytes()).ok());
    return more;
  }
  void ExpectEqual() { EXPECT_TRUE(master_.Items() == joiner_.Items()); }

  ShardWorld master_{1, 512 << 10};
  ShardWorld joiner_{1, 4 << 20};
  RecordWriter live_;
  bool joining_ = false;
  size_t largest_chunk_ = 0;
  uint32_t records_ = 0;
  int64_t now_ms_ = 1000;
};

TEST_F(SnapshotCursorTest, AnEmptyShardIsDoneAtOnce) {
  Begin();
  EXPECT_FALSE(Next(1000));
  EXPECT_FALSE(Next(1000));
}

TEST_F(SnapshotCursorTest, TellsEverythingOnceInBoundedChunks) {
  for (int i = 0; i < 1000; ++i) Set("key" + std::to_string(i), std::string(50, 'x'));
  for (int i = 0; i < 1000; i += 3) Delete("key" + std::to_string(i));
  Begin();
  int chunks = 1;
  while (Next(1000)) ++chunks;
  EXPECT_EQ(records_, 666u);
  EXPECT_GT(chunks, 40);
  EXPECT_LT(largest_chunk_, 1000u + 200u);
  ExpectEqual();
}

TEST_F(SnapshotCursorTest, StaysCorrectWhileEverythingChanges) {
  for (int i = 0; i < 2400; ++i) Set("key" + std::to_string(i), std::string(150, 'a'));
  Begin();
  int i = 0;
  while (Next(500)) {
    // Evictions, overwrites in place and elsewhere, removals: before and behind the cursor.
    Set("new" + std::to_string(i), std::string(100 + i % 300, 'b'));
    Set("key" + std::to_string(i * 7 % 2400), std::string(150, 'c'));
    Set("key" + std::to_string(i * 11 % 2400), std::string(i % 200, 'd'));
    Delete("key" + std::to_string(i * 13 % 2400));
    ++i;
  }
  EXPECT_GT(master_.shard(0).stats().evictions, 0u);
  EXPECT_GT(i, 100);
  ExpectEqual();
}

TEST_F(SnapshotCursorTest, EndsWhileNewItemsKeepComing) {
  for (int i = 0; i < 500; ++i) Set("key" + std::to_string(i), std::string(100, 'a'));
  Begin();
  int chunks = 0;
  for (int i = 0; Next(100) && chunks < 5000; ++chunks) {
    for (int n = 0; n < 10; ++n) Set("new" + std::to_string(i++), std::string(100, 'b'));
  }
  EXPECT_LT(chunks, 600);
  ExpectEqual();
}

TEST_F(SnapshotCursorTest, AFlushInTheMiddleLeavesNothingBehind) {
  for (int i = 0; i < 500; ++i) Set("key" + std::to_string(i), std::string(100, 'a'));
  Begin();
  Next(1000);
  Flush(kNever);
  Set("after", "value");
  while (Next(1000)) continue;
  EXPECT_EQ(joiner_.item_count(), 1u);
  ExpectEqual();
}

TEST_F(SnapshotCursorTest, CarriesAPendingFlushInItsFirstChunk) {
  Set("key", "value");
  Flush(5000);
  Begin();
  while (Next(1000)) continue;
  EXPECT_EQ(joiner_.Read("key", 4999).status, Status::kHit);
  EXPECT_FALSE(joiner_.TryRead("key", 5000).has_value());
}

TEST_F(SnapshotCursorTest, AnotherOneAfterAbandoningTellsEverythingAgain) {
  for (int i = 0; i < 500; ++i) Set("key" + std::to_string(i), std::string(100, 'a'));
  Begin();
  Next(5000);
  master_.shard(0).AbandonSnapshot();
  EXPECT_FALSE(Next(5000));
  joiner_.shard(0).BeginLoading();
  Begin();
  while (Next(5000)) continue;
  ExpectEqual();
}

// What each key's heat is at a node.
std::map<std::string, Heat> Heats(const ShardWorld& world) {
  std::map<std::string, Heat> heats;
  world.shard(0).ForEachItem([&heats](const ItemView& item) {
    heats.emplace(std::string(item.key.data(), item.key.size()), item.heat);
  });
  return heats;
}

TEST_F(SnapshotCursorTest, CarriesTheHeatOfEveryItem) {
  for (int i = 0; i < 6000; ++i) {
    now_ms_ += 100;
    Set("key" + std::to_string(i), std::string(100, 'a'));
    for (int reads = 0; reads < i % 4; ++reads) Get("key" + std::to_string(i - i % 50));
  }
  ASSERT_GT(master_.shard(0).stats().evictions, 1000u);
  Begin();
  while (Next(5000)) continue;
  const std::map<std::string, Heat> heats = Heats(master_);
  EXPECT_TRUE(heats == Heats(joiner_));
  const auto count = [&heats](auto is) {
    return std::count_if(heats.begin(), heats.end(), [&](const auto& at) { return is(at.second); });
  };
  EXPECT_GT(count([](const Heat& heat) { return heat.main; }), 20);
  EXPECT_GT(count([](const Heat& heat) { return heat.uses > 0; }), 20);
  EXPECT_GT(count([](const Heat& heat) { return heat.last_access_s > 100; }), 1000);
}

TEST_F(SnapshotCursorTest, APromotedJoinerEvictsTheSameKeys) {
  for (int i = 0; i < 6000; ++i) {
    Set("key" + std::to_string(i), std::string(100, 'a'));
    for (int reads = 0; reads < i % 4; ++reads) Get("key" + std::to_string(i - i % 50));
  }
  Begin();
  while (Next(5000)) continue;
  joining_ = false;
  joiner_.shard(0).EndLoading();
  joiner_.shard(0).BeginEpoch(2);
  joiner_.shard(0).SetMemoryBytesMax(512 << 10);
  for (int i = 0; i < 2000; ++i) {
    const std::string key = "new" + std::to_string(i);
    Set(key, std::string(100, 'b'));
    const std::string value(100, 'b');
    joiner_.Execute(SetCommand(key, value), now_ms_, &live_);
    live_.Clear();
  }
  const auto ours = master_.Items();
  const auto theirs = joiner_.Items();
  size_t both = 0;
  for (const auto& item : ours) both += theirs.count(item.first);
  EXPECT_GT(theirs.size(), ours.size() / 2) << "its segments are larger, so it holds fewer";
  EXPECT_GT(both, theirs.size() * 95 / 100);
}

}  // namespace
}  // namespace twincached
