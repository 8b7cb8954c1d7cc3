#include "proto/replication/role_machine.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/variant.h"
#include "proto/replication/decide.h"
#include "proto/replication/role_core.h"

namespace twincached::replication {

std::string CheckTimers(const Timers& timers) {
  const auto not_below = [](absl::string_view a, int64_t a_ms, absl::string_view b, int64_t b_ms) {
    return absl::StrCat(a, " (", a_ms, " ms) must be shorter than ", b, " (", b_ms, " ms)");
  };
  if (timers.heartbeat <= 0) return "the heartbeat must be at least 1 ms";
  if (3 * timers.heartbeat > timers.suspect_after) {
    return absl::StrCat("three heartbeats (", 3 * timers.heartbeat,
                        " ms) must not be longer than suspect_after (", timers.suspect_after,
                        " ms)");
  }
  if (timers.suspect_after >= timers.read_hold) {
    return not_below("suspect_after", timers.suspect_after, "read_hold", timers.read_hold);
  }
  if (timers.read_hold >= timers.solo_after) {
    return not_below("read_hold", timers.read_hold, "solo_after", timers.solo_after);
  }
  if (timers.solo_after >= timers.promote_after) {
    return not_below("solo_after", timers.solo_after, "promote_after", timers.promote_after);
  }
  return "";
}

RoleMachine::RoleMachine(RoleConfig config) : core_(std::make_unique<Core>(std::move(config))) {}

RoleMachine::~RoleMachine() = default;

std::vector<Effect> RoleMachine::Step(const Event& event) {
  if (core_->exited) return {};
  core_->effects.clear();
  absl::visit([this](const auto& happened) { core_->On(happened); }, event);
  core_->Settle();
  core_->DCheckInvariants();
  return std::move(core_->effects);
}

void RoleMachine::FillHello(Hello* hello) const {
  const RoleConfig& config = core_->config;
  hello->set_protocol_min(kProtocolMin);
  hello->set_protocol_max(kProtocolMax);
  hello->set_node_id(config.node_id);
  hello->set_cluster_id(config.cluster_id);
  *hello->mutable_incarnation() = config.incarnation;
  hello->set_state(core_->status.state);
  hello->set_serving(core_->status.decides);
  *hello->mutable_epoch() = core_->status.epoch;
  *hello->mutable_generation() = core_->status.generation;
  hello->set_slot_seed(core_->slot_seed);
  hello->set_node_name(config.node_name);
  hello->set_ack_pair(config.ack_pair);
}

bool RoleMachine::NeedsTicks() const {
  if (core_->exited) return false;
  return core_->config.has_peer || !core_->candidates.empty() || core_->link.attached ||
         core_->Stopping() || core_->status.state != SOLO || core_->hold_until_ms >= 0;
}

const RoleStatus& RoleMachine::status() const { return core_->status; }

}  // namespace twincached::replication
