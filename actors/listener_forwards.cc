// The LISTENER's forwards: commands that the master executes, and their replies in the client's
// order.
#include <utility>

#include "actors/listener.h"
#include "proto/check.h"
#include "proto/limits.h"

namespace twincached {

namespace {

// Moves what the views point at to `*owned`: `first`, then `second`.
void Own(absl::string_view* first, absl::string_view* second, std::string* owned) {
  const size_t first_bytes = first->size();
  owned->reserve(first->size() + second->size());
  owned->append(first->data(), first->size());
  owned->append(second->data(), second->size());
  *first = absl::string_view(*owned).substr(0, first_bytes);
  *second = absl::string_view(*owned).substr(first_bytes);
}

}  // namespace

// Also takes what needs no master but must be answered behind a forward.
void ListenerActor::Forward(Client* client, const Request& request) {
  if (client->forwards == nullptr)
    client->forwards = std::make_unique<std::deque<PendingRequest>>();
  client->forwards->emplace_back();
  PendingRequest& pending = client->forwards->back();
  pending.request = request;
  // The reply needs the key and the text; the value goes to the master only.
  pending.request.command.value = {};
  Own(&pending.request.command.key, &pending.request.text, &pending.owned);
  pending.answered = request.kind != RequestKind::kStore && request.kind != RequestKind::kFlush;
  if (pending.answered) return;
  ++stats_.forwards;
  if (forwards_out_ == nullptr) forwards_out_ = std::make_shared<ForwardRequests>();
  forwards_out_->emplace_back();
  ForwardRequest& out = forwards_out_->back();
  out.client = {options_.index, client->id};
  out.index = client->first_forward_index + client->forwards->size() - 1;
  out.command = request.command;
  Own(&out.command.key, &out.command.value, &out.owned);
}

// The client's reply is known, and waits for a read of the same round that the master is asked for.
void ListenerActor::WaitBehindForward(const Round& round, const Entry& entry) {
  DCHECK(entry.request.kind != RequestKind::kFlush);
  std::deque<PendingRequest>& forwards = *entry.client->forwards;
  forwards.emplace_back();
  PendingRequest& pending = forwards.back();
  pending.request = entry.request;
  pending.request.command.value = {};
  Own(&pending.request.command.key, &pending.request.text, &pending.owned);
  KeepAnswer(round, entry, &pending);
}

void ListenerActor::SendForwards() {
  if (forwards_out_ == nullptr) return;
  send(wiring_->link, std::exchange(forwards_out_, nullptr));
}

void ListenerActor::OnForwardReplies(ForwardReplies* replies) {
  for (ForwardReply& reply : *replies) {
    Client* client = Find(reply.client);
    if (client == nullptr || client->gone || !client->HasForwards()) continue;
    const uint64_t place = reply.index - client->first_forward_index;
    if (place >= client->forwards->size()) continue;
    PendingRequest& pending = (*client->forwards)[place];
    pending.answered = true;
    pending.reply = reply.reply;
    pending.value = std::move(reply.value);
    pending.revealed = std::move(reply.revealed);
    if (place == 0) ComposeAnswered(client);
  }
}

void ListenerActor::ComposeAnswered(Client* client) {
  std::deque<PendingRequest>& forwards = *client->forwards;
  while (!forwards.empty() && forwards.front().answered) {
    ComposePending(client, forwards.front());
    forwards.pop_front();
    ++client->first_forward_index;
  }
  if (!client->in_round) Resume(client);
}

}  // namespace twincached
