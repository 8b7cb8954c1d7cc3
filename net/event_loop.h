// One thread's event loop: sockets, timers and wake-ups, without a scheduler.
//
// What it is: the thing a core unit asks "what happened?" once per iteration. It owns its poller
// and outlives every socket object made by it. It is not a run loop: the core unit calls Poll() and
// decides what to run next. Which core: each core has its own; every method but Wake() and Post()
// is called on the owning thread. Bounds: Poll() delivers at most one readiness event per socket
// and reads at most kReadBytesPerIteration from each.
//
// Invariants:
// 1. A handler is never called after its socket object was destroyed, nor from inside a call that
//    it makes itself.
// 2. Wake() and Post() cost a system call only when the loop sleeps (or is about to). One that
//    comes while it does not sleep keeps the next Poll() from sleeping.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "net/address.h"
#include "net/connection.h"
#include "net/poller.h"

namespace twincached::net {

using TimerId = uint64_t;  // 0 is no timer

// A listening socket; destroying it closes the port.
class Acceptor {
 public:
  virtual ~Acceptor() = default;
  virtual uint16_t port() const = 0;  // the real one, also when 0 was asked for
  virtual void Pause() = 0;  // stops accepting (the kernel queues); used when out of descriptors
  virtual void Resume() = 0;
};

// A connect under way; destroying it gives it up without a callback.
class Dialer {
 public:
  virtual ~Dialer() = default;
};

class EventLoop {
 public:
  explicit EventLoop(std::unique_ptr<Poller> poller);
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Waits for events (timeout_ms: -1 until something happens or the earliest timer is due, 0 not at
  // all), delivers them: sockets first, then due timers, then posted functions. Returns how many
  // things were delivered.
  size_t Poll(int timeout_ms);

  // Thread-safe. Makes a sleeping Poll() return.
  void Wake();
  // Thread-safe. Runs `work` on the loop's thread during a later Poll().
  void Post(std::function<void()> work);

  // Monotonic milliseconds/microseconds, read once per Poll().
  int64_t now_ms() const;
  int64_t now_us() const;

  // Runs `work` once after delay_ms. Cancel is idempotent; a cancelled timer never runs.
  TimerId AddTimer(int64_t delay_ms, std::function<void()> work);
  void CancelTimer(TimerId id);

  // Listens on `address` (port 0: any). `on_accept` gets each new socket, non-blocking,
  // close-on-exec, TCP_NODELAY set. Fails with a message naming address and reason. When accept
  // fails for want of descriptors the acceptor pauses for 10 ms and goes on; on_accept is not
  // called.
  absl::StatusOr<std::unique_ptr<Acceptor>> Listen(const Address& address, bool reuse_port,
                                                   std::function<void(int fd)> on_accept);
  // Same for an already listening or unix socket made by net/socket.h.
  std::unique_ptr<Acceptor> Accept(int listen_fd, std::function<void(int fd)> on_accept);

  // Connects; calls back exactly once, with a socket or an error (DeadlineExceeded after
  // timeout_ms; Unavailable when refused: nobody listens; another code otherwise).
  std::unique_ptr<Dialer> Dial(const Address& address, int64_t timeout_ms,
                               std::function<void(absl::StatusOr<int> fd)> on_done);

  // Takes ownership of a connected non-blocking socket and starts reading it. `handler` outlives
  // the connection.
  std::unique_ptr<Connection> Adopt(int fd, ConnectionHandler* handler);

  // What connections were told to FlushSoon() leaves now: written() is up to date afterwards.
  void SendAll();

  Poller& poller();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace twincached::net
