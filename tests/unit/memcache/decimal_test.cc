#include "proto/memcache/decimal.h"

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace twincached {
namespace {

std::string Written(uint64_t value) {
  char digits[kDecimalDigitsMax];
  return std::string(digits, WriteDecimal(value, digits));
}

// The value, or "refused".
std::string U64(absl::string_view text) {
  uint64_t value = 0;
  return ParseUint64(text, &value) ? std::to_string(value) : "refused";
}

std::string U32(absl::string_view text) {
  uint32_t value = 0;
  return ParseUint32(text, &value) ? std::to_string(value) : "refused";
}

std::string I32(absl::string_view text) {
  int32_t value = 0;
  return ParseInt32(text, &value) ? std::to_string(value) : "refused";
}

TEST(Decimal, WritesEveryNumberOfDigits) {
  EXPECT_EQ(Written(0), "0");
  uint64_t value = 1;
  for (size_t digits = 1; digits <= kDecimalDigitsMax; ++digits) {
    EXPECT_EQ(Written(value), std::to_string(value));
    EXPECT_EQ(Written(value - 1), std::to_string(value - 1));
    EXPECT_EQ(Written(value + value / 7), std::to_string(value + value / 7));
    if (digits < kDecimalDigitsMax) value *= 10;
  }
  EXPECT_EQ(Written(std::numeric_limits<uint64_t>::max()), "18446744073709551615");
}

TEST(Decimal, WritesEverySmallNumber) {
  for (uint64_t value = 0; value <= 20000; ++value)
    ASSERT_EQ(Written(value), std::to_string(value));
}

TEST(Decimal, ReadsPlainNumbers) {
  EXPECT_EQ(U64("0"), "0");
  EXPECT_EQ(U64("7"), "7");
  EXPECT_EQ(U64("007"), "7");
  EXPECT_EQ(U64("18446744073709551615"), "18446744073709551615");
  EXPECT_EQ(U32("4294967295"), "4294967295");
  EXPECT_EQ(I32("2147483647"), "2147483647");
  EXPECT_EQ(I32("-2147483648"), "-2147483648");
}

TEST(Decimal, RefusesWhatIsNoNumber) {
  for (const char* text :
       {"", "+", "-", "x", "1x", "x1", "0x10", "1e1", "1.5", "--1", "+-1", "- 1", "\t", " "}) {
    EXPECT_EQ(U64(text), "refused") << text;
    EXPECT_EQ(U32(text), "refused") << text;
    EXPECT_EQ(I32(text), "refused") << text;
  }
}

TEST(Decimal, AllowsASignAndWhiteSpaceAroundAsStrtolDoes) {
  for (const char* text : {"+5", "\t5", "\v\f\r5", "5\t", "5\rx", "5\t-"}) {
    EXPECT_EQ(U64(text), "5") << text;
    EXPECT_EQ(U32(text), "5") << text;
    EXPECT_EQ(I32(text), "5") << text;
  }
}

TEST(Decimal, RefusesMoreThan64Bits) {
  EXPECT_EQ(U64("18446744073709551616"), "refused");
  EXPECT_EQ(U64("18446744073709551620"), "refused");
  EXPECT_EQ(U64("99999999999999999999999"), "refused");
  EXPECT_EQ(U32("18446744073709551616"), "refused");
  EXPECT_EQ(I32("9223372036854775808"), "refused");
  EXPECT_EQ(I32("-9223372036854775809"), "refused");
}

TEST(Decimal, CutsA64BitNumberTo32BitsAsMemcachedDoes) {
  EXPECT_EQ(U32("4294967296"), "0");
  EXPECT_EQ(U32("4294967297"), "1");
  EXPECT_EQ(I32("4294967297"), "1");
  EXPECT_EQ(I32("2147483648"), "-2147483648");
  EXPECT_EQ(I32("9223372036854775807"), "-1");
  EXPECT_EQ(I32("-9223372036854775808"), "0");
}

TEST(Decimal, RefusesANegativeUnsignedNumberWithItsTopBitSet) {
  EXPECT_EQ(U64("-1"), "refused");
  EXPECT_EQ(U32("-1"), "refused");
  EXPECT_EQ(U32("-4294967295"), "refused");
  EXPECT_EQ(U64("-0"), "0");
  EXPECT_EQ(U64("-18446744073709551615"), "1");
  EXPECT_EQ(U64("-9223372036854775809"), "9223372036854775807");
  EXPECT_EQ(U64("-9223372036854775808"), "refused");
  EXPECT_EQ(U64("18446744073709551615\t-"), "refused");
}

TEST(Decimal, LeavesTheValueAloneWhenItRefuses) {
  uint64_t wide = 42;
  uint32_t narrow = 42;
  int32_t whole = 42;
  EXPECT_FALSE(ParseUint64("x", &wide));
  EXPECT_FALSE(ParseUint32("-1", &narrow));
  EXPECT_FALSE(ParseInt32("9223372036854775808", &whole));
  EXPECT_EQ(wide, 42u);
  EXPECT_EQ(narrow, 42u);
  EXPECT_EQ(whole, 42);
}

}  // namespace
}  // namespace twincached
