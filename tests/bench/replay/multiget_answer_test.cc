#include "tests/bench/replay/multiget_answer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace twincached::bench {
namespace {

using State = MultigetAnswer::State;

const std::vector<AskedKey> kAsked = {{"a", 3}, {"b", 0}, {"c", 5}};
const std::string kA = "VALUE a 0 3\r\nvvv\r\n";
const std::string kB = "VALUE b 0 0\r\n\r\n";
const std::string kC = "VALUE c 0 5\r\nE\r\nND\r\n";
const std::string kEnd = "END\r\n";

// Gives the answer in two pieces and checks that exactly it is taken.
MultigetAnswer Read(const std::string& text, size_t split) {
  MultigetAnswer answer;
  answer.Start(&kAsked);
  const size_t taken = answer.Take(absl::string_view(text).substr(0, split));
  EXPECT_LE(taken, split);
  if (answer.state() == State::kIncomplete) answer.Take(absl::string_view(text).substr(taken));
  return answer;
}

std::string FoundOf(const std::string& text) {
  std::string found;
  for (size_t split = 0; split <= text.size(); ++split) {
    const MultigetAnswer answer = Read(text, split);
    EXPECT_EQ(answer.state(), State::kComplete) << answer.error() << ", split at " << split;
    std::string now;
    for (size_t i = 0; i < kAsked.size(); ++i) now.push_back(answer.Found(i) ? '1' : '0');
    EXPECT_TRUE(split == 0 || now == found) << now << " and " << found << ", split at " << split;
    found = now;
  }
  return found;
}

TEST(MultigetAnswer, TellsHitsFromMisses) {
  EXPECT_EQ(FoundOf(kEnd), "000");
  EXPECT_EQ(FoundOf(kA + kEnd), "100");
  EXPECT_EQ(FoundOf(kB + kEnd), "010");
  EXPECT_EQ(FoundOf(kA + kC + kEnd), "101");
  EXPECT_EQ(FoundOf(kA + kB + kC + kEnd), "111");
}

TEST(MultigetAnswer, TakesValuesInAnyOrder) {
  EXPECT_EQ(FoundOf(kC + kA + kEnd), "101");
  EXPECT_EQ(FoundOf(kC + kB + kA + kEnd), "111");
}

TEST(MultigetAnswer, LeavesWhatIsBehindTheEnd) {
  MultigetAnswer answer;
  answer.Start(&kAsked);
  EXPECT_EQ(answer.Take(kA + kEnd + kEnd), kA.size() + kEnd.size());
  EXPECT_EQ(answer.state(), State::kComplete);
}

TEST(MultigetAnswer, EveryWrongAnswerIsBrokenUnderEverySplit) {
  const std::vector<std::string> wrong_answers = {
      "ERROR\r\n",
      "SERVER_ERROR out of memory\r\n",
      "STORED\r\n",
      "\r\n",
      "\n",
      "END\n",
      "END \r\n",
      kA + kA + kEnd,
      "VALUE d 0 3\r\nvvv\r\nEND\r\n",
      "VALUE  0 3\r\nvvv\r\nEND\r\n",
      "VALUE a 0\r\nvvv\r\nEND\r\n",
      "VALUE a 0 3 7\r\nvvv\r\nEND\r\n",
      "VALUE a x 3\r\nvvv\r\nEND\r\n",
      "VALUE a 0 +3\r\nvvv\r\nEND\r\n",
      "VALUE a 0 -3\r\nvvv\r\nEND\r\n",
      "VALUE a 0 4\r\nvvvv\r\nEND\r\n",
      "VALUE a 0 99999999999\r\n",
      "VALUE a 0 3\r\nvvvv\r\nEND\r\n",
      "value a 0 3\r\nvvv\r\nEND\r\n",
      std::string(5000, 'x'),
  };
  for (const std::string& text : wrong_answers) {
    for (size_t split = 0; split <= text.size(); ++split) {
      const MultigetAnswer answer = Read(text, split);
      EXPECT_EQ(answer.state(), State::kBroken) << text.substr(0, 60) << ", split at " << split;
      EXPECT_FALSE(answer.error().empty());
    }
  }
}

TEST(MultigetAnswer, NoProperPrefixIsAnAnswer) {
  const std::string text = kA + kC + kEnd;
  for (size_t bytes = 0; bytes < text.size(); ++bytes) {
    MultigetAnswer answer;
    answer.Start(&kAsked);
    answer.Take(absl::string_view(text).substr(0, bytes));
    EXPECT_EQ(answer.state(), State::kIncomplete) << bytes;
  }
}

TEST(MultigetAnswer, ShowsWhatItCouldNotRead) {
  EXPECT_NE(Read("SERVER_ERROR \x01no\r\n", 0).error().find("SERVER_ERROR \\x01no"),
            std::string::npos);
}

TEST(MultigetAnswer, ForgetsTheLastAnswer) {
  MultigetAnswer answer;
  answer.Start(&kAsked);
  answer.Take("ERROR\r\n");
  answer.Start(&kAsked);
  EXPECT_EQ(answer.Take(kEnd), kEnd.size());
  EXPECT_EQ(answer.state(), State::kComplete);
  EXPECT_FALSE(answer.Found(0));
  EXPECT_TRUE(answer.error().empty());
}

}  // namespace
}  // namespace twincached::bench
