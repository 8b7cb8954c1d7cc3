#include "tests/bench/request_text.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace twincached::bench {
namespace {

std::string Written(const RequestText& text, const Request& request) {
  std::vector<char> out(text.RequestBytesMax());
  const size_t bytes = text.Write(request, out.data());
  return std::string(out.data(), bytes);
}

TEST(RequestText, WritesGetAndSet) {
  const RequestText text(14, 3);
  EXPECT_EQ(Written(text, {RequestKind::kGet, 42}), "get k0000000000042\r\n");
  EXPECT_EQ(Written(text, {RequestKind::kSet, 42}), "set k0000000000042 0 0 3\r\nvvv\r\n");
}

TEST(RequestText, WritesTheLargestKey) {
  const RequestText text(kKeyBytesMin, 0);
  EXPECT_EQ(Written(text, {RequestKind::kGet, 4294967295u}), "get k04294967295\r\n");
  EXPECT_EQ(Written(text, {RequestKind::kSet, 4294967295u}), "set k04294967295 0 0 0\r\n\r\n");
}

TEST(RequestText, KeyIsTheOneInTheRequest) {
  const RequestText text(kKeyBytesMax, 1);
  char key[kKeyBytesMax];
  const std::string view(text.WriteKey(987654321, key));
  EXPECT_EQ(view.size(), kKeyBytesMax);
  EXPECT_EQ(Written(text, {RequestKind::kGet, 987654321}), "get " + view + "\r\n");
}

TEST(RequestText, LongestReplyIsAHit) {
  const RequestText text(20, 100);
  const std::string hit =
      "VALUE " + std::string(20, 'k') + " 0 100\r\n" + std::string(100, 'v') + "\r\nEND\r\n";
  EXPECT_EQ(text.ReplyBytesMax(), hit.size());
}

TEST(SequentialSets, SetsEveryKeyOnce) {
  SequentialSets source(3);
  Request request;
  for (uint32_t key = 0; key < 3; ++key) {
    ASSERT_TRUE(source.Next(&request));
    EXPECT_EQ(request.kind, RequestKind::kSet);
    EXPECT_EQ(request.key_index, key);
  }
  EXPECT_FALSE(source.Next(&request));
  EXPECT_FALSE(source.Next(&request));
}

TEST(RandomRequests, KeepsTheRatioAndTheKeySpace) {
  RandomRequests source(10, 0.9, 1);
  int gets = 0;
  std::set<uint32_t> get_keys, set_keys;
  for (int i = 0; i < 100000; ++i) {
    Request request;
    ASSERT_TRUE(source.Next(&request));
    ASSERT_LT(request.key_index, 10u);
    const bool is_get = request.kind == RequestKind::kGet;
    gets += is_get ? 1 : 0;
    (is_get ? get_keys : set_keys).insert(request.key_index);
  }
  EXPECT_NEAR(gets, 90000, 1000);
  EXPECT_EQ(get_keys.size(), 10u);
  EXPECT_EQ(set_keys.size(), 10u);
}

TEST(RandomRequests, RatioEndsAreExact) {
  for (const double ratio : {0.0, 1.0}) {
    RandomRequests source(100, ratio, 7);
    for (int i = 0; i < 10000; ++i) {
      Request request;
      ASSERT_TRUE(source.Next(&request));
      EXPECT_EQ(request.kind, ratio == 0.0 ? RequestKind::kSet : RequestKind::kGet);
    }
  }
}

TEST(RandomRequests, SameSeedSameRequests) {
  RandomRequests one(1000, 0.5, 99), other(1000, 0.5, 99), different(1000, 0.5, 100001);
  int differences = 0;
  for (int i = 0; i < 1000; ++i) {
    Request a, b, c;
    one.Next(&a);
    other.Next(&b);
    different.Next(&c);
    EXPECT_EQ(a.key_index, b.key_index);
    EXPECT_EQ(a.kind, b.kind);
    differences += a.key_index != c.key_index ? 1 : 0;
  }
  EXPECT_GT(differences, 900);
}

}  // namespace
}  // namespace twincached::bench
