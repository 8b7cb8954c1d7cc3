// What `storage` prints: Markdown tables for people, one JSON object for programs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/bench/shard/storage_workloads.h"
#include "tests/bench/shard/thread_clock.h"

namespace twincached::bench {

struct StorageResult {
  ClockCost clock;
  uint64_t limit_us = 0;
  uint64_t rounds = 1;
  std::vector<CaseResult> cases;
};

// Calls, memory, and one by one the slowest calls that exceeded the limit in every round. All but
// that is of the first round.
std::string StorageTables(const StorageResult& result);
std::string StorageJson(const StorageResult& result);

// Calls that exceeded the limit in every round.
uint64_t OverLimit(const StorageResult& result);

}  // namespace twincached::bench
