#include "actors/peer_dialer.h"

#include <utility>

namespace twincached {

PeerDialer::PeerDialer(net::EventLoop* loop, Target target,
                       std::function<void(int fd)> on_connected, std::function<void(Why)> on_failed)
    : loop_(loop),
      target_(std::move(target)),
      on_connected_(std::move(on_connected)),
      on_failed_(std::move(on_failed)),
      resolver_(loop) {}

void PeerDialer::Dial(int64_t after_ms) {
  Stop();
  if (after_ms <= 0) return Start();
  timer_ = loop_->AddTimer(after_ms, [this] {
    timer_ = 0;
    Start();
  });
}

void PeerDialer::Stop() {
  ++attempt_;
  dialer_.reset();
  loop_->CancelTimer(std::exchange(timer_, 0));
}

void PeerDialer::Start() {
  const uint64_t attempt = ++attempt_;
  resolver_.Resolve(target_.peer, [this, attempt](const absl::StatusOr<net::Address>& address) {
    if (attempt == attempt_) Connect(address);
  });
}

void PeerDialer::Connect(const absl::StatusOr<net::Address>& address) {
  if (!address.ok()) return on_failed_(Why::kUnresolved);
  dialer_ = loop_->Dial(*address, target_.limit_ms, [this](const absl::StatusOr<int>& fd) {
    if (fd.ok()) return on_connected_(*fd);
    on_failed_(absl::IsUnavailable(fd.status()) ? Why::kRefused : Why::kSilent);
  });
}

}  // namespace twincached
