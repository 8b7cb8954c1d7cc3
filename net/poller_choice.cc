#include "net/poller_choice.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "net/uring_poller.h"
#include "proto/check.h"

namespace twincached::net {
namespace {

absl::Status MakeAll(PollerKind kind, size_t count, const PollerMaker& make, Pollers* made) {
  made->kind = kind;
  made->pollers.clear();
  while (made->pollers.size() < count) {
    absl::StatusOr<std::unique_ptr<Poller>> poller = make(kind);
    if (poller.ok()) {
      made->pollers.push_back(std::move(*poller));
      continue;
    }
    const size_t number = made->pollers.size() + 1;
    if (number == 1) return poller.status();
    return absl::Status(poller.status().code(), absl::StrCat(poller.status().message(), " (loop ",
                                                             number, " of ", count, ")"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ProbeUring() { return NewUringPoller().status(); }

absl::StatusOr<std::unique_ptr<Poller>> NewPoller(PollerKind kind) {
  CHECK(kind != PollerKind::kAuto);
  return kind == PollerKind::kUring ? NewUringPoller() : NewEpollPoller();
}

absl::StatusOr<Pollers> NewPollers(PollerKind asked, size_t count, const PollerMaker& make) {
  Pollers made;
  const PollerKind first = asked == PollerKind::kAuto ? PollerKind::kUring : asked;
  absl::Status status = MakeAll(first, count, make, &made);
  if (!status.ok() && asked == PollerKind::kAuto) {
    made.why_epoll = std::string(status.message());
    status = MakeAll(PollerKind::kEpoll, count, make, &made);
  }
  if (!status.ok()) return status;
  return made;
}

}  // namespace twincached::net
