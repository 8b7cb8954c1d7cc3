// From a seed to a world's plan: which faults, when, on what machines.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tests/sim/world.h"

namespace twincached::sim {

// Three seeds of four end processes, again and again (the promise has no exception then); the
// fourth also cuts, stops, slows, resets and corrupts.
WorldPlan MakeRandomPlan(uint64_t seed);

// A scenario file: actions (action.h) on two hosts with a load of four clients.
absl::StatusOr<WorldPlan> MakeScenarioPlan(absl::string_view text);

}  // namespace twincached::sim
