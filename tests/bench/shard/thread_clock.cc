#include "tests/bench/shard/thread_clock.h"

#include <sys/resource.h>
#include <time.h>

#include "proto/check.h"
#include "tests/bench/latency_histogram.h"

namespace twincached::bench {
namespace {

constexpr int kClockSamples = 50'000;

uint64_t ReadNs(clockid_t clock) {
  timespec now;
  CHECK_EQ(clock_gettime(clock, &now), 0);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

}  // namespace

uint64_t ThreadCpuNs() { return ReadNs(CLOCK_THREAD_CPUTIME_ID); }

uint64_t WallNs() { return ReadNs(CLOCK_MONOTONIC); }

ThreadUsage ReadThreadUsage() {
  rusage usage;
  CHECK_EQ(getrusage(RUSAGE_THREAD, &usage), 0);
  return {static_cast<uint64_t>(usage.ru_minflt), static_cast<uint64_t>(usage.ru_nivcsw)};
}

ClockCost MeasureClockCost() {
  LatencyHistogram costs;
  Moment last = Now();
  for (int i = 0; i < kClockSamples; ++i) {
    const Moment now = Now();
    costs.Record(now.cpu_ns - last.cpu_ns);
    last = now;
  }
  return {costs.PercentileNs(50), costs.max_ns()};
}

}  // namespace twincached::bench
