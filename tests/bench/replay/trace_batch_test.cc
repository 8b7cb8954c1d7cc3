#include "tests/bench/replay/trace_batch.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace twincached::bench {
namespace {

TEST(TraceBatch, OneKeyIsAskedForOnceHoweverOftenItComes) {
  TraceSource source(FindTraceShape("zipf-0.99"), 1, 1);
  TraceBatch batch;
  batch.Fill(&source, 5);
  EXPECT_EQ(batch.requests(), 5u);
  EXPECT_EQ(batch.get(), "get k0000000000000000000\r\n");
  ASSERT_EQ(batch.asked().size(), 1u);
  EXPECT_EQ(batch.asked()[0].key, "k0000000000000000000");
  EXPECT_EQ(batch.Repeats(0), 5u);
}

TEST(TraceBatch, HoldsTheRequestsOfTheTrace) {
  const TraceShape* shape = FindTraceShape("mixed");
  TraceSource source(shape, 3000000, 1);
  TraceSource same(shape, 3000000, 1);
  TraceBatch batch;
  for (int i = 0; i < 20; ++i) {
    batch.Fill(&source, 32);
    std::string sets;
    std::string get = "get";
    size_t repeats = 0;
    for (size_t index = 0; index < batch.asked().size(); ++index) {
      batch.AppendSet(index, &sets);
      absl::StrAppend(&get, " ", batch.asked()[index].key);
      repeats += batch.Repeats(index);
    }
    EXPECT_EQ(batch.get(), absl::StrCat(get, "\r\n"));
    EXPECT_EQ(repeats, 32u);
    for (int k = 0; k < 32; ++k) {
      const TraceRequest request = same.Next();
      const std::string digits = absl::StrCat(request.key);
      const std::string key = "k" + std::string(kTraceKeyBytes - 1 - digits.size(), '0') + digits;
      EXPECT_TRUE(absl::StrContains(
          sets, absl::StrCat("set ", key, " 0 ", request.ttl_seconds, " ", request.value_bytes,
                             "\r\n", std::string(request.value_bytes, 'v'), "\r\n")));
    }
  }
}

}  // namespace
}  // namespace twincached::bench
