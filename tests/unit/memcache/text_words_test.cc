#include "proto/memcache/text_words.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace twincached {
namespace {

std::vector<std::string> Split(absl::string_view line) {
  absl::string_view rest = line;
  const absl::string_view first = TakeWord(&rest);
  const TextWords words(first, rest);
  std::vector<std::string> result;
  for (size_t i = 0; i < words.size(); ++i) result.emplace_back(words[i].data(), words[i].size());
  return result;
}

using Words = std::vector<std::string>;

TEST(TextWords, AreWhatIsBetweenSpaces) {
  EXPECT_EQ(Split("set k 0 0 1"), (Words{"set", "k", "0", "0", "1"}));
  EXPECT_EQ(Split("  set   k "), (Words{"set", "k"}));
  EXPECT_EQ(Split("get a\tb\r"), (Words{"get", "a\tb\r"}));
}

TEST(TextWords, AnEmptyLineHasNone) {
  EXPECT_EQ(Split(""), Words());
  EXPECT_EQ(Split("    "), Words());
}

TEST(TextWords, EndAtTheTwentyThird) {
  std::string line;
  for (int i = 0; i < 40; ++i) line += "w" + std::to_string(i) + " ";
  const Words words = Split(line);
  ASSERT_EQ(words.size(), TextWords::kWordsMax);
  EXPECT_EQ(words.back(), "w22");
}

TEST(TextWords, TakeWordLeavesWhatFollows) {
  absl::string_view rest = " a  bc";
  EXPECT_EQ(TakeWord(&rest), "a");
  EXPECT_EQ(rest, "  bc");
  EXPECT_EQ(TakeWord(&rest), "bc");
  EXPECT_TRUE(rest.empty());
  EXPECT_TRUE(TakeWord(&rest).empty());
}

}  // namespace
}  // namespace twincached
