// The actor system that all worlds of this process share: CAF's own threads sleep in it.
#pragma once

#include <memory>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

namespace twincached::sim {

class Runtime {
 public:
  Runtime();
  caf::actor_system* system() { return system_.get(); }

 private:
  caf::actor_system_config config_;
  std::unique_ptr<caf::actor_system> system_;
};

}  // namespace twincached::sim
