// The floor answers what the load generator asks, in order and however its input is cut.

#include "tests/bench/floor/floor_store.h"

#include <gtest/gtest.h>

#include <string>

namespace twincached::bench {
namespace {

constexpr char kScript[] =
    "get a\r\nset a 7 0 5\r\nhe\r\no\r\nget a\r\nset a 0 0 0\r\n\r\nget a\r\nversion\r\nwhat\r\n";
constexpr char kReplies[] =
    "END\r\nSTORED\r\nVALUE a 7 5\r\nhe\r\no\r\nEND\r\nSTORED\r\nVALUE a 0 0\r\n\r\nEND\r\n"
    "VERSION 0.0.0-floor\r\nERROR\r\n";

TEST(FloorStore, AnswersAPipelineInOrder) {
  FloorStore store;
  std::string output;
  const FloorStore::Progress progress = store.AnswerAll(kScript, &output);
  EXPECT_EQ(output, kReplies);
  EXPECT_EQ(progress.bytes, sizeof(kScript) - 1);
  EXPECT_FALSE(progress.hang_up);
}

TEST(FloorStore, AnswersTheSameUnderEverySplit) {
  const std::string script = kScript;
  for (size_t split = 1; split < script.size(); ++split) {
    FloorStore store;
    std::string output;
    const size_t done = store.AnswerAll(script.substr(0, split), &output).bytes;
    ASSERT_LE(done, split);
    store.AnswerAll(script.substr(done), &output);
    ASSERT_EQ(output, kReplies) << split;
  }
}

TEST(FloorStore, SaysHowMuchAHalfArrivedSetWants) {
  FloorStore store;
  std::string output;
  const std::string request = "set a 0 0 10\r\n0123456789\r\n";
  const FloorStore::Progress progress = store.AnswerAll(request.substr(0, 20), &output);
  EXPECT_EQ(progress.bytes, 0u);
  EXPECT_EQ(progress.bytes_wanted, request.size());
}

TEST(FloorStore, HangsUpOnQuitAndOnWhatItCannotGoOnBehind) {
  for (const char* last : {"quit\r\n", "set a 0 0 x\r\n", "set a\r\n", "set a 0 0 999999999\r\n"}) {
    FloorStore store;
    std::string output;
    EXPECT_TRUE(store.AnswerAll(std::string("get b\r\n") + last, &output).hang_up) << last;
    EXPECT_EQ(output.substr(0, 5), "END\r\n");
  }
  FloorStore store;
  std::string output;
  EXPECT_TRUE(store.AnswerAll(std::string(kFloorLineBytesMax + 1, 'x'), &output).hang_up);
}

}  // namespace
}  // namespace twincached::bench
