// A loop, connected sockets and a handler that writes down what happens to it, for the tests of
// net/.
//
// Bytes sent over loopback or a socket pair are readable when send() returns, so what is to happen
// has happened after one Poll(0); PollUntil() bounds the rest.
#pragma once

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "net/event_loop.h"
#include "net/poller_choice.h"
#include "net/socket.h"

namespace twincached::net {

// An epoll one where there is no io_uring: the test skips itself then (PollerTestBase).
inline std::unique_ptr<Poller> MakePoller(PollerKind kind) {
  absl::StatusOr<std::unique_ptr<Poller>> poller = NewPoller(kind);
  if (!poller.ok()) poller = NewEpollPoller();
  return std::move(*poller);
}

inline std::unique_ptr<EventLoop> MakeLoop(PollerKind kind = PollerKind::kEpoll) {
  return std::make_unique<EventLoop>(MakePoller(kind));
}

// For INSTANTIATE_TEST_SUITE_P.
inline auto EveryPoller() { return testing::Values(PollerKind::kEpoll, PollerKind::kUring); }
inline std::string NameOfPoller(const testing::TestParamInfo<PollerKind>& info) {
  return info.param == PollerKind::kUring ? "Uring" : "Epoll";
}

// Runs with every poller; visibly not with one that the kernel does not have.
class PollerTestBase : public testing::TestWithParam<PollerKind> {
 protected:
  void SetUp() override {
    if (GetParam() != PollerKind::kUring) return;
    const absl::Status probed = ProbeUring();
    if (!probed.ok()) GTEST_SKIP() << probed.message();
  }
};

inline Address Loopback(uint16_t port = 0) { return *ParseAddress({"127.0.0.1", port}); }

// A descriptor closed at the end of a test; blocking.
class Peer {
 public:
  explicit Peer(int fd) : fd_(fd) {}
  ~Peer() { Close(); }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  int fd() const { return fd_; }
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }
  void CloseWithReset() {
    SetResetOnClose(fd_);
    Close();
  }
  void HalfClose() { shutdown(fd_, SHUT_WR); }

  void Send(const std::string& bytes) {
    ASSERT_EQ(send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  // As many of `bytes` as the socket takes now.
  size_t SendSome(const std::string& bytes) {
    const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent < 0 ? 0 : static_cast<size_t>(sent);
  }
  // What has come so far.
  std::string Received() {
    std::string all;
    std::string part(1 << 16, '\0');
    for (;;) {
      const ssize_t bytes = recv(fd_, &part[0], part.size(), MSG_DONTWAIT);
      end_seen_ = bytes == 0;
      reset_seen_ = bytes < 0 && errno == ECONNRESET;
      if (bytes <= 0) return all;
      all.append(part, 0, static_cast<size_t>(bytes));
    }
  }
  bool end_seen() const { return end_seen_; }      // by the last Received()
  bool reset_seen() const { return reset_seen_; }  // by the last Received()

 private:
  int fd_;
  bool end_seen_ = false;
  bool reset_seen_ = false;
};

// Consumes everything unless told otherwise.
class RecordingHandler : public ConnectionHandler {
 public:
  void OnInput(Connection& connection) override {
    ++inputs;
    log += "input ";
    seen = std::string(connection.input());
    if (on_input) return on_input(connection);
    received += seen;
    connection.Consume(connection.input().size());
  }
  void OnClosed(Connection& connection, CloseReason close_reason) override {
    ++closes;
    log += "closed ";
    reason = close_reason;
    if (on_closed) on_closed(connection);
  }
  void OnDrained(Connection& connection) override {
    ++drains;
    log += "drained ";
    if (on_drained) on_drained(connection);
  }

  std::function<void(Connection&)> on_input;
  std::function<void(Connection&)> on_closed;
  std::function<void(Connection&)> on_drained;
  int inputs = 0;
  int closes = 0;
  int drains = 0;
  std::string seen;      // all of input() at the last OnInput
  std::string received;  // what was consumed
  std::string log;       // "input closed "
  CloseReason reason = CloseReason::kError;
};

class LoopTest : public PollerTestBase {
 protected:
  using Ends = std::pair<int, int>;  // ours, the peer's

  static Ends UnixPair() {
    int fds[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    fcntl(fds[0], F_SETFL, O_NONBLOCK);
    return {fds[0], fds[1]};
  }

  static Ends TcpPair() {
    const int listener = *ListenTcp(Loopback(), {});
    const Address address = LocalAddress(listener);
    const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(connect(client, reinterpret_cast<const sockaddr*>(address.storage), address.length),
              0);
    const int ours = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    EXPECT_GE(ours, 0);
    close(listener);
    return {ours, client};
  }

  // False when it did not come true within some seconds.
  bool PollUntil(const std::function<bool()>& done) {
    for (int i = 0; i < 500 && !done(); ++i) loop_->Poll(10);
    return done();
  }
  // Several Polls that do not wait.
  void Settle() {
    for (int i = 0; i < 5; ++i) loop_->Poll(0);
  }

  std::unique_ptr<EventLoop> loop_ = MakeLoop(GetParam());
};

// One adopted connection over TCP and its peer.
class ConnectionTest : public LoopTest {
 protected:
  ConnectionTest() : ConnectionTest(TcpPair()) {}
  explicit ConnectionTest(Ends ends)
      : peer_(ends.second), connection_(loop_->Adopt(ends.first, &handler_)) {}

  RecordingHandler handler_;
  Peer peer_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace twincached::net
