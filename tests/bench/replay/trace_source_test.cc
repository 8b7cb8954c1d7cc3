#include "tests/bench/replay/trace_source.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace twincached::bench {
namespace {

constexpr uint32_t kKeys = 800;
constexpr uint64_t kSeed = 1;
// In standard deviations of a count.
constexpr double kDeviationsMax = 5;

std::vector<TraceRequest> Requests(absl::string_view name, size_t count, uint64_t seed = kSeed) {
  const TraceShape* shape = FindTraceShape(name);
  EXPECT_NE(shape, nullptr) << name;
  TraceSource source(shape, kKeys, seed);
  std::vector<TraceRequest> requests;
  for (size_t i = 0; i < count; ++i) requests.push_back(source.Next());
  return requests;
}

bool AreEqual(const TraceRequest& a, const TraceRequest& b) {
  return a.key == b.key && a.value_bytes == b.value_bytes && a.ttl_seconds == b.ttl_seconds &&
         a.once == b.once;
}

double ZipfShare(double exponent, uint32_t rank) {
  double sum = 0;
  for (uint32_t k = kKeys; k >= 1; --k) sum += std::pow(k, -exponent);
  return std::pow(rank, -exponent) / sum;
}

void ExpectShare(size_t count, size_t samples, double share) {
  const double expected = static_cast<double>(samples) * share;
  EXPECT_NEAR(count, expected, kDeviationsMax * std::sqrt(expected * (1 - share)));
}

TEST(TraceSource, UnknownNamesHaveNoShape) {
  EXPECT_EQ(FindTraceShape("zipf"), nullptr);
  EXPECT_EQ(FindTraceShape(""), nullptr);
}

TEST(TraceSource, TheSameSeedGivesTheSameTrace) {
  for (const TraceShape& shape : kTraceShapes) {
    const auto requests = Requests(shape.name, 5000);
    const auto again = Requests(shape.name, 5000);
    const auto other = Requests(shape.name, 5000, kSeed + 1);
    size_t equal_to_other = 0;
    for (size_t i = 0; i < requests.size(); ++i) {
      ASSERT_TRUE(AreEqual(requests[i], again[i])) << shape.name << " request " << i;
      equal_to_other += AreEqual(requests[i], other[i]) ? 1 : 0;
    }
    EXPECT_LT(equal_to_other, 500u) << shape.name;
  }
}

TEST(TraceSource, SizeAndTimeToLiveBelongToTheKey) {
  for (const TraceShape& shape : kTraceShapes) {
    std::map<uint32_t, std::pair<uint32_t, uint32_t>> of_key;
    for (const TraceRequest& request : Requests(shape.name, 20000)) {
      const std::pair<uint32_t, uint32_t> now = {request.value_bytes, request.ttl_seconds};
      EXPECT_EQ(of_key.emplace(request.key, now).first->second, now) << shape.name;
      EXPECT_TRUE(shape.is_mixed || request.ttl_seconds == 0);
      EXPECT_TRUE(shape.has_scans || !request.once);
      EXPECT_TRUE(shape.has_scans || shape.shifts || request.key < kKeys);
    }
  }
}

TEST(TraceSource, PlainTracesAskByTheirExponent) {
  constexpr size_t kRequests = 200000;
  for (const absl::string_view name : {"zipf-0.8", "zipf-0.99", "zipf-1.2"}) {
    std::vector<size_t> counts(kKeys, 0);
    for (const TraceRequest& request : Requests(name, kRequests)) ++counts[request.key];
    for (const uint32_t rank : {1u, 2u, 10u, 100u, kKeys}) {
      const double share = ZipfShare(FindTraceShape(name)->exponent, rank);
      ExpectShare(counts[rank - 1], kRequests, share);
    }
  }
}

TEST(TraceSource, PlainValuesAreSpreadEvenly) {
  uint64_t sum = 0;
  std::set<uint32_t> sizes;
  std::set<uint32_t> keys;
  for (const TraceRequest& request : Requests("zipf-0.8", 50000)) {
    if (!keys.insert(request.key).second) continue;
    EXPECT_GE(request.value_bytes, kPlainValueBytesMin);
    EXPECT_LE(request.value_bytes, kPlainValueBytesMax);
    sizes.insert(request.value_bytes);
    sum += request.value_bytes;
  }
  EXPECT_EQ(keys.size(), kKeys);
  EXPECT_GT(sizes.size(), 90u);
  // The mean of 800 numbers out of 101 equally likely ones.
  EXPECT_NEAR(static_cast<double>(sum) / kKeys, 100, kDeviationsMax * 29.2 / std::sqrt(kKeys));
}

TEST(TraceSource, AScansKeysAreInARowAndNeverComeAgain) {
  constexpr size_t kRun = kKeys / kScanShare;
  std::map<uint32_t, size_t> times;
  std::set<uint32_t> scanned;
  uint32_t next = kKeys;
  const auto requests = Requests("scan", 3 * kRun * 10);
  for (size_t i = 0; i < requests.size(); ++i) {
    EXPECT_EQ(requests[i].once, i % (3 * kRun) >= 2 * kRun) << "request " << i;
    ++times[requests[i].key];
    if (!requests[i].once) continue;
    EXPECT_EQ(requests[i].key, next++);
    scanned.insert(requests[i].key);
  }
  EXPECT_EQ(scanned.size(), requests.size() / 3);
  for (const uint32_t key : scanned) EXPECT_EQ(times[key], 1u) << key;
}

TEST(TraceSource, BetweenScansTheRanksAreThoseOfZipf) {
  size_t first = 0;
  size_t others = 0;
  for (const TraceRequest& request : Requests("scan", 300000)) {
    first += request.key == 0 ? 1 : 0;
    others += request.once ? 0 : 1;
  }
  EXPECT_EQ(others, 200000u);
  ExpectShare(first, others, ZipfShare(0.99, 1));
}

TEST(TraceSource, TheWindowMovesByOneKeyInTwentyRequests) {
  const auto requests = Requests("shift", 200000);
  size_t newest = 0;
  for (size_t i = 0; i < requests.size(); ++i) {
    const size_t begin = i / kShiftRequests;
    ASSERT_GE(requests[i].key, begin);
    ASSERT_LT(requests[i].key, begin + kKeys);
    newest += requests[i].key == begin + kKeys - 1 ? 1 : 0;
  }
  ExpectShare(newest, requests.size(), ZipfShare(0.99, 1));
}

TEST(TraceSource, MixedSizesAreSkewed) {
  TraceSource source(FindTraceShape("mixed"), 100000, kSeed);
  std::vector<size_t> below(2, 0);
  std::set<uint32_t> keys;
  double sum = 0;
  while (keys.size() < 20000) {
    const TraceRequest request = source.Next();
    if (!keys.insert(request.key).second) continue;
    ASSERT_GE(request.value_bytes, kMixedValueBytesMin);
    ASSERT_LE(request.value_bytes, kMixedValueBytesMax);
    sum += request.value_bytes;
    below[0] += request.value_bytes < 70 ? 1 : 0;
    below[1] += request.value_bytes < 1000 ? 1 : 0;
  }
  const double whole = 1 - std::sqrt(20.0 / 4000);
  ExpectShare(below[0], keys.size(), (1 - std::sqrt(20.0 / 70)) / whole);
  ExpectShare(below[1], keys.size(), (1 - std::sqrt(20.0 / 1000)) / whole);
  EXPECT_NEAR(sum / 20000, 283, kDeviationsMax * 550 / std::sqrt(20000));
}

TEST(TraceSource, MixedTimesToLiveHaveTheirShares) {
  TraceSource source(FindTraceShape("mixed"), 100000, kSeed);
  std::map<uint32_t, size_t> counts;
  std::set<uint32_t> keys;
  while (keys.size() < 20000) {
    const TraceRequest request = source.Next();
    if (keys.insert(request.key).second) ++counts[request.ttl_seconds];
  }
  ASSERT_EQ(counts.size(), 4u);
  ExpectShare(counts[0], keys.size(), 0.4);
  for (const uint32_t ttl : {2u, 10u, 60u}) ExpectShare(counts[ttl], keys.size(), 0.2);
}

TEST(WorkingSet, CountsEachKeyThatMayComeAgainOnce) {
  constexpr uint64_t kKeyBytes = 20;
  for (const TraceShape& shape : kTraceShapes) {
    uint64_t expected = 0;
    std::set<uint32_t> keys;
    for (const TraceRequest& request : Requests(shape.name, 3000)) {
      if (request.once || !keys.insert(request.key).second) continue;
      expected += kKeyBytes + request.value_bytes;
    }
    EXPECT_EQ(WorkingSetBytes(TraceSource(&shape, kKeys, kSeed), 3000, kKeyBytes), expected)
        << shape.name;
  }
}

TEST(TraceSource, OneKeyIsATrace) {
  for (const TraceShape& shape : kTraceShapes) {
    TraceSource source(&shape, 1, kSeed);
    for (int i = 0; i < 100; ++i) source.Next();
  }
}

}  // namespace
}  // namespace twincached::bench
