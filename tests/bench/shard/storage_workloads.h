// StorageWorkloads: what `storage` does to a shard, one function per workload.
//
// What it is: fill, growth, mixed, overwrite, expiry, flush, limit and large, each from an empty
// shard through its phases. What it is not: the sizes (storage_cases.h) or the driving of a shard
// (shard_driver.h).
#pragma once

#include <cstdint>
#include <vector>

#include "tests/bench/shard/shard_driver.h"
#include "tests/bench/shard/storage_cases.h"

namespace twincached::bench {

struct MeasureSettings {
  uint64_t clock_ns = 0;  // what a look at the clock costs
  uint64_t limit_ns = 0;
  uint64_t seed = 1;
};

struct CaseResult {
  StorageCase setup;
  std::vector<Phase> phases;
};

// REQUIRES: the workload is one of StorageWorkloads(). Equal arguments: the same calls in the same
// order.
CaseResult RunCase(const StorageCase& setup, const MeasureSettings& settings);

// What was suspected in one round of a case remains if it is in the other too.
void Confirm(const CaseResult& other_round, CaseResult* result);

}  // namespace twincached::bench
