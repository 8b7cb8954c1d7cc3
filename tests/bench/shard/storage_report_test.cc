#include "tests/bench/shard/storage_report.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/match.h"

namespace twincached::bench {
namespace {

StorageResult OneCase(uint64_t slow_ns) {
  StorageResult result;
  result.limit_us = 2;
  result.clock.typical_ns = 300;
  CaseResult one;
  one.setup.workload = "fill";
  Phase phase("new keys", result.limit_us * 1000);
  Operation operation;
  operation.cpu_ns = 1000;
  phase.of(Call::kSet).Record(operation);
  operation.cpu_ns = slow_ns;
  operation.minor_faults = 77;
  phase.of(Call::kSet).Record(operation);
  phase.stats.items = 2;
  phase.stats.memory_bytes = 202;
  one.phases.push_back(phase);
  result.cases.push_back(one);
  return result;
}

TEST(StorageReport, SaysWhenNothingExceededTheLimit) {
  const StorageResult result = OneCase(2000);
  EXPECT_EQ(OverLimit(result), 0u);
  const std::string text = StorageTables(result);
  EXPECT_TRUE(absl::StrContains(text, "No call took more than 2 us in every round.")) << text;
  EXPECT_TRUE(absl::StrContains(text, "0.30 us are subtracted")) << text;
  EXPECT_TRUE(absl::StrContains(text, "| set | 2 | 1.50 |")) << text;
  EXPECT_TRUE(absl::StrContains(text, "| 101.0 | 0.0 |")) << text;
}

TEST(StorageReport, LeavesOutCallsThatNobodyMade) {
  EXPECT_FALSE(absl::StrContains(StorageTables(OneCase(1)), "| get |"));
  EXPECT_FALSE(absl::StrContains(StorageJson(OneCase(1)), "\"get\""));
}

TEST(StorageReport, ShowsEachCallOverTheLimit) {
  const StorageResult result = OneCase(2001);
  EXPECT_EQ(OverLimit(result), 1u);
  const std::string text = StorageTables(result);
  EXPECT_TRUE(absl::StrContains(text, "1 calls took more than 2 us in every round (of 1)."))
      << text;
  EXPECT_TRUE(absl::StrContains(text, "| set | 1 | 2 | 0 | 77 | 0 |")) << text;
}

TEST(StorageReport, JsonHasOneObjectPerPhase) {
  const std::string json = StorageJson(OneCase(3000));
  EXPECT_TRUE(absl::StrContains(json, R"("rounds":1,"over_limit":1,"phases":[{"workload":"fill)"))
      << json;
  EXPECT_TRUE(absl::StrContains(json, R"("calls":[{"call":"set","count":2,)")) << json;
}

}  // namespace
}  // namespace twincached::bench
