#include "net/socket_dialer.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "net/socket.h"

namespace twincached::net {
namespace {

absl::Status DialError(const Address& address, int error) {
  const std::string text =
      absl::StrCat("cannot connect to ", address.ToString(), ": ", std::strerror(error));
  switch (error) {
    case ECONNREFUSED:
      return absl::UnavailableError(text);
    case ETIMEDOUT:
      return absl::DeadlineExceededError(text);
    case EHOSTUNREACH:
    case ENETUNREACH:
      return absl::NotFoundError(text);
    case EMFILE:
    case ENFILE:
      return absl::ResourceExhaustedError(text);
    default:
      return absl::UnknownError(text);
  }
}

}  // namespace

SocketDialer::SocketDialer(EventLoop* loop, const Address& address, int64_t timeout_ms,
                           Callback on_done)
    : loop_(loop), address_(address), on_done_(std::move(on_done)) {
  const int error = Connect();
  if (error != EINPROGRESS) {
    FinishLater(error);
    return;
  }
  loop_->poller().Add(fd_, kWritable, this);
  registered_ = true;
  timer_ = loop_->AddTimer(timeout_ms, [this] {
    timer_ = 0;
    FinishWithError(ETIMEDOUT);
  });
}

SocketDialer::~SocketDialer() {
  StopWaiting();
  if (fd_ >= 0) close(fd_);
}

int SocketDialer::Connect() {
  sockaddr_storage name = {};
  std::memcpy(&name, address_.storage, address_.length);
  fd_ = socket(name.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return errno;
  SetNoDelay(fd_);
  return connect(fd_, reinterpret_cast<const sockaddr*>(&name), address_.length) == 0 ? 0 : errno;
}

void SocketDialer::FinishLater(int error) {
  timer_ = loop_->AddTimer(0, [this, error] {
    timer_ = 0;
    FinishWithError(error);
  });
}

void SocketDialer::OnReady(uint32_t /*events*/) {
  int error = 0;
  socklen_t length = sizeof(error);
  if (getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &length) != 0) error = errno;
  FinishWithError(error);
}

void SocketDialer::FinishWithError(int error) {
  StopWaiting();
  if (error == 0 && ConnectedToItself()) {
    SetResetOnClose(fd_);
    error = ECONNREFUSED;
  }
  if (error == 0) return Finish(std::exchange(fd_, -1));
  if (fd_ >= 0) close(std::exchange(fd_, -1));
  Finish(DialError(address_, error));
}

void SocketDialer::Finish(absl::StatusOr<int> result) {
  const Callback on_done = std::move(on_done_);
  on_done(std::move(result));
}

bool SocketDialer::ConnectedToItself() const {
  const Address local = LocalAddress(fd_);
  return local.port() == address_.port() && local.ToString() == PeerAddress(fd_).ToString();
}

void SocketDialer::StopWaiting() {
  loop_->CancelTimer(timer_);
  timer_ = 0;
  if (registered_) loop_->poller().Remove(fd_, this);
  registered_ = false;
}

}  // namespace twincached::net
