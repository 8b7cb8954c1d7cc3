// The poller over io_uring. Contracts: net/poller.h, net/completions.h.
//
// One system call per Wait() hands over everything: what is to be sent, what is to be received, the
// descriptors whose readiness is waited for; and sleeps.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "net/poller.h"

namespace twincached::net {

// Unavailable, with the reason, where the kernel does not allow it.
absl::StatusOr<std::unique_ptr<Poller>> NewUringPoller();

}  // namespace twincached::net
