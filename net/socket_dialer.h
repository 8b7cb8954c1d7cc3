// The connect under way over a non-blocking socket. Not public; the contract is in
// net/event_loop.h.
#pragma once

#include <cstdint>
#include <functional>

#include "absl/status/statusor.h"
#include "net/event_loop.h"
#include "net/poller.h"

namespace twincached::net {

class SocketDialer final : public Dialer, private PollTarget {
 public:
  using Callback = std::function<void(absl::StatusOr<int> fd)>;

  // Calls back during a later Poll(), also when the outcome is known at once.
  SocketDialer(EventLoop* loop, const Address& address, int64_t timeout_ms, Callback on_done);
  ~SocketDialer() override;

 private:
  void OnReady(uint32_t events) override;
  // Errno of connect(); EINPROGRESS when it goes on.
  int Connect();
  void FinishLater(int error);
  // Calls back; *this may be gone afterwards.
  void Finish(absl::StatusOr<int> result);
  void FinishWithError(int error);
  // The kernel may have connected the socket to itself: nobody listens, and the port given to our
  // end was the one dialled.
  bool ConnectedToItself() const;
  void StopWaiting();

  // Fixed at construction.
  EventLoop* const loop_;  // borrowed: outlives *this
  const Address address_;

  Callback on_done_;
  int fd_ = -1;  // owned until it is handed over
  bool registered_ = false;
  TimerId timer_ = 0;
};

}  // namespace twincached::net
