// The probe port of this process, and the probing of the peer's.
//
// Every process holds one more listening port, of the kernel's choosing, from before its first
// Hello until it exits: it accepts and closes. When a link ends, two fresh connects to the peer's
// port that are both refused prove the peer's process dead (evidence E1), where the end of the link
// alone proves nothing. On core 0, owned by the LINK. Bounds: two connects, kProbeMs each.
#pragma once

#include <functional>
#include <memory>
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

}  // namespace twincached
