// The part of the kernel that a node asks for: descriptors, epoll, eventfd, sockets and clocks of
// one process.
//
// What it is: the answers to the system calls of net/ (syscalls.cc brings them here), so that the
// whole program above the kernel runs unchanged. What it is not: a scheduler; epoll_wait never
// blocks, the node's units are run when something is ready (SimNode).
//
// Invariants:
// 1. Descriptors are the lowest free ones, as in Linux.
// 2. A dead process has no effect on the world: its calls succeed and do nothing.
#pragma once

#include <sys/epoll.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "tests/sim/network.h"

namespace twincached::sim {

// What the host's clocks show, as functions of virtual time.
struct HostClock {
  int64_t monotonic_offset_us = 0;
  int64_t wall_offset_us = 0;
  int64_t drift_ppm = 0;
};

class Process {
 public:
  Process(Timeline* timeline, Network* network, Ip host, HostClock clock)
      : timeline_(*timeline), network_(*network), host_(host), clock_(clock) {}
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // Whose code runs now; nullptr: the simulator's own.
  static Process* current() { return current_; }
  class Scope {
   public:
    explicit Scope(Process* process) : outer_(current_) { current_ = process; }
    ~Scope() { current_ = outer_; }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Process* const outer_;
  };

  // Something that this epoll watches became ready.
  void set_on_ready(std::function<void(int epoll_fd)> hook) { on_ready_ = std::move(hook); }
  // Every descriptor is closed, one after another, as the kernel does it for a process that ended.
  void Die(int64_t gap_us);
  // The host lost its power: nothing is closed, nobody is told.
  void Vanish();
  bool dead() const { return dead_; }
  // The link and clients of this process, for faults: every connected stream.
  std::vector<TcpEndPtr> Streams() const;
  void StepWallClock(int64_t step_us) { clock_.wall_offset_us += step_us; }

  // ---- System calls; -errno is failure ----
  int Socket();
  int Bind(int fd, SocketName name);
  int Listen(int fd);
  int Accept(int fd);
  int Connect(int fd, SocketName name);
  int64_t Send(int fd, const char* data, size_t bytes);
  int64_t Receive(int fd, char* data, size_t bytes_max);
  int Shutdown(int fd);
  int Close(int fd);
  int SetUserTimeout(int fd, int64_t timeout_ms);
  int SetResetOnClose(int fd);
  int TakeError(int fd);
  // A name that it has not got is all zeros.
  SocketName LocalName(int fd);
  SocketName PeerName(int fd);
  int EventFd();
  int64_t ReadEvent(int fd);  // the count
  int WriteEvent(int fd);
  int EpollCreate();
  int EpollControl(int epoll_fd, int operation, int fd, const epoll_event* event);
  int EpollWait(int epoll_fd, epoll_event* events, int events_max, int timeout_ms);
  int64_t MonotonicUs() const;
  int64_t WallUs() const;

  // Of the newest EpollWait: which one, and how long it wanted to sleep.
  int newest_epoll_fd() const { return newest_epoll_fd_; }
  int newest_timeout_ms() const { return newest_timeout_ms_; }

 private:
  enum class Kind : uint8_t { kFree, kSocket, kListener, kStream, kEvent, kEpoll };
  struct File {
    Kind kind = Kind::kFree;
    SocketName name;  // a socket's, once bound
    std::unique_ptr<TcpListener> listener;
    TcpEndPtr stream;
    bool reset_on_close = false;
    uint64_t event_count = 0;
    int epoll_fd = -1;  // that watches it
    uint32_t interest = 0;
    uint64_t data = 0;
  };

  int Open(Kind kind);
  File* Get(int fd, Kind kind);
  uint32_t Ready(const File& file) const;
  void Changed(int fd);

  static thread_local Process* current_;

  Timeline& timeline_;
  Network& network_;
  const Ip host_;
  HostClock clock_;
  std::vector<File> files_;  // by descriptor
  std::function<void(int epoll_fd)> on_ready_;
  size_t next_event_ = 0;  // where the next EpollWait begins to look
  int newest_epoll_fd_ = -1;
  int newest_timeout_ms_ = 0;
  bool dead_ = false;
};

}  // namespace twincached::sim
