// The LINK's connections: the replication port, dialling, and reading frames until a connection is
// the link.
#include <utility>

#include "absl/strings/str_cat.h"
#include "actors/link.h"
#include "actors/log.h"
#include "net/clock.h"
#include "net/socket.h"
#include "proto/limits.h"
#include "proto/replication/decide.h"

namespace twincached {

using replication::ConnectionId;
using replication::Frame;

namespace {

constexpr int64_t kPortRetryMs = 100;
// Strangers and peers before their handshake, at once; more are closed unread.
constexpr size_t kCandidatesMax = 8;

// A master that goes on as slave has waited until everything it did is applied here.
bool ComesTooEarly(const replication::Goodbye& goodbye, const replication::Receiver* receiver) {
  if (goodbye.exiting()) return false;
  return receiver == nullptr || receiver->applied_position() != goodbye.position();
}

}  // namespace

// ---------------------------------------------------------------- the replication port

// On one host only one node of a pair can hold the port: the other one tries again for ever.
void LinkActor::HoldPort() {
  if (!acceptors_.empty()) return;
  for (const net::Address& address : options_.addresses) {
    auto acceptor = loop().Listen(address, false, [this](int fd) { AddPeer(fd, false); });
    if (!acceptor.ok()) {
      acceptors_.clear();
      loop().AddTimer(kPortRetryMs, WhileRunning([this] { HoldPort(); }));
      return;
    }
    acceptors_.push_back(std::move(*acceptor));
  }
}

// ---------------------------------------------------------------- dialling

void LinkActor::Obey(const replication::Dial& dial) { dialer_.Dial(dial.after_ms); }

void LinkActor::Obey(const replication::StopDialling&) { dialer_.Stop(); }

void LinkActor::AddPeer(int fd, bool dialled) {
  auto peer = std::make_unique<Peer>();
  peer->id = next_connection_++;
  peer->dialled = dialled;
  peer->connection = loop().Adopt(fd, this);
  peer->connection->owner_data = peer.get();
  if (peers_.size() >= kCandidatesMax + 1) {
    peer->connection->Reset();
    if (dialled) Tell(replication::DialFailed{replication::DialFailed::kSilent});
    return;
  }
  net::SetUserTimeout(fd, options_.timers.promote_after);
  const ConnectionId id = peer->id;
  peers_.emplace(id, std::move(peer));
  Tell(replication::ConnectionOpened{id, dialled});
}

LinkActor::Peer* LinkActor::Find(ConnectionId id) {
  auto found = peers_.find(id);
  return found == peers_.end() ? nullptr : found->second.get();
}

// The connection is gone for us; its object goes when none of its callbacks can be running.
void LinkActor::Drop(ConnectionId id, bool reset) {
  auto found = peers_.find(id);
  if (found == peers_.end()) return;
  std::unique_ptr<Peer> peer = std::move(found->second);
  peers_.erase(found);
  if (reset) {
    peer->connection->Reset();
  } else {
    peer->connection->Flush();
    peer->connection->PauseReading();
  }
  dropped_.push_back(std::move(peer));
}

// ---------------------------------------------------------------- frames

void LinkActor::OnInput(net::Connection& connection) {
  ReadFrames(static_cast<Peer*>(connection.owner_data));
}

void LinkActor::OnDrained(net::Connection&) {}  // BeforeSleep fills it again

void LinkActor::OnClosed(net::Connection& connection, net::CloseReason reason) {
  const ConnectionId id = static_cast<Peer*>(connection.owner_data)->id;
  if (Find(id) == nullptr) return;
  Drop(id, false);
  if (id == link_id_) BeginOwnBarrier();
  // A timeout of our own is silence and proves no more than that.
  const bool orderly = reason != net::CloseReason::kReset;
  Tell(replication::ConnectionClosed{id, orderly, net::BoottimeMs()});
}

void LinkActor::ReadFrames(Peer* peer) {
  const ConnectionId id = peer->id;
  while (peer != nullptr && peer->hello_sent() && !peer->awaits_role) {
    const size_t bytes_max = id == link_id_ ? kFrameBytesMax : kFrameBytesMaxBeforeHandshake;
    const auto step = replication::NextFrame(peer->connection->input(), bytes_max);
    if (step.outcome == replication::FrameOutcome::kNeedMore) {
      HandOverOpen();
      return peer->connection->SetInputWanted(step.wanted);
    }
    if (step.outcome == replication::FrameOutcome::kBad) return Refuse(peer, step.error);
    const bool good = OnPayload(peer, step.payload);
    peer = Find(id);
    if (peer == nullptr) return;
    if (!good) return Refuse(peer, "malformed frame");
    peer->connection->Consume(step.consumed);
  }
}

bool LinkActor::OnPayload(Peer* peer, absl::string_view payload) {
  if (peer->id == link_id_) {
    replication::DataView data;
    if (!replication::ParseDataFrame(payload, &data)) return false;
    if (data.kind != replication::DataView::kOther) {
      OnData(data);
      return true;
    }
  }
  HandOverOpen();  // data stays before what is behind it
  Frame frame;
  if (!frame.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) return false;
  if (frame.kind_case() == Frame::KIND_NOT_SET) return false;
  if (peer->id == link_id_) {
    OnLinkFrame(peer, frame);
    return true;
  }
  return OnCandidateFrame(peer, frame);
}

bool LinkActor::OnCandidateFrame(Peer* peer, const Frame& frame) {
  if (frame.has_not_ready() && !peer->theirs.has_incarnation()) {
    Tell(replication::NotReadyReceived{peer->id});
    return true;
  }
  if (frame.has_hello() && !peer->theirs.has_incarnation() && frame.hello().has_incarnation()) {
    peer->theirs = frame.hello();
    peer->awaits_role = true;
    Tell(replication::HelloReceived{peer->id, peer->ours, peer->theirs});
    return true;
  }
  if (frame.has_verdict() && peer->theirs.has_incarnation()) {
    peer->awaits_role = peer->agreed = true;
    const int64_t age_ms = net::BoottimeMs() - peer->hello_sent_ms;
    Tell(replication::VerdictReceived{peer->id, frame.verdict(), age_ms});
    return true;
  }
  return false;
}

void LinkActor::OnLinkFrame(Peer* peer, const Frame& frame) {
  switch (frame.kind_case()) {
    case Frame::kHeartbeat:
      return OnHeartbeat(frame.heartbeat());
    case Frame::kAck:
      return OnAck(frame.ack());
    case Frame::kForwards:
      return OnForwards(frame.forwards());
    case Frame::kSnapshotBegin:
      return OnSnapshotBegin(frame.snapshot_begin());
    case Frame::kSnapshotEnd:
      if (receiver_ != nullptr) CheckStatus(receiver_->OnSnapshotEnd(frame.snapshot_end()));
      return;
    case Frame::kInSync:
      if (receiver_ != nullptr) CheckStatus(receiver_->OnInSync(frame.in_sync()));
      return;
    case Frame::kOutdated:
      return Tell(replication::OutdatedReceived{frame.outdated().reason()});
    case Frame::kOutdatedAck:
      return Tell(replication::OutdatedAcked{});
    case Frame::kVerdict:
      // What follows is for whoever this node is then.
      peer->awaits_role = true;
      return Tell(replication::VerdictReceived{peer->id, frame.verdict()});
    case Frame::kSwitchover:
      return Tell(replication::SwitchoverReceived{frame.switchover().refusal()});
    case Frame::kDigest:
    case Frame::kRepair:
    case Frame::kDigestResult:
    case Frame::kVerify:
    case Frame::kVerifyAnswer:
      return OnComparingFrame(frame);
    case Frame::kGoodbye:
      if (ComesTooEarly(frame.goodbye(), receiver_.get())) {
        return Tell(replication::StreamBroken{"a goodbye before everything was applied"});
      }
      return Tell(replication::GoodbyeReceived{frame.goodbye()});
    default:
      return Tell(replication::StreamBroken{"a frame out of place"});
  }
}

// Strangers, and a peer whose bytes cannot be trusted.
void LinkActor::Refuse(Peer* peer, absl::string_view why) {
  ++stats_.frames_refused;
  LogDetail(absl::StrCat("replication: closing connection ",
                         net::PeerAddress(peer->connection->fd()).ToString(), ": ", why));
  const ConnectionId id = peer->id;
  Drop(id, true);
  if (id == link_id_) BeginOwnBarrier();
  Tell(replication::ConnectionClosed{id, false, net::BoottimeMs()});
}

void LinkActor::Append(Peer* peer, const Frame& frame) {
  replication::AppendFrame(frame, peer->connection->output());
}

// ---------------------------------------------------------------- the handshake

void LinkActor::Obey(const replication::SendHello& hello) {
  Peer* peer = Find(hello.connection);
  if (peer == nullptr) return;
  if (!own_barrier_.under_way()) return SendHello(peer);
  waiting_hellos_.push_back(hello.connection);
  Obey(replication::SendNotReady{hello.connection});
}

void LinkActor::Obey(const replication::SendNotReady& not_ready) {
  Peer* peer = Find(not_ready.connection);
  if (peer == nullptr) return;
  Frame frame;
  frame.mutable_not_ready();
  Append(peer, frame);
}

void LinkActor::SendHello(Peer* peer) {
  replication::Hello& hello = peer->ours;
  hello = role_hello_;
  hello.set_probe_port(probe_port_.port());
  hello.set_position(receiver_ != nullptr ? receiver_->applied_position() : log_.end());
  hello.set_acknowledged_position(sender_ != nullptr ? sender_->acked_position() : log_.end());
  hello.set_log_begin_position(log_.begin());
  hello.mutable_forwards_from()->set_low(executed_forwards_from_);
  hello.set_forwards_executed(executed_forward_);
  hello.set_client_mutations_acknowledged(alone_mutations_);
  hello.set_memory_bytes_max(memory_limit_.bytes());
  hello.set_item_bytes_max(options_.item_bytes_max);
  hello.set_slot_seed(slot_seed_);
  hello.set_stream_clock_ms(net::MonotonicUs() / 1000 + clock_offset_ms_);
  hello.set_client_port(options_.client_port);
  Frame frame;
  *frame.mutable_hello() = hello;
  Append(peer, frame);
  peer->hello_sent_ms = net::BoottimeMs();
  ReadFrames(peer);
}

void LinkActor::Obey(const replication::SendVerdict& verdict) {
  Peer* peer = Find(verdict.connection);
  if (peer == nullptr) return;
  Frame frame;
  *frame.mutable_verdict() = verdict.verdict;
  Append(peer, frame);
}

void LinkActor::Obey(const replication::CloseConnection& close) {
  Drop(close.connection, close.reset);
  if (close.connection == link_id_) BeginOwnBarrier();
}

}  // namespace twincached
