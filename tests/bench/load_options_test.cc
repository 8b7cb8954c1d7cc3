#include "tests/bench/load_options.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace twincached::bench {
namespace {

bool Parse(std::vector<std::string> words, LoadOptions* options, std::string* error) {
  words.insert(words.begin(), "load");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(&word[0]);
  argv.push_back(nullptr);
  return ParseLoadOptions(static_cast<int>(words.size()), argv.data(), options, error);
}

TEST(LoadOptions, DefaultsAreTheComparisonsOwn) {
  LoadOptions options;
  std::string error;
  ASSERT_TRUE(Parse({}, &options, &error)) << error;
  EXPECT_EQ(options.connections, 50);
  EXPECT_EQ(options.pipeline, 1);
  EXPECT_EQ(options.value_bytes, 100u);
  EXPECT_EQ(options.key_bytes, 20u);
  EXPECT_EQ(options.keys, 100000u);
  EXPECT_DOUBLE_EQ(options.get_ratio, 0.9);
}

TEST(LoadOptions, ReadsEveryFlag) {
  LoadOptions options;
  std::string error;
  ASSERT_TRUE(Parse({"--host",
                     "127.0.0.2",
                     "--port=1,2,65535",
                     "--connections",
                     "3",
                     "--pipeline",
                     "4",
                     "--get-ratio",
                     "0.25",
                     "--value-size",
                     "5",
                     "--keys",
                     "6",
                     "--key-size",
                     "30",
                     "--seconds",
                     "0.5",
                     "--warmup",
                     "0",
                     "--rate",
                     "1000",
                     "--seed",
                     "8",
                     "--prefill",
                     "--pid",
                     "10,11",
                     "--trace",
                     "t",
                     "--json"},
                    &options, &error))
      << error;
  EXPECT_EQ(options.host, "127.0.0.2");
  EXPECT_EQ(options.ports, (std::vector<uint16_t>{1, 2, 65535}));
  EXPECT_EQ(options.connections, 3);
  EXPECT_EQ(options.pipeline, 4);
  EXPECT_DOUBLE_EQ(options.get_ratio, 0.25);
  EXPECT_EQ(options.value_bytes, 5u);
  EXPECT_EQ(options.keys, 6u);
  EXPECT_EQ(options.key_bytes, 30u);
  EXPECT_DOUBLE_EQ(options.seconds, 0.5);
  EXPECT_DOUBLE_EQ(options.warmup_seconds, 0);
  EXPECT_DOUBLE_EQ(options.rate, 1000);
  EXPECT_EQ(options.seed, 8u);
  EXPECT_TRUE(options.prefill);
  EXPECT_EQ(options.server_pids, (std::vector<int>{10, 11}));
  EXPECT_EQ(options.trace_path, "t");
  EXPECT_TRUE(options.json);
}

TEST(LoadOptions, RefusesWhatIsOutOfRangeOrUnknown) {
  const std::vector<std::vector<std::string>> refused = {
      {"--port", "0"},
      {"--port", "65536"},
      {"--port", "1,,2"},
      {"--connections", "0"},
      {"--pipeline", "-1"},
      {"--pipeline", "x"},
      {"--get-ratio", "1.1"},
      {"--get-ratio", "nan"},
      {"--key-size", "11"},
      {"--key-size", "251"},
      {"--keys", "0"},
      {"--seconds", "-1"},
      {"--keys", "4294967296"},
      {"--rate", "-5"},
      {"--pid", "0"},
      {"--bogus"},
      {"--port"},
      {"stray"},
  };
  for (const std::vector<std::string>& words : refused) {
    LoadOptions options;
    std::string error;
    EXPECT_FALSE(Parse(words, &options, &error)) << words[0];
    EXPECT_FALSE(error.empty()) << words[0];
  }
}

TEST(LoadOptions, RefusesBuffersBeyondTheBound) {
  LoadOptions options;
  std::string error;
  EXPECT_FALSE(Parse({"--connections", "10000", "--pipeline", "10000"}, &options, &error));
  EXPECT_NE(error.find("limit"), std::string::npos) << error;
}

}  // namespace
}  // namespace twincached::bench
