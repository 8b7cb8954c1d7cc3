// The LISTENER's forwards: commands that the master executes, and their replies in the client's
// order.
#include <utility>

#include "actors/listener.h"
#include "proto/limits.h"

namespace twincached {

namespace {

// The bytes that the request points at: key, value, text.
std::string OwnBytes(Request* request) {
  std::string owned;
  Command& command = request->command;
  owned.reserve(command.key.size() + command.value.size() + request->text.size());
  owned.append(command.key.data(), command.key.size());
  owned.append(command.value.data(), command.value.size());
  owned.append(request->text.data(), request->text.size());
  return owned;
}

void PointInto(absl::string_view owned, Request* request) {
  Command& command = request->command;
  const size_t key_bytes = command.key.size();
  const size_t value_bytes = command.value.size();
  command.key = owned.substr(0, key_bytes);
  command.value = owned.substr(key_bytes, value_bytes);
  request->text = owned.substr(key_bytes + value_bytes);
}

}  // namespace

// Also takes what needs no master but must be answered behind a forward.
void ListenerActor::Forward(Client* client, const Request& request) {
  if (client->forwards == nullptr)
    client->forwards = std::make_unique<std::deque<PendingForward>>();
  client->forwards->emplace_back();
  PendingForward& pending = client->forwards->back();
  pending.request = request;
  const bool to_master = request.kind == RequestKind::kStore || request.kind == RequestKind::kFlush;
  pending.answered = !to_master;
  pending.owned = OwnBytes(&pending.request);
  PointInto(pending.owned, &pending.request);
  if (!to_master) return;
  ++stats_.forwards;
  if (forwards_out_ == nullptr) forwards_out_ = std::make_shared<ForwardRequests>();
  forwards_out_->emplace_back();
  ForwardRequest& out = forwards_out_->back();
  out.client = {options_.index, client->id};
  out.index = client->first_forward_index + client->forwards->size() - 1;
  out.command = pending.request.command;
  out.owned = pending.owned;
  const absl::string_view bytes = out.owned;
  out.command.key = bytes.substr(0, out.command.key.size());
  out.command.value = bytes.substr(out.command.key.size(), out.command.value.size());
  // The reply needs the key only.
  pending.request.command.value = {};
  pending.owned.resize(pending.request.command.key.size());
  PointInto(pending.owned, &pending.request);
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
    PendingForward& pending = (*client->forwards)[place];
    pending.answered = true;
    pending.reply = reply.reply;
    pending.value = std::move(reply.value);
    pending.reply.value = pending.value;
    if (place == 0) ComposeAnswered(client);
  }
}

void ListenerActor::ComposeAnswered(Client* client) {
  std::deque<PendingForward>& forwards = *client->forwards;
  std::string* output = client->connection->output();
  while (!forwards.empty() && forwards.front().answered) {
    const PendingForward& pending = forwards.front();
    if (pending.request.kind == RequestKind::kStore ||
        pending.request.kind == RequestKind::kFlush) {
      ComposeReply(pending.request, pending.reply, output);
    } else {
      output->append(pending.request.text.data(), pending.request.text.size());
    }
    forwards.pop_front();
    ++client->first_forward_index;
  }
  if (!client->in_round) Resume(client);
}

}  // namespace twincached
