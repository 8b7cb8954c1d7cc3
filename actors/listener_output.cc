// The LISTENER's gate: which replies may leave, and when reading stops.
#include <algorithm>
#include <utility>

#include "actors/listener.h"
#include "net/clock.h"
#include "proto/canary.h"
#include "proto/limits.h"

namespace twincached {

using replication::ServingMode;

namespace {

// The client waits for the reply to a change.
bool IsAwaitedWrite(const Request& request) {
  const bool executed = request.kind == RequestKind::kStore || request.kind == RequestKind::kFlush;
  return executed && !request.noreply && IsWrite(request.command.op);
}

}  // namespace

void ListenerActor::OnServing(const ServingPtr& serving) {
  loop().SendAll();  // what might leave under the last order has left before this one is confirmed
  mode_ = serving->mode;
  serving_token_ = serving->token;
  slot_seed_ = serving->slot_seed;
  if (mode_ == ServingMode::kClosed) {
    Close();
  } else {
    if (serving->drop_held) DropHeld();
    if (serving->drop_writes) DropWrites();
    Open();
    ReleaseHeld();
    for (auto& client : clients_) SetReading(client.second.get());
  }
  SendRound();  // what was taken so far is with the STOREs before this is confirmed
  this->send(wiring_->supervisor, serving);
}

// Resets every connection whose replies a failover may have undone.
void ListenerActor::DropHeld() {
  std::vector<Client*> dropped;
  for (auto& each : clients_) {
    Client* client = each.second.get();
    const bool unsent = client->connection->written() < client->connection->appended();
    if (unsent || !client->Idle()) dropped.push_back(client);
  }
  for (Client* client : dropped) ResetClient(client);
}

// Resets every connection that waits for a write, or for a reply that shows one: it may have been
// executed, and there is no replica that could say so.
void ListenerActor::DropWrites() {
  for (auto& round : rounds_) {
    for (const Entry& entry : round.second->entries) {
      if (IsAwaitedWrite(entry.request)) entry.client->gone = true;
    }
  }
  std::vector<Client*> dropped;
  for (auto& each : clients_) {
    Client* client = each.second.get();
    client->holds.Release(*acknowledged_);
    bool doubtful = !client->holds.empty();
    for (size_t i = 0; client->HasForwards() && i < client->forwards->size(); ++i) {
      const PendingRequest& pending = (*client->forwards)[i];
      doubtful |= !pending.answered && IsAwaitedWrite(pending.request);
    }
    if (doubtful) dropped.push_back(client);
  }
  for (Client* client : dropped) ResetClient(client);
}

bool ListenerActor::Frozen() const {
  if (serving_token_ < options_.tells_from->load(std::memory_order_acquire)) return true;
  switch (mode_) {
    case ServingMode::kAlone:
      return false;
    case ServingMode::kFollower:
      if (BrokenOnPurpose(Canary::kReadsUnechoed)) return false;
      [[fallthrough]];
    case ServingMode::kPaired:
      return net::BoottimeMs() >= lease_until_boot_ms_;
    case ServingMode::kHeld:
    case ServingMode::kClosed:
      return true;
  }
  return true;
}

// Lets go what may leave, and the client itself when it is through. REQUIRES: not in a round.
void ListenerActor::Release(Client* client) {
  net::Connection& connection = *client->connection;
  if (mode_ == ServingMode::kAlone) client->holds.Clear();
  const bool unsent = connection.written() < connection.appended();
  const bool frozen = unsent && Frozen();
  if (unsent) {
    const uint64_t limit = client->holds.Release(*acknowledged_);
    connection.set_send_limit(frozen ? connection.written() : limit);
    LetOut(client);
  }
  const bool all_out = connection.written() == connection.appended();
  if (all_out && client->closing && client->Idle()) return Destroy(client);
  if ((frozen || !client->holds.empty()) && !std::exchange(client->listed_held, true)) {
    held_.push_back(client);
  }
  SetReading(client);
}

// At once where it matters here how much went out: whether this client is through, and whether
// there is room for more of its replies. Else with the next system call of the loop.
//
// This process may sleep before that, as it may just before any system call, and the other node
// take over: then the reply comes as late as the network could have made it. It is true all the
// same. Frozen() was asked behind the execution, so this node had its say then, and then is between
// the client's request and its reply; and what a failover would have undone has a mark.
void ListenerActor::LetOut(Client* client) {
  if (client->closing || client->HasBacklog()) {
    client->connection->Flush();
  } else {
    client->connection->FlushSoon();
  }
}

void ListenerActor::ReleaseHeld() {
  std::vector<Client*> held;
  held.swap(held_);
  std::vector<uint64_t> waiting;  // for room in their output
  for (Client* client : held) client->listed_held = false;
  for (Client* client : held) {
    if (client->in_round) {
      client->listed_held = true;
      held_.push_back(client);
      continue;
    }
    if (client->HasBacklog()) waiting.push_back(client->id);
    Release(client);
  }
  for (const uint64_t id : waiting) {
    Client* client = Find(id);
    if (client != nullptr && !client->in_round) Resume(client);
  }
}

void ListenerActor::OnAcknowledged(const AcknowledgedPtr& acknowledged) {
  acknowledged_ = acknowledged;
  ReleaseHeld();
}

// Stops reading a client that does not read its replies, and every client while the window is full.
void ListenerActor::SetReading(Client* client) {
  const net::Connection& connection = *client->connection;
  const bool many_forwards = client->HasForwards() && client->forwards->size() > kClientForwardsMax;
  const bool pause = window_full_ || client->gathering || many_forwards ||
                     connection.appended() - connection.written() > kClientOutputBytesMax;
  if (pause == client->reading_paused) return;
  client->reading_paused = pause;
  if (pause) {
    if (!client->gathering) ++stats_.stopped_reading;
    client->connection->PauseReading();
  } else {
    client->connection->ResumeReading();
  }
}

}  // namespace twincached
