// From a seed to a world's plan: which faults, when, on what machines.
#pragma once

#include <cstdint>

#include "tests/sim/world.h"

namespace twincached::sim {

// Three seeds of four end processes, again and again (the promise has no exception then), or break
// the link; some of them take the power away or stop both hosts at once. The fourth also cuts,
// stops, slows, hangs a core and corrupts.
WorldPlan MakeRandomPlan(uint64_t seed);

}  // namespace twincached::sim
