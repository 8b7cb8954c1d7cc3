#include "actors/supervisor.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "actors/log.h"
#include "proto/check.h"

namespace twincached {

namespace {

using replication::ContractLine;

// repcached's own words, which test suites and operators wait for.
std::string ContractText(ContractLine line, const std::string& peer) {
  switch (line) {
    case ContractLine::kConnect:
      return absl::StrCat("replication: connect (peer=", peer, ")");
    case ContractLine::kMarugotoCopying:
      return "replication: marugoto copying";
    case ContractLine::kStart:
      return "replication: start";
    case ContractLine::kClose:
      return "replication: close";
    case ContractLine::kListen:
      return "replication: listen";
    case ContractLine::kAccept:
      return "replication: accept";
    case ContractLine::kMarugotoStart:
      return "replication: marugoto start";
    case ContractLine::kMarugotoOwari:
      return "replication: marugoto owari";
    case ContractLine::kCleanupComplete:
      return "replication: cleanup complete";
  }
  return "";
}

// The connection whose Hello or Verdict this event is.
replication::ConnectionId Considered(const replication::Event& event) {
  if (const auto* hello = absl::get_if<replication::HelloReceived>(&event))
    return hello->connection;
  if (const auto* verdict = absl::get_if<replication::VerdictReceived>(&event)) {
    return verdict->connection;
  }
  return 0;
}

}  // namespace

SupervisorActor::SupervisorActor(caf::actor_config& config, CoreUnit* core,
                                 SupervisorOptions options)
    : pinned(config, core), options_(std::move(options)), machine_(options_.role) {
  set_down_handler([this](caf::down_msg&) {
    if (!exiting_) AbortActor("the node", "an actor is gone");
  });
}

SupervisorActor::behavior_type SupervisorActor::make_behavior() {
  return {
      [this](const WiringPtr& wiring) { Begin(wiring); },
      [this](const RoleEventPtr& event) { Step(*event); },
      [this](const ServingPtr& serving) { OnConfirmed(*serving); },
      [this](const StopSignal& signal) {
        LogContract(absl::StrCat("got signal ", signal.number));
        Step(replication::StopRequested{signal.number});
      },
      [this](const AdminRequest& request) { OnAdminRequest(request); },
      [this](const StatsRequest& request) { OnStatsRequest(request); },
  };
}

void SupervisorActor::Begin(const WiringPtr& wiring) {
  wiring_ = wiring;
  for (const listener_actor& listener : wiring->listeners) monitor(listener);
  for (const store_actor& store : wiring->stores) monitor(store);
  monitor(wiring->link);
}

void SupervisorActor::Step(const replication::Event& event) {
  auto orders = std::make_shared<RoleOrders>();
  orders->effects = machine_.Step(event);
  orders->considered = Considered(event);
  machine_.FillHello(&orders->hello);
  orders->needs_ticks = machine_.NeedsTicks();
  const RoleOrdersPtr sent = std::move(orders);
  for (const replication::Effect& effect : sent->effects) Perform(effect);
  send(wiring_->link, sent);
  if (std::exchange(silenced_, false)) Step(replication::ServingConfirmed{confirming_token_});
}

// What is this actor's own part of an order; the LINK does the rest.
void SupervisorActor::Perform(const replication::Effect& effect) {
  if (const auto* serving = absl::get_if<replication::SetServing>(&effect)) {
    confirming_token_ = serving->token;
    confirmations_ = 0;
    // A slave that must not tell anything any more says so at once, else one stuck core of it would
    // keep the master waiting for as long as heartbeats go on. A node that decides waits for its
    // LISTENERs: until each has obeyed, a reply that nobody counted may be on its way out.
    silenced_ = serving->mode == replication::ServingMode::kHeld && !machine_.status().decides;
    if (silenced_) options_.tells_from->store(serving->token, std::memory_order_release);
  } else if (const auto* answer = absl::get_if<replication::AnswerSwitchover>(&effect)) {
    if (asker_) AnswerOperator(*asker_, answer->error);
    asker_.reset();
  } else if (const auto* say = absl::get_if<replication::Say>(&effect)) {
    LogContract(ContractText(say->line, options_.peer_text));
  } else if (const auto* explain = absl::get_if<replication::Explain>(&effect)) {
    explain->warning ? LogWarning(explain->text) : LogInfo(explain->text);
  } else if (const auto* exit = absl::get_if<replication::Exit>(&effect)) {
    if (!std::exchange(exiting_, true)) options_.on_exit(exit->code);
  }
}

void SupervisorActor::OnConfirmed(const Serving& serving) {
  if (serving.token != confirming_token_ || ++confirmations_ < wiring_->listeners.size()) return;
  Step(replication::ServingConfirmed{serving.token});
}

// A switchover; the LINK has the other words.
void SupervisorActor::OnAdminRequest(const AdminRequest& request) {
  CHECK(request.command == ReplicationCommand::kSwitchover);
  if (asker_) return AnswerOperator(request.client, "a switchover is under way");
  asker_ = request.client;
  Step(replication::SwitchoverAsked{});
}

// `error` empty: done.
void SupervisorActor::AnswerOperator(const ClientToken& client, absl::string_view error) {
  auto answer = std::make_shared<AdminAnswer>();
  answer->client = client.client;
  answer->text = error.empty() ? "OK\r\n" : absl::StrCat("SERVER_ERROR ", error, "\r\n");
  send(wiring_->listeners[client.listener], AdminAnswerPtr(std::move(answer)));
}

void SupervisorActor::OnStatsRequest(const StatsRequest& request) {
  if (request.reset) return;
  auto part = std::make_shared<StatsPart>();
  part->token = request.token;
  part->stats.has_role = true;
  part->stats.role = machine_.status();
  send(wiring_->listeners[request.listener], StatsPartPtr(std::move(part)));
}

}  // namespace twincached
