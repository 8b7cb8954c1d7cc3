#include "tests/sim/single_run.h"

#include <cstdio>
#include <string>
#include <utility>

#include "actors/log.h"
#include "tests/sim/runtime.h"

namespace twincached::sim {

int Tell(WorldPlan plan, bool verbose) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);  // a crash keeps what was told
  std::printf("%s; threads %u and %u%s%s%s\n", plan.same_host ? "one host" : "two hosts",
              plan.threads[0], plan.threads[1], plan.dials[0] && plan.dials[1] ? "" : ", one -x",
              plan.refuse_solo_writes ? ", solo writes refused" : "",
              plan.ack_local ? ", ack=local" : "");
  for (const Action& action : plan.actions) std::printf("%s\n", action.ToString().c_str());
  std::printf("at %ld heal, judge\n", static_cast<long>(plan.end_ms));
  Runtime runtime;
  SetVerbosity(verbose ? 2 : 1);
  World world(std::move(plan), runtime.system());
  world.TellStory();
  if (verbose) world.TellOperations();
  const Result result = world.Run();
  std::printf(
      "%.3f s virtual, %lu operations, %lu promotions, %lu forks, %lu wipes, trace %016lx\n",
      static_cast<double>(result.virtual_us) / 1e6, result.operations, result.promotions,
      result.forks, result.wipes, result.trace_hash);
  for (const std::string& violation : result.violations)
    std::printf("BROKEN: %s\n", violation.c_str());
  return result.violations.empty() ? 0 : 1;
}

}  // namespace twincached::sim
