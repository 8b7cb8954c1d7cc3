#include "net/clock.h"

#include <time.h>

namespace twincached::net {
namespace {

int64_t ReadUs(clockid_t clock) {
  timespec time;
  clock_gettime(clock, &time);
  return int64_t{time.tv_sec} * 1000000 + time.tv_nsec / 1000;
}

}  // namespace

int64_t MonotonicUs() { return ReadUs(CLOCK_MONOTONIC); }
int64_t BoottimeMs() { return ReadUs(CLOCK_BOOTTIME) / 1000; }
int64_t UnixMs() { return ReadUs(CLOCK_REALTIME) / 1000; }
int64_t ThreadCpuUs() { return ReadUs(CLOCK_THREAD_CPUTIME_ID); }

}  // namespace twincached::net
