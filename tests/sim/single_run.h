// One world, told as a story: for a person who wants to know why a seed failed.
#pragma once

#include "tests/sim/world.h"

namespace twincached::sim {

// Exit codes as main.cc's.
int Tell(WorldPlan plan, bool verbose);

}  // namespace twincached::sim
