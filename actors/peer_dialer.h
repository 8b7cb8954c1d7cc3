// One attempt at a time to connect to the peer's replication port, its name looked up anew each
// time.
//
// On core 0, owned by the LINK. Every attempt ends in exactly one call of on_done, unless it was
// stopped.
#pragma once

#include <functional>
#include <memory>

#include "net/event_loop.h"
#include "proto/replication/role_machine.h"

namespace twincached {

class PeerDialer {
 public:
  using Why = replication::DialFailed::Why;

  struct Target {
    net::HostPort peer;
    int64_t limit_ms;  // a connect without an answer for so long is given up
  };

  // on_connected gets a socket; on_failed the reason.
  PeerDialer(net::EventLoop* loop, Target target, std::function<void(int fd)> on_connected,
             std::function<void(Why)> on_failed);
  ~PeerDialer() { Stop(); }

  // Takes the place of an attempt that is under way.
  void Dial(int64_t after_ms);
  void Stop();

 private:
  void Start();
  void Connect(const absl::StatusOr<net::Address>& address);

  net::EventLoop* const loop_;  // borrowed
  const Target target_;
  const std::function<void(int fd)> on_connected_;
  const std::function<void(Why)> on_failed_;

  net::Resolver resolver_;
  std::unique_ptr<net::Dialer> dialer_;
  net::TimerId timer_ = 0;
  uint64_t attempt_ = 0;  // look-ups of earlier attempts are not listened to
};

}  // namespace twincached
