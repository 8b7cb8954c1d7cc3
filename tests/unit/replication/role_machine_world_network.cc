// The world's network: ordered, delayed, cut and reset connections, and the stream on the link.
#include <algorithm>

#include "tests/unit/replication/role_machine_world.h"

namespace twincached::replication {

void World::Send(ConnectionId from, Message message) {
  const auto own = ends_.find(from);
  const auto other = ends_.find(from ^ 1);
  if (own == ends_.end() || !own->second.open || other == ends_.end()) return;
  other->second.in.push_back(std::move(message));
  At(1 + static_cast<int64_t>(Random(2)), [this, to = from ^ 1] { Arrive(to); });
}

void World::CloseEnd(ConnectionId id, bool reset) {
  const auto own = ends_.find(id);
  if (own == ends_.end()) return;
  Message end;
  end.kind = reset ? Message::kReset : Message::kEnd;
  Send(id, end);
  ends_.erase(id);
}

void World::Arrive(ConnectionId id) {
  const auto found = ends_.find(id);
  if (found == ends_.end()) return;
  End& end = found->second;
  const auto sender = ends_.find(id ^ 1);
  const int from = sender != ends_.end() ? sender->second.node : 1 - end.node;
  if (from != end.node && cut_[from]) return;
  if (end.paused) {
    ++end.arrived_unread;
    return;
  }
  if (end.in.empty()) return;
  const Message message = std::move(end.in.front());
  end.in.pop_front();
  if (message.kind == Message::kVerdict) end.paused = true;
  ForNode(end.node, end.life, [this, node = end.node, id, message] { Receive(node, id, message); });
}

void World::Receive(int node, ConnectionId id, const Message& message) {
  const auto found = ends_.find(id);
  if (found == ends_.end()) return;
  switch (message.kind) {
    case Message::kEnd:
    case Message::kReset:
      ends_.erase(id);
      return Give(node,
                  ConnectionClosed{id, message.kind == Message::kEnd, Random(2) == 0 ? now_ : -1});
    case Message::kNotReady:
      return Give(node, NotReadyReceived{id});
    case Message::kHello:
      found->second.theirs = message.hello;
      return Give(node, HelloReceived{id, found->second.ours, message.hello});
    case Message::kVerdict:
      return Give(node, VerdictReceived{id, message.verdict});
    default:
      if (nodes_[node].attached && nodes_[node].link == id) ReceiveOnLink(node, id, message);
  }
}

void World::ReceiveOnLink(int node, ConnectionId id, const Message& message) {
  Node& n = nodes_[node];
  switch (message.kind) {
    case Message::kHeartbeat:
      ends_[id].heard_sent_ms = message.sent_ms;
      if (message.echo_ms < 0) return;
      n.newest_echo_ms = std::max(n.newest_echo_ms, message.echo_ms);
      Give(node, HeartbeatReceived{now_ - message.echo_ms, message.state});
      if (n.machine != nullptr) Release(node);
      return;
    case Message::kAck:
      return OnAck(node, message.position);
    case Message::kInSyncAck:
      return Give(node, InSyncAcked{});
    case Message::kOutdated:
      return Give(node, OutdatedReceived{"too slow"});
    case Message::kOutdatedAck:
      return Give(node, OutdatedAcked{});
    case Message::kSwitchover:
      return Give(node, SwitchoverReceived{message.refusal});
    case Message::kGoodbye:
      return Give(node, GoodbyeReceived{message.goodbye});
    default:
      if (n.stalled) {
        n.not_applied.push_back(message);
      } else {
        Apply(node, message);
      }
  }
}

void World::Apply(int node, const Message& message) {
  Node& n = nodes_[node];
  if (!n.attached || n.as_source) return;
  if (message.kind == Message::kSnapshot) {
    n.history = message.writes;
  } else if (message.kind == Message::kWrite) {
    if (message.position <= n.history.size()) return;
    if (message.position != n.history.size() + 1) return Give(node, StreamBroken{"a gap"});
    n.history.push_back(message.write);
  } else if (message.kind == Message::kInSync) {
    Give(node, InSyncApplied{});
    Message ack;
    ack.kind = Message::kInSyncAck;
    if (n.attached && !n.as_source) Send(n.link, ack);
    return;
  }
  SendAck(node);
}

void World::SendAck(int node) {
  Message ack;
  ack.kind = Message::kAck;
  ack.position = nodes_[node].history.size();
  Send(nodes_[node].link, ack);
}

void World::OnAck(int node, uint64_t position) {
  Node& n = nodes_[node];
  if (!n.as_source) return;
  n.got_ack = true;
  if (position > n.acked_position) n.unacked_since_ms = n.running_ms;
  n.acked_position = std::max(n.acked_position, position);
  if (n.acked_position >= n.history.size()) n.unacked_since_ms = -1;
  Release(node);
  CheckProgress(node);
}

void World::CheckProgress(int node) {
  Node& n = nodes_[node];
  if (!n.attached || !n.as_source) return;
  if (n.draining && n.acked_position >= n.history.size()) {
    n.draining = false;
    return Give(node, Drained{});
  }
  if (n.told_caught_up || !n.got_ack || !n.peer_loaded) return;
  if (n.acked_position + 5 < n.history.size()) return;
  n.told_caught_up = true;
  Give(node, CaughtUp{});
}

}  // namespace twincached::replication
