// The LISTENER's `replication WORD` and `cache_memlimit`: passes them on and answers when they are
// done.
#include <string>

#include "actors/listener.h"
#include "net/socket.h"
#include "proto/memcache/text_replies.h"

namespace twincached {

// Operators sit on the node: whoever reaches the client port from elsewhere is a client only.
void ListenerActor::AskPair(Client* client, ReplicationCommand command) {
  if (!net::IsLocalPeer(client->connection->fd())) {
    const absl::string_view refusal = text_replies::kNotLocal;
    client->connection->output()->append(refusal.data(), refusal.size());
    return;
  }
  client->gathering = true;
  const AdminRequest request{{options_.index, client->id}, command};
  if (command == ReplicationCommand::kVerify) return send(wiring_->link, request);
  send(wiring_->supervisor, request);
}

// From any client, as memcached takes it.
void ListenerActor::SetMemoryLimit(Client* client, const Request& request) {
  client->gathering = true;
  send(wiring_->link,
       MemoryLimitRequest{{options_.index, client->id}, request.command.delta, request.noreply});
}

void ListenerActor::OnAdminAnswer(const AdminAnswer& answer) {
  Client* client = Find(answer.client);
  if (client == nullptr) return;
  client->gathering = false;
  client->connection->output()->append(answer.text);
  if (!client->in_round) Resume(client);
}

}  // namespace twincached
