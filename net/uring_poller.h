// The poller over io_uring. Contracts: net/poller.h, net/completions.h.
//
// One system call per Wait() hands over everything: what is to be sent, what is to be received, the
// descriptors whose readiness is waited for; and sleeps. What is asked for between two Wait()s is
// only written down, so no entry in the kernel's queue names a descriptor that was closed
// meanwhile. Readiness is a one-shot poll that is asked for again after each event, which makes it
// level-triggered. The exception is taking back what is under way (Remove(), Close()): a system
// call at once, because the kernel holds the socket open that long.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "net/poller.h"

namespace twincached::net {

// Unavailable, with the reason, where the kernel does not allow it.
absl::StatusOr<std::unique_ptr<Poller>> NewUringPoller();

}  // namespace twincached::net
