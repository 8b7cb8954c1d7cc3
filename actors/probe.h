// The probe port of this process, and the probing of the peer's.
//
// Every process holds one more listening port, of the kernel's choosing, from before its first
// Hello until it exits: it accepts and closes. When a link ends, two fresh connects to the peer's
// port that are both refused prove the peer's process dead (evidence E1), where the end of the link
// alone proves nothing. On core 0, owned by the LINK. Bounds: two connects, kProbeMs each.
#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "net/event_loop.h"
#include "proto/replication/role_machine.h"

namespace twincached {

class ProbePort {
 public:
  // Listens on every one of `hosts`, with one port number that is free on all; fails when there is
  // none.
  absl::Status Open(net::EventLoop* loop, const std::vector<net::Address>& hosts);
  uint16_t port() const { return acceptors_.empty() ? 0 : acceptors_.front()->port(); }
  void Close() { acceptors_.clear(); }

 private:
  absl::Status TryOpen(net::EventLoop* loop, const std::vector<net::Address>& hosts);

  std::vector<std::unique_ptr<net::Acceptor>> acceptors_;
};

class Prober {
 public:
  using Result = replication::ProbeDone::Result;

  // Calls back exactly once, unless destroyed before. REQUIRES: the callback may destroy the prober
  // only later.
  Prober(net::EventLoop* loop, const net::Address& target, std::function<void(Result)> on_done);

 private:
  void Connect();
  void OnConnected(const absl::StatusOr<int>& fd);

  net::EventLoop* const loop_;
  const net::Address target_;
  const std::function<void(Result)> on_done_;
  std::unique_ptr<net::Dialer> dialer_;
  int refused_ = 0;
};

// Does the peer's process live? Its probe port counts as evidence only when it has accepted while
// the link was open.
class PeerProbe {
 public:
  PeerProbe(net::EventLoop* loop, std::function<void(Prober::Result)> on_done)
      : loop_(loop), on_done_(std::move(on_done)) {}
  ~PeerProbe() { Stop(); }

  // A link to whoever holds this port begins.
  void BeginLink(const net::Address& port);
  // Tries the port unless it has accepted already. REQUIRES: the link is open.
  void Verify();
  // The link is over: tells on_done what the port says now; kSilent when it never accepted.
  void Start();
  // Nothing is told any more.
  void Stop();

 private:
  void Probe(int again);

  net::EventLoop* const loop_;
  const std::function<void(Prober::Result)> on_done_;
  net::Address port_;
  bool verified_ = false;
  std::unique_ptr<Prober> prober_;
  net::TimerId again_timer_ = 0;
};

}  // namespace twincached
