#include "tests/bench/shard/storage_options.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace twincached::bench {
namespace {

bool Parse(std::vector<std::string> words, StorageOptions* options, std::string* error) {
  words.insert(words.begin(), "storage");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(&word[0]);
  argv.push_back(nullptr);
  return ParseStorageOptions(static_cast<int>(words.size()), argv.data(), options, error);
}

TEST(StorageOptions, RunsEverythingWithinTwoMillisecondsUnlessTold) {
  StorageOptions options;
  std::string error;
  ASSERT_TRUE(Parse({}, &options, &error)) << error;
  EXPECT_EQ(options.workloads, StorageWorkloads());
  EXPECT_EQ(options.limit_us, 2000u);
  EXPECT_FALSE(options.check);
}

TEST(StorageOptions, ReadsEveryFlag) {
  StorageOptions options;
  std::string error;
  ASSERT_TRUE(
      Parse({"fill", "--items=1", "--operations", "2", "--value-size=3", "--memory-mib=4",
             "--records", "--limit-us=5", "--seed=6", "--rounds=7", "--check", "--json", "large"},
            &options, &error))
      << error;
  EXPECT_EQ(options.workloads, (std::vector<std::string>{"fill", "large"}));
  EXPECT_EQ(options.sizes.items, 1u);
  EXPECT_EQ(options.sizes.operations, 2u);
  EXPECT_EQ(options.sizes.value_bytes, 3u);
  EXPECT_EQ(options.sizes.memory_bytes, 4u << 20);
  EXPECT_TRUE(options.sizes.records);
  EXPECT_EQ(options.limit_us, 5u);
  EXPECT_EQ(options.seed, 6u);
  EXPECT_EQ(options.rounds, 7u);
  EXPECT_TRUE(options.check);
  EXPECT_TRUE(options.json);
}

TEST(StorageOptions, RefusesWhatItDoesNotKnow) {
  for (const char* word : {"fil", "--item", "--items=0", "--items=x", "--value-size=2000000"}) {
    StorageOptions options;
    std::string error;
    EXPECT_FALSE(Parse({word}, &options, &error)) << word;
    EXPECT_FALSE(error.empty()) << word;
  }
}

TEST(StorageCases, SizesTakeThePlaceOfACasesOwn) {
  StorageSizes sizes;
  sizes.items = 7;
  sizes.operations = 8;
  for (const std::string& workload : StorageWorkloads()) {
    for (const StorageCase& setup : CasesOf(workload, sizes)) {
      EXPECT_EQ(setup.workload, workload);
      EXPECT_TRUE(setup.items == 0 || setup.items == 7);
      EXPECT_TRUE(setup.operations == 0 || setup.operations == 8);
      EXPECT_GT(setup.value_bytes_min, 0u);
      EXPECT_LE(setup.value_bytes_min, setup.value_bytes_max);
    }
  }
}

TEST(StorageCases, LabelsSayTheSizes) {
  StorageCase setup;
  setup.workload = "fill";
  setup.items = 5;
  setup.value_bytes_min = 6;
  setup.value_bytes_max = 7;
  setup.memory_bytes = 8u << 20;
  setup.records = true;
  EXPECT_EQ(LabelOf(setup), "fill 5 x 6..7 B in 8 MiB, records");
}

}  // namespace
}  // namespace twincached::bench
