// StorageOptions: what the command line of `storage` asks for.
//
// What it is: plain values with their defaults, and the parser that fills and checks them. Made
// once in main.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/bench/shard/storage_cases.h"

namespace twincached::bench {

struct StorageOptions {
  std::vector<std::string> workloads;  // as StorageWorkloads() when none is named
  StorageSizes sizes;
  uint64_t limit_us = 2000;  // thread CPU time that one operation may take
  uint64_t rounds = 2;       // of each workload, to tell what is slow from what was disturbed
  uint64_t seed = 1;
  bool check = false;
  bool json = false;
  bool help = false;
};

// Parses and checks the command line. False with one line in `*error` for anything unknown or out
// of range.
bool ParseStorageOptions(int argc, char** argv, StorageOptions* options, std::string* error);

// The text of --help.
std::string StorageUsage();

}  // namespace twincached::bench
