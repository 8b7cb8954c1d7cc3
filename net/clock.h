// The clocks of the machine. Only actors and tests read them; pure code gets times as arguments.
#pragma once

#include <cstdint>

namespace twincached::net {

int64_t MonotonicUs();  // does not count suspend
int64_t BoottimeMs();   // counts suspend: for limits on real time
int64_t UnixMs();       // wall clock; may jump
int64_t ThreadCpuUs();

}  // namespace twincached::net
