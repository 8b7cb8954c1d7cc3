#include "tests/bench/shard/zipf_ranks.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace twincached::bench {
namespace {

constexpr double kTheta = 0.99;

TEST(ZipfRanks, StaysBelowTheCount) {
  for (const uint64_t count : {1, 2, 3, 1000}) {
    const ZipfRanks ranks(count, kTheta);
    for (const double uniform : {0.0, 0.25, 0.5, 0.75, 0.999999999}) {
      EXPECT_LT(ranks.RankOf(uniform), count);
    }
  }
}

TEST(ZipfRanks, GrowsWithTheUniformNumber) {
  const ZipfRanks ranks(1000, kTheta);
  uint64_t last = 0;
  for (int i = 0; i < 10000; ++i) {
    const uint64_t rank = ranks.RankOf(i / 10000.0);
    EXPECT_GE(rank, last);
    last = rank;
  }
  EXPECT_GT(last, 990u);
}

TEST(ZipfRanks, ComesInProportion) {
  constexpr int kSamples = 1'000'000;
  constexpr uint64_t kCount = 1000;
  const ZipfRanks ranks(kCount, kTheta);
  std::vector<double> found(kCount, 0);
  for (int i = 0; i < kSamples; ++i) ++found[ranks.RankOf((i + 0.5) / kSamples)];
  double zeta = 0;
  for (uint64_t i = 1; i <= kCount; ++i) zeta += std::pow(static_cast<double>(i), -kTheta);
  // The first two are exact; the method approximates the others.
  EXPECT_NEAR(found[0] / kSamples, 1 / zeta, 1e-5);
  EXPECT_NEAR(found[1] / kSamples, std::pow(2, -kTheta) / zeta, 1e-5);
  EXPECT_NEAR(found[99] / kSamples, std::pow(100, -kTheta) / zeta, 2e-4);
}

}  // namespace
}  // namespace twincached::bench
