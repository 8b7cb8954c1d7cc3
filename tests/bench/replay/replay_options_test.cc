#include "tests/bench/replay/replay_options.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace twincached::bench {
namespace {

ParsedReplay Parse(std::vector<std::string> words, ReplayOptions* options, std::string* text) {
  words.insert(words.begin(), "replay");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(&word[0]);
  return ParseReplayOptions(static_cast<int>(words.size()), argv.data(), options, text);
}

TEST(ReplayOptions, ReadsEveryFlag) {
  ReplayOptions options;
  std::string text;
  const std::vector<std::string> words = {"--target",
                                          "127.0.0.1:11211",
                                          "--target=127.0.0.2:1",
                                          "--trace",
                                          "scan",
                                          "--keys",
                                          "7",
                                          "--requests",
                                          "100",
                                          "--warm-up",
                                          "50",
                                          "--batch",
                                          "9",
                                          "--seed",
                                          "3",
                                          "--timeout-ms",
                                          "5",
                                          "--json"};
  ASSERT_EQ(Parse(words, &options, &text), ParsedReplay::kRun) << text;
  ASSERT_EQ(options.targets.size(), 2u);
  EXPECT_EQ(options.targets[0].ToString(), "127.0.0.1:11211");
  EXPECT_EQ(options.targets[1].ToString(), "127.0.0.2:1");
  EXPECT_EQ(options.shape, FindTraceShape("scan"));
  EXPECT_EQ(options.keys, 7u);
  EXPECT_EQ(options.length.requests, 100u);
  EXPECT_EQ(options.length.warm_up, 50u);
  EXPECT_EQ(options.length.batch, 9u);
  EXPECT_EQ(options.seed, 3u);
  EXPECT_EQ(options.timeout_ms, 5);
  EXPECT_TRUE(options.json);
  EXPECT_FALSE(options.working_set);
}

TEST(ReplayOptions, TheWorkingSetNeedsNoTarget) {
  ReplayOptions options;
  std::string text;
  EXPECT_EQ(Parse({"--working-set"}, &options, &text), ParsedReplay::kRun) << text;
  EXPECT_TRUE(options.working_set);
  EXPECT_EQ(options.shape, FindTraceShape("zipf-0.99"));
}

TEST(ReplayOptions, HelpNamesTheTraces) {
  ReplayOptions options;
  std::string text;
  ASSERT_EQ(Parse({"--help"}, &options, &text), ParsedReplay::kHelp);
  for (const TraceShape& shape : kTraceShapes) {
    EXPECT_NE(text.find(std::string(shape.name)), std::string::npos) << shape.name;
  }
}

TEST(ReplayOptions, RefusesWhatIsOutOfRangeOrUnknown) {
  const std::vector<std::vector<std::string>> refused = {
      {},
      {"--target", "127.0.0.1"},
      {"--target", ":11211"},
      {"--target", "127.0.0.1:0"},
      {"--target", "127.0.0.1:65536"},
      {"--target", "127.0.0.1:x"},
      {"--working-set", "--trace", "zipf"},
      {"--working-set", "--keys", "0"},
      {"--working-set", "--keys", "2147483649"},
      {"--working-set", "--keys", "-1"},
      {"--working-set", "--requests", "0"},
      {"--working-set", "--batch", "0"},
      {"--working-set", "--batch", "513"},
      {"--working-set", "--timeout-ms", "0"},
      {"--working-set", "--requests", "10", "--warm-up", "10"},
      {"--working-set", "--warm-up", "x"},
      {"--working-set", "--bogus"},
      {"--working-set", "stray"},
  };
  for (const std::vector<std::string>& words : refused) {
    ReplayOptions options;
    std::string text;
    const std::string last = words.empty() ? "nothing" : words.back();
    EXPECT_EQ(Parse(words, &options, &text), ParsedReplay::kWrong) << last;
    EXPECT_FALSE(text.empty()) << last;
    EXPECT_EQ(text.find('\n'), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace twincached::bench
