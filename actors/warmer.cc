#include "actors/warmer.h"

#include <caf/actor_system.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace twincached {
namespace {

warmer_actor::behavior_type Warm() {
  return {[](const ColdMemory& memory) { WarmPages(memory.range); }};
}

}  // namespace

warmer_actor SpawnWarmer(caf::actor_system* system) { return system->spawn<caf::detached>(Warm); }

}  // namespace twincached
