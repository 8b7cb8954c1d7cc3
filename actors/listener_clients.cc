// The LISTENER's sockets: listening, dealing accepted clients out to the cores, letting them go.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

#include "actors/listener.h"
#include "actors/log.h"
#include "net/socket.h"
#include "proto/limits.h"

namespace twincached {

namespace {

// How soon a client port that somebody else holds is tried again.
constexpr int64_t kListenRetryMs = 100;
constexpr char kTooManyConnections[] = "ERROR Too many open connections\r\n";

}  // namespace

void ListenerActor::Open() {
  if (!acceptors_.empty() || options_.index != 0) return;
  for (const net::Address& address : options_.addresses) {
    auto fd = net::ListenTcp(address, {options_.backlog, false});
    if (!fd.ok()) return TryOpenAgain(fd.status());
    acceptors_.push_back(loop().Accept(*fd, [this](int client) { Deal(client); }));
  }
  if (!options_.unix_socket_path.empty()) {
    auto fd =
        net::ListenUnix(options_.unix_socket_path, options_.unix_socket_mode, options_.backlog);
    if (!fd.ok()) return TryOpenAgain(fd.status());
    acceptors_.push_back(loop().Accept(*fd, [this](int client) { Deal(client); }));
  }
  warned_closed_ = false;
  if (!std::exchange(told_open_, true)) options_.on_open();
}

void ListenerActor::TryOpenAgain(const absl::Status& failure) {
  if (!std::exchange(warned_closed_, true)) {
    LogWarning(absl::StrCat(failure.message(), ", trying again until it can"));
  }
  acceptors_.clear();
  loop().AddTimer(kListenRetryMs, WhileRunning([this] {
                    if (mode_ != replication::ServingMode::kClosed) Open();
                  }));
}

void ListenerActor::Close() {
  acceptors_.clear();
  std::vector<Client*> all;
  for (auto& client : clients_) all.push_back(client.second.get());
  for (Client* client : all) ResetClient(client);
}

// Clients are dealt out in turn, so that every core has as many.
void ListenerActor::Deal(int fd) {
  if (options_.connections->fetch_add(1, std::memory_order_relaxed) >= options_.connections_max) {
    options_.connections->fetch_sub(1, std::memory_order_relaxed);
    ++stats_.rejected_connections;
    const std::unique_ptr<net::Connection> refused = loop().Adopt(fd, this);
    refused->output()->append(kTooManyConnections);
    refused->Flush();
    return;
  }
  const uint32_t core = next_core_++ % wiring_->listeners.size();
  if (core == options_.index) return Adopt(fd);
  caf::anon_send(wiring_->listeners[core], AdoptClient{fd});
}

void ListenerActor::Adopt(int fd) {
  if (mode_ == replication::ServingMode::kClosed) {
    options_.connections->fetch_sub(1, std::memory_order_relaxed);
    loop().Adopt(fd, this)->Reset();
    return;
  }
  auto client = std::make_unique<Client>(next_client_++, options_.item_bytes_max);
  client->connection = loop().Adopt(fd, this);
  client->connection->owner_data = client.get();
  ++stats_.total_connections;
  ++stats_.curr_connections;
  SetReading(client.get());
  clients_.emplace(client->id, std::move(client));
}

// The client's last reply is out, or nobody is there to read it. REQUIRES: Idle() or gone, not in a
// round.
void ListenerActor::Destroy(Client* client) {
  if (client->listed_held) {
    held_.erase(std::find(held_.begin(), held_.end(), client));
  }
  CountWritten(client);
  --stats_.curr_connections;
  options_.connections->fetch_sub(1, std::memory_order_relaxed);
  clients_.erase(client->id);
}

// Closes with a reset: the outcome of what is under way is unknown to the client. Waits for a
// round, whose commands are views into the input.
void ListenerActor::ResetClient(Client* client) {
  client->gone = true;
  net::Connection& connection = *client->connection;
  connection.set_send_limit(connection.written());  // of its last replies nobody judged all
  connection.Reset();
  if (!client->in_round) Destroy(client);
}

Client* ListenerActor::Find(uint64_t id) {
  auto found = clients_.find(id);
  return found == clients_.end() ? nullptr : found->second.get();
}

void ListenerActor::OnClosed(net::Connection& connection, net::CloseReason reason) {
  Client* client = static_cast<Client*>(connection.owner_data);
  client->closing = true;
  if (reason != net::CloseReason::kEndOfStream) return ResetClient(client);
  // The end of its requests; whoever closed only that half still reads replies.
  if (!client->in_round) Release(client);
}

void ListenerActor::OnDrained(net::Connection& connection) {
  Client* client = static_cast<Client*>(connection.owner_data);
  if (client->in_round) return;
  client->HasBacklog() ? Resume(client) : Release(client);
}

}  // namespace twincached
