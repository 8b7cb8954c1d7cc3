#include "tests/bench/replay/target_connection.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/check.h"

namespace twincached::bench {
namespace {

constexpr int64_t kNotWaiting = -1;

int64_t MonotonicMs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1000000;
}

}  // namespace

std::string TargetAddress::ToString() const { return absl::StrCat(host, ":", port); }

TargetConnection::TargetConnection(TargetAddress address, int timeout_ms)
    : address_(std::move(address)), timeout_ms_(timeout_ms), buffer_(kInputBytesMax, '\0') {
  CHECK_GT(timeout_ms, 0);
}

TargetConnection::~TargetConnection() {
  if (fd_ != -1) close(fd_);
}

bool TargetConnection::Connect(std::string* error) {
  CHECK_EQ(fd_, -1);
  sockaddr_in to = {};
  to.sin_family = AF_INET;
  to.sin_port = htons(address_.port);
  if (inet_pton(AF_INET, address_.host.c_str(), &to.sin_addr) != 1) {
    return Fail("not an IPv4 address", error);
  }
  fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd_ == -1) return FailWithErrno("socket", error);
  // The limit on sending is one on connecting as well.
  const timeval limit = {timeout_ms_ / 1000, timeout_ms_ % 1000 * 1000};
  const int on = 1;
  if (setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) != 0 ||
      setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) != 0 ||
      setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0) {
    return FailWithErrno("setsockopt", error);
  }
  if (connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0) {
    return FailWithErrno("connect", error);
  }
  return true;
}

bool TargetConnection::Send(absl::string_view bytes, std::string* error) {
  const int64_t begin_ms = MonotonicMs();
  waiting_since_ms_ = kNotWaiting;
  while (!bytes.empty()) {
    const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return FailWithErrno("send", error);
    if (sent > 0) bytes.remove_prefix(static_cast<size_t>(sent));
    if (!bytes.empty() && MonotonicMs() - begin_ms >= timeout_ms_) {
      return Fail(absl::StrCat("it did not read a request within ", timeout_ms_, " ms"), error);
    }
  }
  return true;
}

bool TargetConnection::Receive(std::string* error) {
  std::memmove(&buffer_[0], &buffer_[input_begin_], input_end_ - input_begin_);
  input_end_ -= input_begin_;
  input_begin_ = 0;
  if (input_end_ == buffer_.size()) return Fail("more bytes than any answer has", error);
  if (waiting_since_ms_ == kNotWaiting) waiting_since_ms_ = MonotonicMs();
  while (MonotonicMs() - waiting_since_ms_ < timeout_ms_) {
    const ssize_t received = recv(fd_, &buffer_[input_end_], buffer_.size() - input_end_, 0);
    if (received == 0) return Fail("it closed the connection", error);
    if (received > 0) {
      input_end_ += static_cast<size_t>(received);
      return true;
    }
    if (errno != EAGAIN && errno != EINTR) return FailWithErrno("receive", error);
  }
  return Fail(absl::StrCat("no whole answer within ", timeout_ms_, " ms"), error);
}

absl::string_view TargetConnection::input() const {
  return absl::string_view(buffer_).substr(input_begin_, input_end_ - input_begin_);
}

bool TargetConnection::Fail(absl::string_view what, std::string* error) const {
  *error = absl::StrCat(address_.ToString(), ": ", what);
  return false;
}

bool TargetConnection::FailWithErrno(absl::string_view what, std::string* error) const {
  return Fail(absl::StrCat(what, ": ", std::strerror(errno)), error);
}

}  // namespace twincached::bench
