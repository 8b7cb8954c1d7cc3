// Many seeds, on every core, until one breaks something.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "tests/sim/world.h"

namespace twincached::sim {

struct CampaignOptions {
  std::function<WorldPlan(uint64_t seed)> make_plan;
  uint64_t first_seed = 1, last_seed = 1000;
  double minutes = 0;      // 0: no limit
  uint64_t failovers = 0;  // 0: no limit
  unsigned jobs = 0;       // 0: the cores
  std::string ledger;
  bool print_hashes = false;
};

// Prints a line of progress every few seconds, each broken seed with what it broke, and a summary.
// Exit codes as main.cc's.
int RunCampaign(const CampaignOptions& options);

}  // namespace twincached::sim
