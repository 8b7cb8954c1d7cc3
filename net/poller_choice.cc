#include "net/poller_choice.h"

#include "net/uring_poller.h"
#include "proto/check.h"

namespace twincached::net {

absl::Status ProbeUring() { return NewUringPoller().status(); }

absl::StatusOr<std::unique_ptr<Poller>> NewPoller(PollerKind kind) {
  CHECK(kind != PollerKind::kAuto);
  return kind == PollerKind::kUring ? NewUringPoller() : NewEpollPoller();
}

}  // namespace twincached::net
