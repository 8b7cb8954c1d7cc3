// Which poller a node uses: what was asked for, and what the kernel has.
//
// io_uring where it can be had: one system call per iteration, where epoll takes two per request.
// Containers and old kernels often do not allow it.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "net/poller.h"
#include "net/poller_kind.h"

namespace twincached::net {

// OK, or why this process can have no io_uring: the kernel is too old, or seccomp or
// kernel.io_uring_disabled forbids it. Makes a ring and lets it go: ask when the process has become
// who it stays.
absl::Status ProbeUring();

// Makes one of this kind; fails, with the reason, where that is impossible. REQUIRES: not kAuto.
absl::StatusOr<std::unique_ptr<Poller>> NewPoller(PollerKind kind);

}  // namespace twincached::net
