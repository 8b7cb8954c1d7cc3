#include "tests/history/operation.h"

#include <gtest/gtest.h>

namespace twincached::history {
namespace {

Operation Make(Kind kind, Outcome outcome) {
  Operation operation;
  operation.client = 3;
  operation.kind = kind;
  operation.key = "k";
  operation.invoked_us = 120;
  operation.completed_us = 180;
  operation.answer.outcome = outcome;
  return operation;
}

TEST(Operation, IsDescribedWithAllThatMatters) {
  Operation set = Make(Kind::kSet, Outcome::kOk);
  set.value = "v5";
  set.ttl_us = 1000;
  EXPECT_EQ(Describe(set), "set \"v5\" for 1000 us [120, 180] by client 3: ok");

  Operation cas = Make(Kind::kCas, Outcome::kExists);
  cas.value = "v6";
  cas.cas = 17;
  EXPECT_EQ(Describe(cas), "cas \"v6\" over id 17 [120, 180] by client 3: exists");

  Operation gets = Make(Kind::kGets, Outcome::kOk);
  gets.answer.value = "v5";
  gets.answer.cas = 17;
  EXPECT_EQ(Describe(gets), "gets [120, 180] by client 3: \"v5\" with id 17");

  Operation incr = Make(Kind::kIncr, Outcome::kOk);
  incr.delta = 2;
  incr.answer.number = 9;
  EXPECT_EQ(Describe(incr), "incr by 2 [120, 180] by client 3: 9");
}

TEST(Operation, UnderWayHasNoEnd) {
  Operation get = Make(Kind::kGet, Outcome::kUnknown);
  EXPECT_EQ(Describe(get), "get [120, 180] by client 3: unknown");
  get.completed_us = kForever;
  EXPECT_EQ(Describe(get), "get [120, ...] by client 3: under way");
}

TEST(Operation, QuotesAreEscapedAndBounded) {
  EXPECT_EQ(Quote("a\"b\n"), "\"a\\\"b\\n\"");
  EXPECT_EQ(Quote(std::string(60, 'x')), "\"" + std::string(60, 'x') + "\"");
  EXPECT_EQ(Quote(std::string(61, 'x')), "\"" + std::string(60, 'x') + "\"... (61 bytes)");
}

TEST(Operation, NumbersAreDigitsBelow2To63) {
  uint64_t number = 0;
  EXPECT_TRUE(ParseNumber("0", &number));
  EXPECT_TRUE(ParseNumber("9223372036854775807", &number));
  EXPECT_EQ(number, 9223372036854775807u);
  EXPECT_TRUE(ParseNumber("9  ", &number));  // As decr leaves it.
  EXPECT_EQ(number, 9u);
  EXPECT_TRUE(ParseNumber("7", nullptr));
  for (const char* text : {"", " ", " 9", "-1", "+1", "9223372036854775808", "1a", "1.0"}) {
    EXPECT_FALSE(ParseNumber(text, &number)) << text;
  }
}

TEST(Operation, EveryNameIsItsOwn) {
  for (int i = 0; i < kKinds; ++i) {
    for (int j = 0; j < i; ++j) {
      EXPECT_NE(NameOf(static_cast<Kind>(i)), NameOf(static_cast<Kind>(j)));
    }
  }
  EXPECT_EQ(NameOf(Kind::kFlush), "flush");
  EXPECT_EQ(NameOf(Outcome::kFailed), "failed");
}

}  // namespace
}  // namespace twincached::history
