// The LISTENER's `stats`: asks every actor for its part, adds them up, answers.
#include <utility>

#include "actors/listener.h"

namespace twincached {

namespace {

// Calls `ask` with every actor that has a part.
template <typename Ask>
size_t AskAll(const Wiring& wiring, Ask ask) {
  for (const auto& listener : wiring.listeners) ask(listener);
  for (const auto& store : wiring.stores) ask(store);
  ask(wiring.link);
  ask(wiring.supervisor);
  return wiring.listeners.size() + wiring.stores.size() + 2;
}

}  // namespace

void ListenerActor::Gather(Client* client, absl::string_view argument) {
  const bool reset = argument == "reset";
  const uint64_t token = next_gathering_++;
  Gathering& gathering = gatherings_[token];
  gathering.client = client->id;
  gathering.argument = std::string(argument);
  client->gathering = true;
  const StatsRequest request{options_.index, token, false};
  if (reset) {
    AskAll(*wiring_, [this](const auto& actor) {
      send(actor, StatsRequest{options_.index, 0, true});
    });
  }
  gathering.missing = AskAll(*wiring_, [&](const auto& actor) { send(actor, request); });
}

void ListenerActor::OnStatsPart(const StatsPart& part) {
  auto found = gatherings_.find(part.token);
  if (found == gatherings_.end()) return;
  Gathering& gathering = found->second;
  Merge(part.stats, &gathering.sum);
  if (--gathering.missing > 0) return;
  Client* client = Find(gathering.client);
  if (client != nullptr) {
    client->gathering = false;
    client->connection->output()->append(options_.compose_stats(gathering.argument, gathering.sum));
  }
  gatherings_.erase(found);
  if (client != nullptr && !client->in_round) Resume(client);
}

// When somebody asks and when the client goes; in between nobody looks.
void ListenerActor::CountWritten(Client* client) {
  const uint64_t written = client->connection->written();
  stats_.bytes_written += written - std::exchange(client->written_counted, written);
}

void ListenerActor::OnStatsRequest(const StatsRequest& request) {
  for (auto& client : clients_) CountWritten(client.second.get());
  if (request.reset) {
    const uint64_t connections = stats_.curr_connections;
    stats_ = ListenerStats();
    stats_.curr_connections = connections;
    return;
  }
  auto part = std::make_shared<StatsPart>();
  part->token = request.token;
  part->stats.listener = stats_;
  for (const Client* client : held_) part->stats.listener.held_replies += !client->holds.empty();
  send(wiring_->listeners[request.listener], StatsPartPtr(std::move(part)));
}

}  // namespace twincached
