// StorageCases: which workloads `storage` has, and at which sizes.
//
// What it is: the table of the cases that each workload is made of, and what the command line puts
// in the place of their sizes. What it is not: the workloads themselves (storage_workloads.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace twincached::bench {

// The length of every key that `storage` uses.
constexpr size_t kStorageKeyBytes = 20;

struct StorageCase {
  std::string workload;
  uint64_t items = 0;       // fill, expiry: that are set; mixed, overwrite, large: keys
  uint64_t operations = 0;  // in a phase without an end of its own
  size_t value_bytes_min = 0;
  size_t value_bytes_max = 0;
  size_t memory_bytes = 0;  // of the shard; 0: room for all items
  bool records = false;     // changes are encoded, as on a master with a slave
};

// What the command line puts in the place of a case's own; 0: nothing.
struct StorageSizes {
  uint64_t items = 0;
  uint64_t operations = 0;
  size_t value_bytes = 0;
  size_t memory_bytes = 0;
  bool records = false;  // in every case
};

// In the order in which they run.
std::vector<std::string> StorageWorkloads();

// Every case of one workload. REQUIRES: it is one of StorageWorkloads().
std::vector<StorageCase> CasesOf(absl::string_view workload, const StorageSizes& sizes);

// A bound under which that many items fit, with some room to spare.
size_t RoomFor(uint64_t items, size_t value_bytes);

// Workload and sizes in one line.
std::string LabelOf(const StorageCase& setup);

}  // namespace twincached::bench
