#include "tests/bench/latency_histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace twincached::bench {
namespace {

TEST(LatencyHistogram, EmptyAnswersZero) {
  const LatencyHistogram histogram;
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.PercentileNs(99), 0u);
  EXPECT_EQ(histogram.MeanNs(), 0u);
  EXPECT_EQ(histogram.max_ns(), 0u);
}

TEST(LatencyHistogram, OneValueIsEveryPercentile) {
  LatencyHistogram histogram;
  histogram.Record(1234567);
  for (const double percent : {0.0, 50.0, 99.9, 100.0}) {
    EXPECT_EQ(histogram.PercentileNs(percent), 1234567u) << percent;
  }
}

TEST(LatencyHistogram, SmallValuesAreExact) {
  LatencyHistogram histogram;
  for (uint64_t ns = 1; ns <= 100; ++ns) histogram.Record(ns);
  EXPECT_EQ(histogram.PercentileNs(50), 50u);
  EXPECT_EQ(histogram.PercentileNs(99), 99u);
  EXPECT_EQ(histogram.PercentileNs(100), 100u);
  EXPECT_EQ(histogram.MeanNs(), 50u);
}

// Every value around every power of two, alone in its bucket's neighbourhood.
TEST(LatencyHistogram, AnyValueIsBoundedFromAboveWithin2Percent) {
  for (int bit = 0; bit < 40; ++bit) {
    for (int64_t offset = -2; offset <= 2; ++offset) {
      const int64_t signed_value = (int64_t{1} << bit) + offset;
      if (signed_value < 0 || signed_value >= (int64_t{1} << 40)) continue;
      const uint64_t value = static_cast<uint64_t>(signed_value);
      LatencyHistogram histogram;
      histogram.Record(value);
      histogram.Record((uint64_t{1} << 40) - 1);
      const uint64_t answer = histogram.PercentileNs(50);
      EXPECT_GE(answer, value);
      EXPECT_LE(static_cast<double>(answer), static_cast<double>(value) * 1.016 + 0.5);
    }
  }
}

TEST(LatencyHistogram, PercentilesMatchASortedList) {
  LatencyHistogram histogram;
  std::vector<uint64_t> values;
  uint64_t state = 42;
  for (int i = 0; i < 20000; ++i) {
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    const uint64_t value = (state >> 33) % (uint64_t{1} << (10 + i % 20));
    values.push_back(value);
    histogram.Record(value);
  }
  std::sort(values.begin(), values.end());
  uint64_t last = 0;
  for (const double percent : {1.0, 10.0, 50.0, 90.0, 99.0, 99.9, 100.0}) {
    const size_t rank = static_cast<size_t>(std::ceil(percent / 100 * values.size()));
    const double exact = static_cast<double>(values[rank - 1]);
    const uint64_t answer = histogram.PercentileNs(percent);
    EXPECT_GE(static_cast<double>(answer), exact) << percent;
    EXPECT_LE(static_cast<double>(answer), exact * 1.016 + 1) << percent;
    EXPECT_GE(answer, last);
    last = answer;
  }
  EXPECT_EQ(histogram.PercentileNs(100), values.back());
}

TEST(LatencyHistogram, ValueBeyondTheRangeKeepsTheExactMaximum) {
  LatencyHistogram histogram;
  histogram.Record(5);
  histogram.Record(UINT64_MAX / 2);
  EXPECT_EQ(histogram.max_ns(), UINT64_MAX / 2);
  EXPECT_EQ(histogram.PercentileNs(50), 5u);
  EXPECT_LE(histogram.PercentileNs(100), histogram.max_ns());
}

TEST(LatencyHistogram, MergeIsTheSameAsRecordingBoth) {
  LatencyHistogram low, high, both;
  for (uint64_t i = 0; i < 1000; ++i) {
    low.Record(i);
    both.Record(i);
    high.Record(i * 1000);
    both.Record(i * 1000);
  }
  low.Merge(high);
  EXPECT_EQ(low.count(), 2000u);
  EXPECT_EQ(low.max_ns(), both.max_ns());
  EXPECT_EQ(low.MeanNs(), both.MeanNs());
  for (const double percent : {10.0, 50.0, 75.0, 99.0}) {
    EXPECT_EQ(low.PercentileNs(percent), both.PercentileNs(percent));
  }
}

TEST(LatencyHistogram, ResetForgetsEverything) {
  LatencyHistogram histogram;
  histogram.Record(77);
  histogram.Reset();
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.max_ns(), 0u);
  EXPECT_EQ(histogram.PercentileNs(100), 0u);
}

}  // namespace
}  // namespace twincached::bench
