// The acceptor over a listening socket. Not public; the contract is in net/event_loop.h.
//
// Bounds: kAcceptsPerEvent sockets in one iteration; the rest stays in the kernel's queue for the
// next one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "net/event_loop.h"
#include "net/poller.h"

namespace twincached::net {

// So that a storm of clients does not keep the served ones waiting.
inline constexpr int kAcceptsPerEvent = 64;
// Out of descriptors or memory: long enough not to spin, short enough not to be noticed once there
// are some again.
inline constexpr int64_t kAcceptRetryMs = 10;

class SocketAcceptor final : public Acceptor, private PollTarget {
 public:
  // Takes ownership of fd.
  SocketAcceptor(EventLoop* loop, int fd, std::function<void(int fd)> on_accept);
  ~SocketAcceptor() override;

  uint16_t port() const override;
  void Pause() override;
  void Resume() override;

 private:
  void OnReady(uint32_t events) override;
  // False when there is nothing to accept now.
  bool AcceptOne(const std::function<void(int fd)>& on_accept);
  void RetryLater();
  void UpdateInterest();

  EventLoop* const loop_;  // borrowed: outlives *this
  const int fd_;           // owned
  // Shared with the call that is running, which may destroy *this.
  const std::shared_ptr<const std::function<void(int fd)>> on_accept_;
  bool paused_ = false;
  TimerId retry_timer_ = 0;
  bool* gone_ = nullptr;  // while on_accept runs: where the destructor leaves word
};

}  // namespace twincached::net
