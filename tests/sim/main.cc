// Runs worlds and says which seeds broke the promise.
//
//     ./bazelw run //tests/sim -- --seeds 1..10000 --minutes 5
//     ./bazelw run //tests/sim -- --replay 4711
//     ./bazelw run //tests/sim -- --scenario $PWD/tests/sim/scenarios/power_loss.txt
//     ./bazelw run //tests/sim -- --scenario $PWD/tests/sim/scenarios/power_loss.txt --seeds 1..50
//
// Exit codes: 0 nothing broke, 1 something did, 2 bad flags.
#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>

#include <CLI/CLI.hpp>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "proto/canary.h"
#include "tests/sim/campaign.h"
#include "tests/sim/random_plan.h"
#include "tests/sim/scenario.h"
#include "tests/sim/single_run.h"

namespace {

using twincached::sim::CampaignOptions;

bool ParseSeeds(const std::string& text, CampaignOptions* options) {
  const std::vector<std::string> ends = absl::StrSplit(text, "..");
  return ends.size() == 2 && absl::SimpleAtoi(ends[0], &options->first_seed) &&
         absl::SimpleAtoi(ends[1], &options->last_seed) &&
         options->first_seed <= options->last_seed;
}

int ListCanaries() {
  for (absl::string_view name : twincached::kCanaryNames) std::cout << name << "\n";
  return 0;
}

bool ChooseCanary(absl::string_view name) {
  const auto& names = twincached::kCanaryNames;
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return false;
#ifdef TWINCACHED_CANARY
  twincached::chosen_canary = static_cast<twincached::Canary>(found - names.begin());
  return true;
#else
  return found == names.begin();
#endif
}

// False: it says why.
bool ChooseScenario(const std::string& path, CampaignOptions* options) {
  auto scenario = twincached::sim::ReadScenarioFile(path);
  if (!scenario.ok()) {
    std::fprintf(stderr, "sim: %s: %s\n", path.c_str(),
                 std::string(scenario.status().message()).c_str());
    return false;
  }
  options->make_plan = [plan = std::move(*scenario)](uint64_t seed) {
    auto seeded = plan;
    seeded.seed = seed;
    return seeded;
  };
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App flags("Runs simulated pairs through failures and checks the promise.", "sim");
  CampaignOptions options;
  options.make_plan = twincached::sim::MakeRandomPlan;
  std::string seeds = "1..1000";
  std::string scenario;
  std::string canary = "none";
  uint64_t replay = 1;
  bool verbose = false;
  CLI::Option* seeded = flags.add_option("--seeds", seeds, "FIRST..LAST (1..1000)");
  flags.add_option("--minutes", options.minutes, "stop then, whatever is left (no limit)");
  flags.add_option("--failovers", options.failovers, "stop after so many promotions (no limit)");
  flags.add_option("--jobs", options.jobs, "worlds at a time (the cores)");
  flags.add_option("--ledger", options.ledger, "append what was run and found to this file");
  flags.add_flag("--hashes", options.print_hashes, "print each seed's trace hash");
  CLI::Option* replayed = flags.add_option("--replay", replay, "run one seed and show its story");
  flags.add_option("--scenario", scenario, "what happens is in this file; else each seed's own");
  flags.add_option("--canary", canary, "break this rule on purpose; `list` names them (none)");
  flags.add_flag("-v,--verbose", verbose, "with --replay, --scenario: the nodes' details too");
  try {
    flags.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return flags.exit(error) == 0 ? 0 : 2;
  }
  if (canary == "list") return ListCanaries();
  if (!ChooseCanary(canary)) {
    std::fprintf(stderr, "sim: no canary %s in this build\n", canary.c_str());
    return 2;
  }
  if (!scenario.empty() && !ChooseScenario(scenario, &options)) return 2;
  if (*replayed || (!scenario.empty() && !*seeded)) {
    return twincached::sim::Tell(options.make_plan(replay), verbose);
  }
  if (!ParseSeeds(seeds, &options)) {
    std::fprintf(stderr, "sim: --seeds takes FIRST..LAST, not %s\n", seeds.c_str());
    return 2;
  }
  return twincached::sim::RunCampaign(options);
}
