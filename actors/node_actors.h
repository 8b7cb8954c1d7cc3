// The actors of one node, made and wired: what Node runs on threads and the simulator in its world.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "actors/config.h"
#include "actors/core_unit.h"
#include "actors/interfaces.h"
#include "net/address.h"
#include "proto/replication/role_machine.h"

namespace caf {
class actor_system;
}  // namespace caf

namespace twincached {

// What a node is beside its command line. The random numbers come from whoever starts it.
struct NodeSetup {
  Config config;  // ports and names as they are, none left to choose
  replication::RoleConfig role;
  net::HostPort peer;  // host empty: none
  warmer_actor warmer;  // none in the simulator
  std::vector<net::Address> client_addresses;
  std::vector<net::Address> replication_addresses;
  std::function<void()> on_open;          // clients can connect now, for the first time
  std::function<void(int code)> on_exit;  // called once, on core 0: the process should end
  // Of `stats ARGUMENT`.
  std::function<std::string(absl::string_view, const NodeStats&)> compose_stats;
};

// LISTENER and STORE on every unit, LINK and SUPERVISOR on the first. They begin to work as the
// units run. REQUIRES: as many units as config.threads.
WiringPtr SpawnNodeActors(caf::actor_system* system,
                          const std::vector<std::unique_ptr<CoreUnit>>& units,
                          const NodeSetup& setup);

}  // namespace twincached
