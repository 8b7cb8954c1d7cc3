// storage: what one operation of a shard costs. See StorageUsage() for its flags and exit codes.

#include <malloc.h>

#include <cstdio>
#include <string>

#include "tests/bench/shard/storage_options.h"
#include "tests/bench/shard/storage_report.h"
#include "tests/bench/shard/storage_workloads.h"
#include "tests/bench/shard/thread_clock.h"

namespace twincached::bench {
namespace {

constexpr int kExitOverLimit = 1;
constexpr int kExitCannotRun = 2;

int Main(int argc, char** argv) {
  StorageOptions options;
  std::string error;
  if (!ParseStorageOptions(argc, argv, &options, &error)) {
    std::fprintf(stderr, "storage: %s\n", error.c_str());
    return kExitCannotRun;
  }
  if (options.help) {
    std::printf("%s", StorageUsage().c_str());
    return 0;
  }
  StorageResult result;
  result.clock = MeasureClockCost();
  result.limit_us = options.limit_us;
  result.rounds = options.rounds;
  const MeasureSettings settings = {result.clock.typical_ns, options.limit_us * 1000, options.seed};
  for (const std::string& workload : options.workloads) {
    for (const StorageCase& setup : CasesOf(workload, options.sizes)) {
      std::fprintf(stderr, "%s\n", LabelOf(setup).c_str());
      malloc_trim(0);  // so that resident memory is that of this case
      result.cases.push_back(RunCase(setup, settings));
      for (uint64_t round = 1; round < options.rounds; ++round) {
        Confirm(RunCase(setup, settings), &result.cases.back());
      }
    }
  }
  const std::string report = options.json ? StorageJson(result) + "\n" : StorageTables(result);
  std::printf("%s", report.c_str());
  return options.check && OverLimit(result) > 0 ? kExitOverLimit : 0;
}

}  // namespace
}  // namespace twincached::bench

int main(int argc, char** argv) { return twincached::bench::Main(argc, argv); }
