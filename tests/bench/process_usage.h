// ProcessUsage: what a process has used so far, as the kernel's /proc tells it.
//
// What it is: CPU time of all threads, in nanoseconds where the kernel keeps schedstat, else in
// clock ticks of utime + stime, and resident memory. What it is not: a rate; subtract two
// readings. Linux only.
#pragma once

#include <cstdint>

namespace twincached::bench {

struct ProcessUsage {
  uint64_t cpu_ns = 0;
  uint64_t resident_bytes = 0;
};

// Reads the usage of `pid`. False when there is no such process, or it may not be read.
bool ReadProcessUsage(int pid, ProcessUsage* usage);

// CPU time that this process has used so far.
uint64_t OwnCpuNs();

// Memory of this process that is resident, page by page and not as the kernel estimates it: slow.
uint64_t OwnResidentBytes();

}  // namespace twincached::bench
