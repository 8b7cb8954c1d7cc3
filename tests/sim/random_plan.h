// From a seed to a world's plan: which faults, when, on what machines.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tests/sim/world.h"

namespace twincached::sim {

// Three seeds of four end processes, again and again (the promise has no exception then), or break
// the link; some of them take the power away or stop both hosts at once. The fourth also cuts,
// stops, slows, hangs a core and corrupts.
WorldPlan MakeRandomPlan(uint64_t seed);

// A scenario file: actions (action.h) on two hosts with a load of four clients.
absl::StatusOr<WorldPlan> MakeScenarioPlan(absl::string_view text);

}  // namespace twincached::sim
