#include "tests/bench/replay/zipf.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <vector>

namespace twincached::bench {
namespace {

constexpr int kSamples = 400000;
// In standard deviations of a count. One count in two million is further off by chance; the seeds
// are fixed, so a test that passes once always does.
constexpr double kDeviationsMax = 5;

std::vector<double> ExactProbabilities(uint32_t n, double exponent) {
  std::vector<double> weights(n + 1, 0);
  double sum = 0;
  for (uint32_t k = n; k >= 1; --k) sum += weights[k] = std::pow(k, -exponent);
  for (double& weight : weights) weight /= sum;
  return weights;
}

void ExpectCount(double count, double probability, const char* what) {
  const double deviation = std::sqrt(kSamples * probability * (1 - probability));
  EXPECT_NEAR(count, kSamples * probability, kDeviationsMax * deviation + 1e-9) << what;
}

class ZipfExponent : public testing::TestWithParam<double> {};

TEST_P(ZipfExponent, EveryRankHasItsExactProbability) {
  for (const uint32_t n : {1u, 2u, 3u, 10u, 50u}) {
    const Zipf zipf(n, GetParam());
    RandomBits random(n);
    std::vector<int> counts(n + 1, 0);
    for (int i = 0; i < kSamples; ++i) {
      const uint32_t rank = zipf.Next(&random);
      ASSERT_GE(rank, 1u);
      ASSERT_LE(rank, n);
      ++counts[rank];
    }
    const std::vector<double> exact = ExactProbabilities(n, GetParam());
    for (uint32_t k = 1; k <= n; ++k) ExpectCount(counts[k], exact[k], "a rank of few");
  }
}

TEST_P(ZipfExponent, TheTailOfAMillionRanksHasItsShare) {
  constexpr uint32_t kRanks = 1000000;
  const std::vector<double> exact = ExactProbabilities(kRanks, GetParam());
  const Zipf zipf(kRanks, GetParam());
  RandomBits random(7);
  int first = 0;
  int first_thousand = 0;
  int upper_half = 0;
  for (int i = 0; i < kSamples; ++i) {
    const uint32_t rank = zipf.Next(&random);
    first += rank == 1 ? 1 : 0;
    first_thousand += rank <= 1000 ? 1 : 0;
    upper_half += rank > kRanks / 2 ? 1 : 0;
  }
  double exact_thousand = 0;
  double exact_half = 0;
  for (uint32_t k = 1; k <= 1000; ++k) exact_thousand += exact[k];
  for (uint32_t k = kRanks; k > kRanks / 2; --k) exact_half += exact[k];
  ExpectCount(first, exact[1], "the first rank");
  ExpectCount(first_thousand, exact_thousand, "the first thousand");
  ExpectCount(upper_half, exact_half, "the upper half");
}

INSTANTIATE_TEST_SUITE_P(Exponents, ZipfExponent,
                         testing::Values(0.01, 0.5, 0.8, 0.99, 1.0, 1.0000001, 1.2, 2.0, 6.0));

TEST(Zipf, ExtremeExponentsStayInRange) {
  for (const double exponent : {1e-9, 30.0, 500.0}) {
    const Zipf zipf(4000000000u, exponent);
    RandomBits random(3);
    for (int i = 0; i < 10000; ++i) {
      const uint32_t rank = zipf.Next(&random);
      ASSERT_GE(rank, 1u);
      ASSERT_LE(rank, 4000000000u);
    }
  }
}

TEST(Zipf, TheSameSeedGivesTheSameRanks) {
  const Zipf zipf(1000000, 0.99);
  RandomBits random(5);
  RandomBits again(5);
  RandomBits other(6);
  int equal_to_other = 0;
  for (int i = 0; i < 1000; ++i) {
    const uint32_t rank = zipf.Next(&random);
    ASSERT_EQ(rank, zipf.Next(&again));
    equal_to_other += rank == zipf.Next(&other) ? 1 : 0;
  }
  EXPECT_LT(equal_to_other, 100);
}

TEST(RandomBits, UnitIsAtLeastZeroAndBelowOne) {
  EXPECT_EQ(UnitFromBits(0), 0.0);
  EXPECT_LT(UnitFromBits(UINT64_MAX), 1.0);
  EXPECT_GT(UnitFromBits(UINT64_MAX), 0.9999999999999);
}

}  // namespace
}  // namespace twincached::bench
