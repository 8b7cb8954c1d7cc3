// BOOT: is somebody there, or does this node begin alone?
#include <utility>

#include "proto/replication/role_core.h"

namespace twincached::replication {

void RoleMachine::Core::On(const Started& started) {
  if (status.state != BOOT || dialling || newest_token != 0) return;
  real_ms = started.real_ms;
  if (!config.has_peer) {
    Say(ContractLine::kListen);
    return ServeAloneFromNothing("no peer is configured");
  }
  Say(ContractLine::kConnect);
  redial.SetNext(0);
}

void RoleMachine::Core::On(const DialFailed& failed) {
  if (!dialling) return;
  dialling = false;
  if (status.state != BOOT) return;
  if (failed.why != DialFailed::kRefused) {
    refused_in_row = 0;
    redial.SetNext(config.timers.redial_min);
    return;
  }
  ++refused_in_row;
  // Somebody is knocking: let it speak first.
  if (!candidates.empty()) return;
  if (refused_in_row * kUrgentRedialMs >= config.timers.boot_retry) {
    GiveUpBooting("nobody listens at the peer's address");
  }
}

// It may hold data, and serve: whoever begins from empty beside it forks the history.
void RoleMachine::Core::On(const NotReadyReceived& not_ready) {
  if (status.state != BOOT || Find(not_ready.connection) == nullptr) return;
  const int64_t start_wait = config.timers.start_wait;
  const bool waited = boot_delay_ms >= start_wait;
  boot_delay_ms += running_ms - std::exchange(boot_since_ms, running_ms);
  if (waited || boot_delay_ms < start_wait) return;
  Emit(Explain{"waiting for the peer: it is there, but a thread of it hangs", true});
}

void RoleMachine::Core::GiveUpBooting(absl::string_view why) {
  Say(ContractLine::kClose);
  Say(ContractLine::kListen);
  ServeAloneFromNothing(why);
}

void RoleMachine::Core::ServeAloneFromNothing(absl::string_view why) {
  NewEpoch(false);
  Enter(SOLO, why);
  Serve(ServingMode::kAlone);
}

// A copy without its source: misses, never old values.
void RoleMachine::Core::BootAnew(absl::string_view why) {
  Serve(ServingMode::kClosed, true);
  Detach(true, false);
  Drop(config.slot_seed);
  ForgetPeer();
  Enter(BOOT, why);
  boot_since_ms = running_ms;
  boot_delay_ms = 0;
  refused_in_row = 0;
  if (!config.has_peer) return GiveUpBooting("no peer is configured");
  Say(ContractLine::kClose);
  Say(ContractLine::kConnect);
  redial.SetNext(0);
}

void RoleMachine::Core::TickBoot() {
  if (status.state != BOOT || !config.has_peer) return;
  if (running_ms - boot_since_ms < config.timers.start_wait) return;
  for (const Candidate& candidate : candidates) {
    if (candidate.answered) return;
  }
  GiveUpBooting("the peer does not answer");
}

}  // namespace twincached::replication
