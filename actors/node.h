// One node: its core units, its actors, and how they begin and end.
//
// Built and run by main() on the main thread, which becomes core 0. Ends in the only order that CAF
// allows: every actor exits first, then the units stop, then the actor system goes.
#pragma once

#include <memory>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "actors/config.h"
#include "actors/core_unit.h"
#include "actors/interfaces.h"

namespace caf {
class actor_system;
class actor_system_config;
}  // namespace caf

namespace twincached {

class Node {
 public:
  explicit Node(Config config);
  ~Node();

  // Binds every port once, to say what is wrong before anything runs; resolves names; fixes the
  // port numbers. The Status names the address, the reason and the flag.
  absl::Status Prepare();
  // Makes the loops; fails when they cannot be of the kind that --poller names. In the process that
  // goes on, with the user that it keeps: the kernel gives an io_uring to a process, and may not
  // give it to every user.
  absl::Status MakeLoops();
  // After MakeLoops(). Runs until a signal or the role machine ends it. `signal_fd` tells signals
  // (daemon.h). Returns the exit code.
  int Run(int signal_fd);
  // After Prepare(): the client port, also when any was asked for.
  int port() const { return config_.port; }

 private:
  absl::Status ResolveAddresses();
  absl::Status TryPorts();
  void SpawnActors();
  void RequestExit(int code);
  void EndActors();

  Config config_;
  std::vector<net::Address> client_addresses_;
  std::vector<net::Address> replication_addresses_;
  net::HostPort peer_;

  std::unique_ptr<caf::actor_system_config> system_config_;
  std::unique_ptr<caf::actor_system> system_;
  std::vector<std::unique_ptr<CoreUnit>> units_;
  WiringPtr wiring_;
  std::thread ending_;
  int exit_code_ = 0;
};

}  // namespace twincached
