// Readiness of descriptors, and for the poller that has them completions of socket operations,
// behind one interface: epoll and io_uring.
//
// The connection, acceptor and dialer objects of a loop are the poller's clients; nobody else is.
// Used on the loop's thread; made on another one (before any Wait()), and destroyed on another one
// when the loop's thread has ended.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"

namespace twincached::net {

class Completions;

inline constexpr uint32_t kReadable = 1;
inline constexpr uint32_t kWritable = 2;

class PollTarget {
 public:
  virtual ~PollTarget() = default;
  virtual void OnReady(
      uint32_t events) = 0;  // an error or hang-up is reported as everything that was asked for
};

class Poller {
 public:
  virtual ~Poller() = default;
  virtual const char* name() const = 0;  // "epoll", "io_uring"
  // Level-triggered. interest 0 keeps the registration but reports nothing but errors.
  virtual void Add(int fd, uint32_t interest, PollTarget* target) = 0;
  virtual void Change(int fd, uint32_t interest, PollTarget* target) = 0;
  virtual void Remove(
      int fd, PollTarget* target) = 0;  // no OnReady for it afterwards, also in the running Wait()
  // Delivers events; returns how many. timeout_ms as epoll_wait's.
  virtual size_t Wait(int timeout_ms) = 0;
  // nullptr: whoever is told that a socket is ready reads and writes it himself.
  virtual Completions* completions() { return nullptr; }
};

absl::StatusOr<std::unique_ptr<Poller>> NewEpollPoller();

}  // namespace twincached::net
