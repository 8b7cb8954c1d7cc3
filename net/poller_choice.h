// Which poller a node uses: what was asked for, and what the kernel has.
//
// io_uring where it can be had: one system call per iteration, where epoll takes two per request.
// Containers and old kernels often do not allow it.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "net/poller.h"
#include "net/poller_kind.h"

namespace twincached::net {

// OK, or why this process can have no io_uring: the kernel is too old, or seccomp or
// kernel.io_uring_disabled forbids it. Makes a ring and lets it go.
absl::Status ProbeUring();

// Makes one of this kind; fails, with the reason, where that is impossible. REQUIRES: not kAuto.
absl::StatusOr<std::unique_ptr<Poller>> NewPoller(PollerKind kind);

// The pollers of a node, all of one kind.
struct Pollers {
  PollerKind kind;
  std::vector<std::unique_ptr<Poller>> pollers;
  std::string why_epoll;  // of kAuto: why it is not io_uring; else empty
};
using PollerMaker = std::function<absl::StatusOr<std::unique_ptr<Poller>>(PollerKind)>;

// Makes `count` with `make`. kAuto: io_uring when all can have it (the first ring may be the last
// one that the kernel gives), else epoll. Call it when the process has become who it stays.
absl::StatusOr<Pollers> NewPollers(PollerKind asked, size_t count,
                                   const PollerMaker& make = NewPoller);

}  // namespace twincached::net
