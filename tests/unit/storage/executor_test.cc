// memcached's semantics, command by command. What the comments do not say was asked of
// memcached 1.6.18.
#include "storage/executor.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/storage/shard_world.h"

namespace twincached {
namespace {

constexpr size_t kMiB = 1 << 20;

class ExecutorTest : public ::testing::Test {
 protected:
  ExecutorTest() {
    world_.BeginEpoch(1);
    records_.set_enabled(true);
  }

  Reply Run(Op op, absl::string_view key, absl::string_view value = "",
            int64_t expiry_ms = kNever) {
    Command command;
    command.op = op;
    command.key = key;
    command.value = value;
    command.expiry_ms = expiry_ms;
    command.client_flags = flags_;
    command.cas = cas_;
    command.delta = delta_;
    records_.Clear();
    return world_.Execute(command, now_ms_, &records_);
  }
  Status Do(Op op, absl::string_view key, absl::string_view value = "",
            int64_t expiry_ms = kNever) {
    return Run(op, key, value, expiry_ms).status;
  }
  // Only a hit has one.
  std::string Value(absl::string_view key) {
    const Reply reply = Run(Op::kGet, key);
    if (reply.status != Status::kHit) return "(none)";
    return std::string(reply.value.data(), reply.value.size());
  }
  Reply Calculate(Op op, absl::string_view key, uint64_t delta) {
    delta_ = delta;
    return Run(op, key);
  }
  std::vector<replication::Record> Records() const {
    replication::Batch batch;
    EXPECT_TRUE(
        batch.ParseFromArray(records_.bytes().data(), static_cast<int>(records_.bytes().size())));
    return {batch.records().begin(), batch.records().end()};
  }
  ShardStats stats() { return world_.shard(0).stats(); }

  ShardWorld world_{1, 8 * kMiB};
  RecordWriter records_;
  int64_t now_ms_ = 1000;
  uint32_t flags_ = 0;
  uint64_t cas_ = 0;
  uint64_t delta_ = 1;
};

TEST_F(ExecutorTest, GetAnswersValueFlagsAndVersion) {
  EXPECT_EQ(Do(Op::kGet, "key"), Status::kMiss);
  flags_ = 77;
  const Reply stored = Run(Op::kSet, "key", "value");
  EXPECT_EQ(stored.status, Status::kStored);
  const Reply reply = Run(Op::kGet, "key");
  EXPECT_EQ(reply.status, Status::kHit);
  EXPECT_EQ(reply.value, "value");
  EXPECT_EQ(reply.client_flags, 77u);
  EXPECT_EQ(reply.cas, stored.cas);
  EXPECT_TRUE(Records().empty()) << "a read changes nothing";
}

TEST_F(ExecutorTest, StoresUnderTheirConditions) {
  EXPECT_EQ(Do(Op::kReplace, "key", "1"), Status::kNotStored);
  EXPECT_EQ(Do(Op::kAdd, "key", "2"), Status::kStored);
  EXPECT_EQ(Do(Op::kAdd, "key", "3"), Status::kNotStored);
  EXPECT_EQ(Value("key"), "2");
  EXPECT_EQ(Do(Op::kReplace, "key", "4"), Status::kStored);
  EXPECT_EQ(Value("key"), "4");
  EXPECT_EQ(Do(Op::kDelete, "key"), Status::kDeleted);
  EXPECT_EQ(Do(Op::kDelete, "key"), Status::kNotFound);
}

TEST_F(ExecutorTest, CasStoresOnlyOverItsVersion) {
  EXPECT_EQ(Do(Op::kCas, "key", "1"), Status::kNotFound);
  cas_ = Run(Op::kSet, "key", "1").cas;
  ++cas_;
  EXPECT_EQ(Do(Op::kCas, "key", "2"), Status::kExists);
  --cas_;
  const Reply reply = Run(Op::kCas, "key", "3");
  EXPECT_EQ(reply.status, Status::kStored);
  EXPECT_GT(reply.cas, cas_);
  EXPECT_EQ(Do(Op::kCas, "key", "4"), Status::kExists) << "a version is used once";
  EXPECT_EQ(Value("key"), "3");
}

TEST_F(ExecutorTest, AppendAndPrependKeepFlagsAndExpiry) {
  EXPECT_EQ(Do(Op::kAppend, "key", "x"), Status::kNotStored);
  flags_ = 5;
  Run(Op::kSet, "key", "middle", 2000);
  flags_ = 6;
  const uint64_t appended = Run(Op::kAppend, "key", "-end").cas;
  const uint64_t prepended = Run(Op::kPrepend, "key", "start-", 9000).cas;
  EXPECT_GT(prepended, appended);
  const Reply reply = Run(Op::kGet, "key");
  EXPECT_EQ(reply.value, "start-middle-end");
  EXPECT_EQ(reply.client_flags, 5u);
  now_ms_ = 2000;
  EXPECT_EQ(Do(Op::kGet, "key"), Status::kMiss);
}

TEST_F(ExecutorTest, IncrWrapsAndDecrStopsAtZero) {
  EXPECT_EQ(Calculate(Op::kIncr, "n", 1).status, Status::kNotFound);
  Run(Op::kSet, "n", "18446744073709551614");
  EXPECT_EQ(Calculate(Op::kIncr, "n", 1).number, 18446744073709551615u);
  EXPECT_EQ(Calculate(Op::kIncr, "n", 2).number, 1u);
  EXPECT_EQ(Calculate(Op::kDecr, "n", 5).number, 0u);
}

TEST_F(ExecutorTest, AShorterNumberIsPaddedWithSpaces) {
  Run(Op::kSet, "n", "100");
  EXPECT_EQ(Calculate(Op::kDecr, "n", 1).number, 99u);
  EXPECT_EQ(Value("n"), "99 ");
  EXPECT_EQ(Calculate(Op::kDecr, "n", 95).number, 4u);
  EXPECT_EQ(Value("n"), "4  ");
  EXPECT_EQ(Calculate(Op::kIncr, "n", 1).number, 5u);
  EXPECT_EQ(Value("n"), "5  ");
  EXPECT_EQ(Calculate(Op::kIncr, "n", 12340).number, 12345u);
  EXPECT_EQ(Value("n"), "12345");
}

TEST_F(ExecutorTest, CalculatesOnlyWithNumbers) {
  for (absl::string_view value : {"", "abc", "12abc", "-5", "0x10", "18446744073709551616"}) {
    Run(Op::kSet, "n", value);
    EXPECT_EQ(Calculate(Op::kIncr, "n", 1).status, Status::kNonNumeric) << value;
    EXPECT_EQ(Value("n"), value);
  }
  Run(Op::kSet, "n", "12 abc");
  EXPECT_EQ(Calculate(Op::kIncr, "n", 1).number, 13u);
  EXPECT_EQ(Value("n"), "13    ");
}

TEST_F(ExecutorTest, CalculationKeepsFlagsAndExpiryAndMakesAVersion) {
  flags_ = 9;
  const uint64_t stored = Run(Op::kSet, "n", "1", 2000).cas;
  flags_ = 0;
  EXPECT_GT(Calculate(Op::kIncr, "n", 1).cas, stored);
  EXPECT_EQ(Run(Op::kGet, "n").client_flags, 9u);
  now_ms_ = 2000;
  EXPECT_EQ(Calculate(Op::kIncr, "n", 1).status, Status::kNotFound);
}

TEST_F(ExecutorTest, TouchChangesTheExpiryAndNotTheVersion) {
  EXPECT_EQ(Do(Op::kTouch, "key"), Status::kNotFound);
  const uint64_t version = Run(Op::kSet, "key", "value", 2000).cas;
  EXPECT_EQ(Do(Op::kTouch, "key", "", 3000), Status::kTouched);
  ASSERT_EQ(Records().size(), 1u);
  EXPECT_EQ(Records()[0].touch().expiry_ms(), 3000);
  now_ms_ = 2999;
  EXPECT_EQ(Run(Op::kGet, "key").cas, version);
  now_ms_ = 3000;
  EXPECT_EQ(Do(Op::kGet, "key"), Status::kMiss);
}

TEST_F(ExecutorTest, GatAnswersAndTouches) {
  EXPECT_EQ(Do(Op::kGat, "key"), Status::kMiss);
  Run(Op::kSet, "key", "value", 2000);
  EXPECT_EQ(Run(Op::kGat, "key", "", 3000).value, "value");
  now_ms_ = 2500;
  EXPECT_EQ(Value("key"), "value");
  EXPECT_EQ(Run(Op::kGat, "key", "", kExpired).value, "value") << "seen for the last time";
  EXPECT_EQ(Do(Op::kGet, "key"), Status::kMiss);
}

TEST_F(ExecutorTest, GatShowsALargeValueForTheLastTime) {
  const std::string large(500'000, 'x');
  Run(Op::kSet, "key", large);
  EXPECT_EQ(Run(Op::kGat, "key", "", kExpired).value, large);
}

TEST_F(ExecutorTest, AnExpiredItemIsRemovedByWhoFindsIt) {
  Run(Op::kSet, "key", "value", 2000);
  now_ms_ = 1999;
  EXPECT_EQ(Value("key"), "value");
  now_ms_ = 2000;
  EXPECT_EQ(Do(Op::kGet, "key"), Status::kMiss);
  ASSERT_EQ(Records().size(), 1u);
  EXPECT_EQ(Records()[0].remove().cause(), replication::Remove::EXPIRED);
  EXPECT_EQ(stats().items, 0u);
  EXPECT_EQ(stats().get_expired, 1u);
  EXPECT_EQ(Do(Op::kAdd, "key", "new"), Status::kStored);
}

TEST_F(ExecutorTest, ASetThatHasExpiredAnswersStoredAndIsNeverSeen) {
  Run(Op::kSet, "key", "old");
  EXPECT_EQ(Do(Op::kSet, "key", "new", kExpired), Status::kStored);
  ASSERT_EQ(Records().size(), 1u);
  EXPECT_TRUE(Records()[0].has_remove());
  EXPECT_EQ(Do(Op::kGet, "key"), Status::kMiss);
  EXPECT_EQ(Do(Op::kAdd, "other", "new", now_ms_), Status::kStored);
  EXPECT_TRUE(Records().empty()) << "nothing was and nothing is";
  EXPECT_EQ(Do(Op::kGet, "other"), Status::kMiss);
  Run(Op::kSet, "key", "value");
  EXPECT_EQ(Do(Op::kTouch, "key", "", kExpired), Status::kTouched);
  EXPECT_EQ(Do(Op::kGet, "key"), Status::kMiss);
}

TEST_F(ExecutorTest, TheItemSizeLimitIsMemcachedsToTheByte) {
  const std::string largest(kMiB - 60, 'x');
  EXPECT_EQ(Do(Op::kSet, "a", largest), Status::kStored);
  EXPECT_EQ(Value("a"), largest);
  EXPECT_EQ(Do(Op::kSet, "a", largest + "x"), Status::kTooLarge);
}

TEST_F(ExecutorTest, OnlyASetThatIsTooLargeTakesTheOldValue) {
  const std::string too_large(kMiB, 'x');
  for (Op op : {Op::kAdd, Op::kReplace, Op::kCas}) {
    Run(Op::kSet, "key", "old");
    EXPECT_EQ(Do(op, "key", too_large), Status::kTooLarge);
    EXPECT_EQ(Value("key"), "old");
  }
  EXPECT_EQ(Do(Op::kSet, "key", too_large), Status::kTooLarge);
  ASSERT_EQ(Records().size(), 1u);
  EXPECT_EQ(Records()[0].remove().cause(), replication::Remove::DELETED);
  EXPECT_EQ(Do(Op::kGet, "key"), Status::kMiss);
}

TEST_F(ExecutorTest, AppendingTooMuchIsNotStored) {
  const std::string half(600'000, 'x');
  Run(Op::kSet, "key", half);
  EXPECT_EQ(Do(Op::kAppend, "key", half), Status::kNotStored);
  EXPECT_EQ(Value("key"), half);
}

TEST_F(ExecutorTest, FlushTakesEverythingAtOnce) {
  for (int i = 0; i < 100; ++i) Run(Op::kSet, "key" + std::to_string(i), "value");
  EXPECT_EQ(Do(Op::kFlush, ""), Status::kFlushed);
  ASSERT_EQ(Records().size(), 1u);
  EXPECT_EQ(Records()[0].flush().slots(), ~uint64_t{0});
  EXPECT_EQ(stats().items, 0u);
  EXPECT_EQ(Do(Op::kGet, "key7"), Status::kMiss);
  EXPECT_EQ(Do(Op::kAdd, "key7", "new"), Status::kStored);
  EXPECT_EQ(Value("key7"), "new");
}

TEST_F(ExecutorTest, ADelayedFlushTakesWhatIsThereAtItsTime) {
  Run(Op::kSet, "before", "value");
  Do(Op::kFlush, "", "", 3000);
  ASSERT_EQ(Records().size(), 1u);
  EXPECT_EQ(Records()[0].delayed_flush().at_ms(), 3000);
  now_ms_ = 2999;
  Run(Op::kSet, "between", "value");
  EXPECT_EQ(Value("before"), "value");
  now_ms_ = 3000;
  EXPECT_EQ(Do(Op::kGet, "between"), Status::kMiss);
  ASSERT_EQ(Records().size(), 1u);
  EXPECT_TRUE(Records()[0].has_flush());
  Run(Op::kSet, "after", "value");
  now_ms_ = 9000;
  EXPECT_EQ(Value("after"), "value") << "it fires once";
}

TEST_F(ExecutorTest, AnImmediateFlushCallsADelayedOneOff) {
  Do(Op::kFlush, "", "", 3000);
  Do(Op::kFlush, "");
  Run(Op::kSet, "key", "value");
  now_ms_ = 4000;
  EXPECT_EQ(Value("key"), "value");
}

TEST_F(ExecutorTest, CountsAsMemcachedDoes) {
  Run(Op::kSet, "key", "1");
  Run(Op::kAdd, "key", "2");
  Run(Op::kAppend, "none", "2");
  Run(Op::kCas, "none", "2");
  Run(Op::kCas, "key", "2");
  Run(Op::kGat, "key");
  Run(Op::kGat, "none");
  Run(Op::kTouch, "key");
  Run(Op::kIncr, "key");
  Run(Op::kDecr, "none");
  Run(Op::kDelete, "key");
  Run(Op::kDelete, "key");
  const ShardStats stats = this->stats();
  EXPECT_EQ(stats.cmd_set, 5u) << "whatever came of it";
  EXPECT_EQ(stats.cas_misses, 1u);
  EXPECT_EQ(stats.cas_badval, 1u);
  EXPECT_EQ(stats.cmd_touch, 3u);
  EXPECT_EQ(stats.touch_hits, 2u);
  EXPECT_EQ(stats.touch_misses, 1u);
  EXPECT_EQ(stats.cmd_get, 0u) << "gat is a touch";
  EXPECT_EQ(stats.incr_hits, 1u);
  EXPECT_EQ(stats.decr_misses, 1u);
  EXPECT_EQ(stats.delete_hits, 1u);
  EXPECT_EQ(stats.delete_misses, 1u);
  EXPECT_EQ(stats.total_items, 1u) << "incr makes no new item";
}

}  // namespace
}  // namespace twincached
