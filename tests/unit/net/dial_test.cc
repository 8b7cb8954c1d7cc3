#include <memory>
#include <vector>

#include "net/event_loop.h"
#include "tests/unit/net/loop_fixture.h"

namespace twincached::net {
namespace {

class Dial : public LoopTest {
 protected:
  Dial() : listener_(*ListenTcp(Loopback(), {})), address_(LocalAddress(listener_.fd())) {}

  std::unique_ptr<Dialer> Start(const Address& address, int64_t timeout_ms) {
    return loop_->Dial(address, timeout_ms, [this](absl::StatusOr<int> fd) {
      ++calls_;
      status_ = fd.status();
      if (fd.ok()) socket_ = std::make_unique<Peer>(*fd);
    });
  }

  Peer listener_;
  Address address_;
  int calls_ = 0;
  absl::Status status_;
  std::unique_ptr<Peer> socket_;
};

TEST_P(Dial, GivesAConnectedSocket) {
  const auto dialer = Start(address_, 10000);
  EXPECT_EQ(calls_, 0);
  EXPECT_TRUE(PollUntil([&] { return calls_ == 1; }));
  ASSERT_NE(socket_, nullptr);
  EXPECT_EQ(PeerAddress(socket_->fd()).ToString(), address_.ToString());
  EXPECT_TRUE(fcntl(socket_->fd(), F_GETFL) & O_NONBLOCK);
  Peer accepted(accept(listener_.fd(), nullptr, nullptr));
  socket_->Send("hello");
  EXPECT_EQ(accepted.Received(), "hello");
  Settle();
  EXPECT_EQ(calls_, 1);
}

TEST_P(Dial, TheSocketMayBeAdoptedInsideTheCallback) {
  RecordingHandler handler;
  std::unique_ptr<Connection> connection;
  std::unique_ptr<Dialer> dialer = loop_->Dial(address_, 10000, [&](absl::StatusOr<int> fd) {
    connection = loop_->Adopt(*fd, &handler);
    dialer.reset();
  });
  EXPECT_TRUE(PollUntil([&] { return connection != nullptr; }));
  Peer accepted(accept(listener_.fd(), nullptr, nullptr));
  accepted.Send("hello");
  EXPECT_TRUE(PollUntil([&] { return handler.received == "hello"; }));
}

TEST_P(Dial, NobodyListeningIsUnavailable) {
  listener_.Close();
  const auto dialer = Start(address_, 10000);
  EXPECT_EQ(calls_, 0);  // never from inside the call
  EXPECT_TRUE(PollUntil([&] { return calls_ == 1; }));
  EXPECT_EQ(status_.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(status_.message(), "cannot connect to " + address_.ToString() + ": Connection refused");
}

TEST_P(Dial, NoAnswerIsDeadlineExceeded) {
  // A full queue: the kernel drops what asks to come in.
  listen(listener_.fd(), 0);
  std::vector<std::unique_ptr<Dialer>> fillers;
  for (int i = 0; i < 4; ++i)
    fillers.push_back(loop_->Dial(address_, 100000, [](auto fd) { close(*fd); }));
  Settle();
  const int64_t start_ms = loop_->now_ms();
  const auto dialer = Start(address_, 5);
  EXPECT_TRUE(PollUntil([&] { return calls_ == 1; }));
  EXPECT_EQ(status_.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_GE(loop_->now_ms() - start_ms, 4);
}

TEST_P(Dial, ImpossibleAddressIsAnotherError) {
  const auto dialer = Start(*ParseAddress({"255.255.255.255", 1}), 10000);
  EXPECT_EQ(calls_, 0);
  EXPECT_TRUE(PollUntil([&] { return calls_ == 1; }));
  EXPECT_NE(status_.code(), absl::StatusCode::kOk);
  EXPECT_NE(status_.code(), absl::StatusCode::kUnavailable);
  EXPECT_NE(status_.code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_P(Dial, DestroyingItGivesItUp) {
  Start(address_, 2);
  Start(address_, 2);  // the same descriptor again
  const int64_t start_ms = loop_->now_ms();
  while (loop_->now_ms() - start_ms < 5) EXPECT_EQ(loop_->Poll(1), 0u);
  EXPECT_EQ(calls_, 0);
}

INSTANTIATE_TEST_SUITE_P(With, Dial, EveryPoller(), NameOfPoller);

}  // namespace
}  // namespace twincached::net
