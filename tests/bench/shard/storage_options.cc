#include "tests/bench/shard/storage_options.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/bench/read_flags.h"

namespace twincached::bench {
namespace {

constexpr uint64_t kItemsMax = 1'000'000'000;
constexpr uint64_t kValueBytesMax = (1u << 20) - 512;
constexpr uint64_t kMemoryMiBMax = 1u << 20;
constexpr uint64_t kRoundsMax = 100;
constexpr uint64_t kLimitUsMax = 60'000'000;

enum Flag { kItems = 1, kOperations, kValueBytes, kMemory, kRecords, kLimit, kRounds, kSeed };
enum MoreFlags { kCheck = kSeed + 1, kJson, kHelp };

constexpr option kFlags[] = {
    {"items", required_argument, nullptr, kItems},
    {"operations", required_argument, nullptr, kOperations},
    {"value-size", required_argument, nullptr, kValueBytes},
    {"memory-mib", required_argument, nullptr, kMemory},
    {"records", no_argument, nullptr, kRecords},
    {"limit-us", required_argument, nullptr, kLimit},
    {"rounds", required_argument, nullptr, kRounds},
    {"seed", required_argument, nullptr, kSeed},
    {"check", no_argument, nullptr, kCheck},
    {"json", no_argument, nullptr, kJson},
    {"help", no_argument, nullptr, kHelp},
    {nullptr, 0, nullptr, 0},
};

bool ReadNumber(absl::string_view text, uint64_t max, uint64_t* value) {
  return absl::SimpleAtoi(text, value) && *value >= 1 && *value <= max;
}

bool ReadFlag(int flag, absl::string_view text, StorageOptions* options) {
  uint64_t number = 0;
  switch (flag) {
    case kItems:
      return ReadNumber(text, kItemsMax, &options->sizes.items);
    case kOperations:
      return ReadNumber(text, kItemsMax, &options->sizes.operations);
    case kValueBytes:
      if (!ReadNumber(text, kValueBytesMax, &number)) return false;
      options->sizes.value_bytes = number;
      return true;
    case kMemory:
      if (!ReadNumber(text, kMemoryMiBMax, &number)) return false;
      options->sizes.memory_bytes = number << 20;
      return true;
    case kLimit:
      return ReadNumber(text, kLimitUsMax, &options->limit_us);
    case kRounds:
      return ReadNumber(text, kRoundsMax, &options->rounds);
    case kSeed:
      return ReadNumber(text, ~uint64_t{0}, &options->seed);
    case kRecords:
      return options->sizes.records = true;
    case kCheck:
      return options->check = true;
    case kJson:
      return options->json = true;
    default:
      return options->help = true;
  }
}

}  // namespace

bool ParseStorageOptions(int argc, char** argv, StorageOptions* options, std::string* error) {
  const auto read = [&](int flag, absl::string_view text) { return ReadFlag(flag, text, options); };
  *error = ReadFlags(argc, argv, kFlags, read);
  if (!error->empty()) return false;
  const std::vector<std::string> known = StorageWorkloads();
  for (; optind < argc; ++optind) {
    if (std::find(known.begin(), known.end(), argv[optind]) == known.end()) {
      *error = absl::StrCat("no such workload: '", argv[optind], "'; there are ",
                            absl::StrJoin(known, ", "));
      return false;
    }
    options->workloads.push_back(argv[optind]);
  }
  if (options->workloads.empty()) options->workloads = known;
  return true;
}

std::string StorageUsage() {
  return absl::StrCat(
      "storage [WORKLOAD...]: drives one shard without sockets, prints the thread CPU time of its\n"
      "operations, and memory. Workloads (all): ",
      absl::StrJoin(StorageWorkloads(), ", "),
      "\n"
      "Sizes are put in the place of a workload's own:\n"
      "  --items N          items, or keys\n"
      "  --operations N     in a phase without an end of its own\n"
      "  --value-size N     bytes\n"
      "  --memory-mib N     of the shard\n"
      "  --records          encode changes, as a master with a slave does\n"
      "  --limit-us N       thread CPU time that one operation may take (2000)\n"
      "  --rounds N         of each workload, always with the same calls (2)\n"
      "  --seed N           of the order of keys and sizes (1)\n"
      "  --check            exit code 1 when a call took more in every round\n"
      "  --json             print the report as one JSON object\n"
      "Exit codes: 0 done, 1 --check failed, 2 could not run.\n");
}

}  // namespace twincached::bench
