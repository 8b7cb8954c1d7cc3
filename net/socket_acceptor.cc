#include "net/socket_acceptor.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "net/socket.h"

namespace twincached::net {

SocketAcceptor::SocketAcceptor(EventLoop* loop, int fd, std::function<void(int fd)> on_accept)
    : loop_(loop),
      fd_(fd),
      on_accept_(std::make_shared<const std::function<void(int fd)>>(std::move(on_accept))) {
  SetNoDelay(fd_);  // inherited by what it accepts: no system call for each
  loop_->poller().Add(fd_, kReadable, this);
}

SocketAcceptor::~SocketAcceptor() {
  if (gone_ != nullptr) *gone_ = true;
  loop_->CancelTimer(retry_timer_);
  loop_->poller().Remove(fd_, this);
  close(fd_);
}

uint16_t SocketAcceptor::port() const { return LocalAddress(fd_).port(); }

void SocketAcceptor::Pause() {
  paused_ = true;
  UpdateInterest();
}

void SocketAcceptor::Resume() {
  paused_ = false;
  UpdateInterest();
}

void SocketAcceptor::OnReady(uint32_t /*events*/) {
  const auto on_accept = on_accept_;
  bool gone = false;
  gone_ = &gone;
  for (int i = 0; i < kAcceptsPerEvent; ++i) {
    const bool more = AcceptOne(*on_accept);
    if (gone) return;
    if (!more || paused_) break;
  }
  gone_ = nullptr;
}

bool SocketAcceptor::AcceptOne(const std::function<void(int fd)>& on_accept) {
  const int fd = accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0) {
    on_accept(fd);
    return true;
  }
  switch (errno) {
    case EAGAIN:
      return false;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
      RetryLater();
      return false;
    default:  // this client is gone already, or was never meant to come in: the next one
      return true;
  }
}

void SocketAcceptor::RetryLater() {
  loop_->CancelTimer(retry_timer_);
  retry_timer_ = loop_->AddTimer(kAcceptRetryMs, [this] {
    retry_timer_ = 0;
    UpdateInterest();
  });
  UpdateInterest();
}

void SocketAcceptor::UpdateInterest() {
  loop_->poller().Change(fd_, paused_ || retry_timer_ != 0 ? 0 : kReadable, this);
}

}  // namespace twincached::net
