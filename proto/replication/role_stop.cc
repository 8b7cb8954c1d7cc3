// A planned end: hand over (role_switch.cc), close, say goodbye, go.
#include "proto/replication/role_core.h"

namespace twincached::replication {

void RoleMachine::Core::On(const StopRequested&) {
  if (Stopping() || Promoting() || !link.open) return FinishStop(false);
  stop_since_ms = running_ms;
  CloseCandidates();
  if (status.decides && link.outdated) return FinishStop(false);
  if (!status.decides) {
    stop = Stop::kClosing;
    return ServeAndThen(ServingMode::kClosed, Purpose::kStopping);
  }
  if (link.phase != Phase::kSynced) {
    stop = Stop::kAwaitSync;
    return;
  }
  stop = Stop::kHandingOver;
  if (!handover.UnderWay()) BeginHandover();
}

void RoleMachine::Core::FinishStop(bool goodbye) {
  Serve(ServingMode::kClosed, true);
  CloseCandidates();
  if (dialling) Emit(StopDialling{});
  if (goodbye && link.open) Emit(SendGoodbye{true, status.decides});
  if (link.attached) {
    Detach(false, false);
    Say(ContractLine::kClose);
  }
  Say(ContractLine::kCleanupComplete);
  Emit(Exit{0});
  exited = true;
}

void RoleMachine::Core::TickStop() {
  if (running_ms - stop_since_ms <= config.timers.drain_limit) return;
  // A master whose slave lacks something leaves without a word: the slave finds out by itself.
  FinishStop(!status.decides);
}

}  // namespace twincached::replication
