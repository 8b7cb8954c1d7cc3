#include "actors/probe.h"

#include "net/socket.h"

namespace twincached {

namespace {

constexpr int64_t kProbeMs = 20;
constexpr int kProbes = 2;
constexpr int kPortAttempts = 8;
// A probe that was not refused is repeated so often, so soon: a process that ends closes the link a
// moment before its probe port.
constexpr int kProbesAgain = 5;
constexpr int64_t kProbeAgainMs = 4;

}  // namespace

absl::Status ProbePort::Open(net::EventLoop* loop, const std::vector<net::Address>& hosts) {
  absl::Status status;
  for (int attempt = 0; attempt < kPortAttempts; ++attempt) {
    status = TryOpen(loop, hosts);
    if (status.ok()) return status;
    acceptors_.clear();
  }
  return status;
}

// The first address gets any port, the others must have the same one.
absl::Status ProbePort::TryOpen(net::EventLoop* loop, const std::vector<net::Address>& hosts) {
  for (const net::Address& host : hosts) {
    // Closed in order, not reset: a reset could come before the prober has seen its connect
    // succeed.
    auto acceptor =
        loop->Listen(host.WithPort(port()), false, [loop](int fd) { loop->Adopt(fd, nullptr); });
    if (!acceptor.ok()) return acceptor.status();
    acceptors_.push_back(std::move(*acceptor));
  }
  return absl::OkStatus();
}

Prober::Prober(net::EventLoop* loop, const net::Address& target,
               std::function<void(Result)> on_done)
    : loop_(loop), target_(target), on_done_(std::move(on_done)) {
  Connect();
}

void Prober::Connect() {
  dialer_ = loop_->Dial(target_, kProbeMs, [this](absl::StatusOr<int> fd) { OnConnected(fd); });
}

void Prober::OnConnected(const absl::StatusOr<int>& fd) {
  if (fd.ok()) {
    loop_->Adopt(*fd, nullptr)->Reset();
    return on_done_(Result::kAccepted);
  }
  // Reset before this loop could look: somebody was there to do it.
  if (absl::IsUnknown(fd.status())) return on_done_(Result::kAccepted);
  if (!absl::IsUnavailable(fd.status())) return on_done_(Result::kSilent);
  if (++refused_ == kProbes) return on_done_(Result::kRefused);
  Connect();
}

void PeerProbe::BeginLink(const net::Address& port) {
  Stop();
  port_ = port;
  verified_ = false;
  Verify();
}

void PeerProbe::Verify() {
  if (verified_) return;
  prober_ = std::make_unique<Prober>(loop_, port_, [this](Prober::Result result) {
    verified_ = result == Prober::Result::kAccepted;
  });
}

void PeerProbe::Start() {
  Stop();
  if (!verified_) return on_done_(Prober::Result::kSilent);
  Probe(kProbesAgain);
}

void PeerProbe::Stop() {
  prober_.reset();
  loop_->CancelTimer(std::exchange(again_timer_, 0));
}

void PeerProbe::Probe(int again) {
  prober_ = std::make_unique<Prober>(loop_, port_, [this, again](Prober::Result result) {
    if (result == Prober::Result::kRefused || again == 0) return on_done_(result);
    again_timer_ = loop_->AddTimer(kProbeAgainMs, [this, again] {
      again_timer_ = 0;
      Probe(again - 1);
    });
  });
}

}  // namespace twincached
