// The LISTENER's backlog: what a round left over because a batch's values were as many as may be
// copied at once.
//
// The STORE executes a batch up to there. What it did not reach is asked for again, in the client's
// order, when the client has read what it got; what other shards executed beyond it waits here with
// its reply. A flush is never in it: it begins a round, and a batch is never full before its first
// command.
#include <memory>

#include "actors/listener.h"
#include "proto/check.h"
#include "proto/limits.h"

namespace twincached {

bool ListenerActor::IsExecuted(const Round& round, const Entry& entry) {
  if (!entry.stored) return true;  // its text is the reply
  return entry.index < round.batches[entry.shard]->replies.size();
}

// The master is to be asked.
bool ListenerActor::IsUndecided(const Round& round, const Entry& entry) {
  return entry.stored && round.batches[entry.shard]->replies[entry.index].undecided;
}

// Behind what this round has left over before, and before what earlier rounds have.
void ListenerActor::LeaveOver(const Round& round, const Entry& entry) {
  DCHECK(entry.request.kind != RequestKind::kFlush);
  Client* client = entry.client;
  if (client->backlog == nullptr) client->backlog = std::make_unique<std::deque<PendingRequest>>();
  const auto place = static_cast<std::ptrdiff_t>(client->left_over++);
  PendingRequest& pending = *client->backlog->emplace(client->backlog->begin() + place);
  pending.request = entry.request;
  if (IsExecuted(round, entry) && !IsUndecided(round, entry)) KeepAnswer(round, entry, &pending);
}

void ListenerActor::KeepAnswer(const Round& round, const Entry& entry, PendingRequest* pending) {
  pending->answered = true;
  if (!entry.stored) return;  // its text is the reply
  const StoredReply& stored = round.batches[entry.shard]->replies[entry.index];
  pending->reply = stored.reply;
  pending->value = std::string(stored.reply.value);
  pending->revealed.push_back({entry.shard, stored.hold_seq});
}

// Composes what is answered and asks for the next that is not. REQUIRES: not in a round.
void ListenerActor::TakeBacklog(Client* client) {
  if (!client->HasBacklog() || client->HasForwards()) return;
  std::deque<PendingRequest>& backlog = *client->backlog;
  while (!backlog.empty() && backlog.front().answered) {
    ComposePending(client, backlog.front());
    backlog.pop_front();
  }
  if (backlog.empty()) return client->backlog.reset();
  Release(client);  // what the client has read by now does not count
  const net::Connection& connection = *client->connection;
  if (connection.appended() - connection.written() > kClientOutputBytesMax) return;
  uint32_t left = client->requests_per_round;
  for (; left > 0 && !backlog.empty() && !backlog.front().answered; --left) {
    if (!Take(client, backlog.front().request)) return;
    backlog.pop_front();
  }
  if (backlog.empty()) client->backlog.reset();
}

void ListenerActor::ComposePending(Client* client, const PendingRequest& pending) {
  if (!pending.request.noreply && mode_ != replication::ServingMode::kAlone) {
    for (const Revealed& each : pending.revealed) Hold(client, each.shard, each.seq);
  }
  Reply reply = pending.reply;
  reply.value = pending.value;
  ComposeReply(pending.request, reply, client->connection->output());
}

}  // namespace twincached
