#include "tests/bench/shard/storage_cases.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "proto/check.h"

namespace twincached::bench {
namespace {

constexpr size_t kMiB = 1u << 20;
// Key, header and index with an eighth to spare, and what a shard has however small it is.
constexpr size_t kItemBytesBesideValue = 72;
constexpr size_t kShardBytes = 8 * kMiB;
// With key and header still within the largest item.
constexpr size_t kLargestValueBytes = kMiB - 512;

const std::vector<StorageCase>& AllCases() {
  // Every workload with values of 60 bytes; again with others where those make a difference.
  static const std::vector<StorageCase> cases = {
      {"fill", 10'000'000, 0, 60, 60, 0, false},
      {"fill", 2'000'000, 0, 60, 60, 0, false},
      {"fill", 500'000, 0, 400, 400, 0, false},
      {"growth", 0, 4'000'000, 60, 60, 512 * kMiB, false},
      {"growth", 0, 4'000'000, 60, 60, 512 * kMiB, true},
      {"mixed", 8'000'000, 5'000'000, 60, 60, 512 * kMiB, false},
      {"overwrite", 2'000'000, 4'000'000, 60, 60, 0, false},
      {"overwrite", 2'000'000, 4'000'000, 60, 400, 0, false},
      {"expiry", 1'000'000, 0, 60, 60, 0, false},
      {"expiry", 1'000'000, 0, 60, 60, 0, true},
      {"expiry", 4'000, 0, 256u << 10, 256u << 10, 0, false},
      {"flush", 0, 2'000'000, 60, 60, 1024 * kMiB, false},
      {"flush", 0, 10'000, 256u << 10, 256u << 10, 1024 * kMiB, false},
      {"limit", 0, 1'000'000, 60, 60, 2048 * kMiB, false},
      {"limit", 0, 10'000, 256u << 10, 256u << 10, 2048 * kMiB, false},
      {"large", 20'000, 200'000, 100, kLargestValueBytes, 1024 * kMiB, false},
  };
  return cases;
}

StorageCase Resized(StorageCase setup, const StorageSizes& sizes) {
  if (sizes.items != 0 && setup.items != 0) setup.items = sizes.items;
  if (sizes.operations != 0 && setup.operations != 0) setup.operations = sizes.operations;
  if (sizes.value_bytes != 0) setup.value_bytes_min = setup.value_bytes_max = sizes.value_bytes;
  if (sizes.memory_bytes != 0) setup.memory_bytes = sizes.memory_bytes;
  setup.records = setup.records || sizes.records;
  return setup;
}

}  // namespace

std::vector<std::string> StorageWorkloads() {
  std::vector<std::string> names;
  for (const StorageCase& setup : AllCases()) {
    if (names.empty() || names.back() != setup.workload) names.push_back(setup.workload);
  }
  return names;
}

std::vector<StorageCase> CasesOf(absl::string_view workload, const StorageSizes& sizes) {
  std::vector<StorageCase> found;
  for (const StorageCase& setup : AllCases()) {
    if (setup.workload == workload) found.push_back(Resized(setup, sizes));
  }
  CHECK(!found.empty());
  return found;
}

size_t RoomFor(uint64_t items, size_t value_bytes) {
  const size_t bytes = items * (value_bytes + kItemBytesBesideValue);
  return bytes + bytes / 8 + kShardBytes;
}

std::string LabelOf(const StorageCase& setup) {
  std::string label = absl::StrCat(setup.workload, " ");
  if (setup.items != 0) absl::StrAppend(&label, setup.items, " x ");
  absl::StrAppend(&label, setup.value_bytes_min);
  if (setup.value_bytes_max != setup.value_bytes_min) {
    absl::StrAppend(&label, "..", setup.value_bytes_max);
  }
  absl::StrAppend(&label, " B");
  if (setup.memory_bytes != 0) absl::StrAppend(&label, " in ", setup.memory_bytes / kMiB, " MiB");
  if (setup.records) absl::StrAppend(&label, ", records");
  return label;
}

}  // namespace twincached::bench
