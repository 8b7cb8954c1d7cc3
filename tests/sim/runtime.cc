#include "tests/sim/runtime.h"

#include <caf/atom.hpp>

namespace twincached::sim {

Runtime::Runtime() {
  config_.set("scheduler.max-threads", size_t{1});
  config_.set("scheduler.policy", caf::atom("sharing"));
  system_ = std::make_unique<caf::actor_system>(config_);
}

}  // namespace twincached::sim
