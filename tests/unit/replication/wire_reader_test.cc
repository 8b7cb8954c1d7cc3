#include "proto/replication/wire_reader.h"

#include <gtest/gtest.h>

#include <string>

namespace twincached::replication {
namespace {

std::string Bytes(std::initializer_list<int> values) {
  std::string bytes;
  for (int value : values) bytes.push_back(static_cast<char>(value));
  return bytes;
}

// The number, when all of the bytes are it.
testing::AssertionResult IsVarint(int bits, const std::string& bytes, uint64_t expected) {
  absl::string_view in = bytes;
  uint64_t value = 0;
  if (!TakeVarint(bits, &in, &value)) return testing::AssertionFailure() << "refused";
  if (!in.empty()) return testing::AssertionFailure() << in.size() << " bytes left";
  return value == expected ? testing::AssertionSuccess() : testing::AssertionFailure() << value;
}

bool TakesVarint(int bits, const std::string& bytes) {
  absl::string_view in = bytes;
  uint64_t value = 0;
  return TakeVarint(bits, &in, &value);
}

TEST(WireReader, TakesVarintsUpToTheirBits) {
  EXPECT_TRUE(IsVarint(32, Bytes({0}), 0));
  EXPECT_TRUE(IsVarint(32, Bytes({0x7f}), 127));
  EXPECT_TRUE(IsVarint(32, Bytes({0x80, 0x01}), 128));
  EXPECT_TRUE(IsVarint(32, Bytes({0x80, 0x00}), 0)) << "longer than it needs to be";
  EXPECT_TRUE(IsVarint(32, Bytes({0xff, 0xff, 0xff, 0xff, 0x0f}), UINT32_MAX));
  EXPECT_TRUE(IsVarint(64, Bytes({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}),
                       UINT64_MAX));
}

TEST(WireReader, RefusesVarintsThatDoNotFit) {
  EXPECT_FALSE(TakesVarint(32, Bytes({0xff, 0xff, 0xff, 0xff, 0x10})));
  EXPECT_FALSE(TakesVarint(32, Bytes({0x80, 0x80, 0x80, 0x80, 0x80, 0x00})));
  EXPECT_FALSE(
      TakesVarint(64, Bytes({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02})));
}

TEST(WireReader, RefusesWhatIsCutOff) {
  EXPECT_FALSE(TakesVarint(64, ""));
  EXPECT_FALSE(TakesVarint(64, Bytes({0x80})));
  absl::string_view in = "1234567";
  uint64_t value = 0;
  EXPECT_FALSE(TakeFixed64(&in, &value));
  absl::string_view bytes;
  in = "\003ab";
  EXPECT_FALSE(TakeBytes(&in, &bytes));
}

TEST(WireReader, TakesFixedNumbersLittleEndian) {
  const std::string encoded = Bytes({0xf1, 2, 3, 4, 5, 6, 7, 8, 9});
  absl::string_view in = encoded;
  uint64_t value = 0;
  ASSERT_TRUE(TakeFixed64(&in, &value));
  EXPECT_EQ(value, 0x08070605040302f1u);
  EXPECT_EQ(in, "\t");
}

TEST(WireReader, TakesBytesBehindTheirLength) {
  absl::string_view in = "\003abcd";
  absl::string_view bytes;
  ASSERT_TRUE(TakeBytes(&in, &bytes));
  EXPECT_EQ(bytes, "abc");
  EXPECT_EQ(in, "d");
}

TEST(WireReader, TakesATagOnlyWhenItIsThere) {
  absl::string_view in = "\012x";
  EXPECT_FALSE(TakeTag(VarintTag(1), &in));
  EXPECT_EQ(in.size(), 2u);
  EXPECT_TRUE(TakeTag(LengthDelimitedTag(1), &in));
  EXPECT_EQ(in, "x");
  in = "";
  EXPECT_FALSE(TakeTag(LengthDelimitedTag(1), &in));
}

}  // namespace
}  // namespace twincached::replication
