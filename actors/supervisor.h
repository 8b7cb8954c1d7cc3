// The SUPERVISOR: owns the role machine, feeds it what happened, and hands its orders to the LINK
// in one piece per event.
//
// One per node, pinned to core 0. It watches the other actors: one that goes down outside a
// shutdown takes the node with it, so that the peer takes over. It holds no data and touches no
// socket.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "actors/interfaces.h"
#include "actors/pinned.h"
#include "proto/replication/role_machine.h"

namespace twincached {

struct SupervisorOptions {
  replication::RoleConfig role;
  std::string peer_text;                  // "IP:PORT", for repcached's connect line
  std::function<void(int code)> on_exit;  // called once, on core 0: the process should end
  std::shared_ptr<std::atomic<uint64_t>> tells_from;  // see ListenerOptions
};

class SupervisorActor final : public pinned<supervisor_actor> {
 public:
  SupervisorActor(caf::actor_config& config, CoreUnit* unit, SupervisorOptions options);

  const char* name() const override { return "SUPERVISOR"; }
  // For the simulator, which reads it between iterations.
  const replication::RoleStatus& status() const { return machine_.status(); }
  void on_exit() override {
    pinned::on_exit();
    wiring_.reset();
  }

 protected:
  behavior_type make_behavior() override;

 private:
  void Begin(const WiringPtr& wiring);
  void Step(const replication::Event& event);
  void Perform(const replication::Effect& effect);
  void OnConfirmed(const Serving& serving);
  void OnAdminRequest(const AdminRequest& request);
  void AnswerOperator(const ClientToken& client, absl::string_view error);
  void OnStatsRequest(const StatsRequest& request);

  const SupervisorOptions options_;
  replication::RoleMachine machine_;
  WiringPtr wiring_;
  absl::optional<ClientToken> asker_;  // of the switchover under way
  uint64_t confirming_token_ = 0;
  size_t confirmations_ = 0;
  bool silenced_ = false;  // the newest order holds at every LISTENER before it is obeyed
  bool exiting_ = false;
};

}  // namespace twincached
