// The clocks that `storage` measures with, and what a look at them costs.
#pragma once

#include <cstdint>

namespace twincached::bench {

// What happened to this thread so far.
struct ThreadUsage {
  uint64_t minor_faults = 0;
  uint64_t preemptions = 0;
};

uint64_t ThreadCpuNs();
uint64_t WallNs();
ThreadUsage ReadThreadUsage();

// Both clocks, one after the other, as they are read behind each operation.
struct Moment {
  uint64_t cpu_ns = 0;
  uint64_t wall_ns = 0;
};
inline Moment Now() { return {ThreadCpuNs(), WallNs()}; }

// The thread CPU time between two moments with nothing between them.
struct ClockCost {
  uint64_t typical_ns = 0;  // the median
  uint64_t max_ns = 0;      // what the machine alone does to a measurement
};
ClockCost MeasureClockCost();

}  // namespace twincached::bench
