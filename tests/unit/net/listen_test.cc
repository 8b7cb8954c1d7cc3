#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>

#include <memory>
#include <vector>

#include "net/event_loop.h"
#include "tests/unit/net/loop_fixture.h"

namespace twincached::net {
namespace {

class Listen : public LoopTest {
 protected:
  std::unique_ptr<Acceptor> Open() {
    return std::move(*loop_->Listen(Loopback(), false, [this](int fd) { Accepted(fd); }));
  }
  void Accepted(int fd) { accepted_.push_back(std::make_unique<Peer>(fd)); }
  // A client whose connect has been answered by the kernel.
  void AddClient(uint16_t port) {
    clients_.push_back(std::make_unique<Peer>(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)));
    const Address address = Loopback(port);
    const auto* name = reinterpret_cast<const sockaddr*>(address.storage);
    ASSERT_EQ(connect(clients_.back()->fd(), name, address.length), 0);
  }

  std::vector<std::unique_ptr<Peer>> accepted_;
  std::vector<std::unique_ptr<Peer>> clients_;
};

TEST_P(Listen, AcceptedSocketsAreReadyForUse) {
  const auto acceptor = Open();
  EXPECT_NE(acceptor->port(), 0);
  AddClient(acceptor->port());
  EXPECT_EQ(loop_->Poll(-1), 1u);
  ASSERT_EQ(accepted_.size(), 1u);
  const int fd = accepted_[0]->fd();
  EXPECT_TRUE(fcntl(fd, F_GETFL) & O_NONBLOCK);
  EXPECT_TRUE(fcntl(fd, F_GETFD) & FD_CLOEXEC);
  int no_delay = 0;
  socklen_t length = sizeof(no_delay);
  ASSERT_EQ(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &no_delay, &length), 0);
  EXPECT_NE(no_delay, 0);
}

TEST_P(Listen, AcceptsAllWhoWait) {
  const auto acceptor = Open();
  for (int i = 0; i < 150; ++i) AddClient(acceptor->port());
  EXPECT_TRUE(PollUntil([&] { return accepted_.size() == 150; }));
  EXPECT_EQ(loop_->Poll(0), 0u);
}

TEST_P(Listen, PauseLeavesClientsInTheQueue) {
  const auto acceptor = Open();
  acceptor->Pause();
  AddClient(acceptor->port());
  Settle();
  EXPECT_EQ(accepted_.size(), 0u);
  acceptor->Resume();
  loop_->Poll(-1);
  EXPECT_EQ(accepted_.size(), 1u);
}

TEST_P(Listen, PauseInsideTheCallbackStopsAfterThatClient) {
  std::unique_ptr<Acceptor> acceptor = std::move(*loop_->Listen(Loopback(), false, [&](int fd) {
    Accepted(fd);
    acceptor->Pause();
  }));
  AddClient(acceptor->port());
  AddClient(acceptor->port());
  Settle();
  EXPECT_EQ(accepted_.size(), 1u);
}

TEST_P(Listen, MayBeDestroyedInsideTheCallback) {
  std::unique_ptr<Acceptor> acceptor = std::move(*loop_->Listen(Loopback(), false, [&](int fd) {
    Accepted(fd);
    acceptor.reset();
  }));
  AddClient(acceptor->port());
  AddClient(acceptor->port());
  Settle();
  EXPECT_EQ(accepted_.size(), 1u);
}

// So that one who leaves makes room for the next one.
TEST_P(Listen, AnEndIsToldBeforeWhoCameAfterIt) {
  RecordingHandler handler;
  const auto acceptor = std::move(*loop_->Listen(Loopback(), false, [&](int fd) {
    Accepted(fd);
    handler.log += "accepted ";
  }));
  const Ends ends = TcpPair();
  Peer peer(ends.second);
  const auto connection = loop_->Adopt(ends.first, &handler);
  Settle();
  peer.Close();
  AddClient(acceptor->port());
  EXPECT_TRUE(PollUntil([&] { return accepted_.size() == 1; }));
  EXPECT_EQ(handler.log, "closed accepted ");
}

TEST_P(Listen, ATakenPortIsNamed) {
  const auto acceptor = Open();
  const Address address = Loopback(acceptor->port());
  const auto second = loop_->Listen(address, false, [](int) {});
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().message(),
            "cannot listen on " + address.ToString() + ": Address already in use");
}

TEST_P(Listen, AClosedPortIsFreeAtOnce) {
  auto acceptor = Open();
  const uint16_t port = acceptor->port();
  AddClient(port);
  loop_->Poll(-1);
  accepted_.clear();  // closed by our end first: the kernel keeps the address for a minute
  acceptor.reset();
  EXPECT_TRUE(loop_->Listen(Loopback(port), false, [](int) {}).ok());
}

TEST_P(Listen, SeveralMayShareAPortWhenAllSaySo) {
  const auto ignore = [](int fd) { close(fd); };
  const auto first = loop_->Listen(Loopback(), true, ignore);
  ASSERT_TRUE(first.ok());
  EXPECT_TRUE(loop_->Listen(Loopback((*first)->port()), true, ignore).ok());
  EXPECT_FALSE(loop_->Listen(Loopback((*first)->port()), false, ignore).ok());
}

// Lowers the limit on descriptors so that there are none left, for as long as it lives.
class NoDescriptors {
 public:
  NoDescriptors() {
    getrlimit(RLIMIT_NOFILE, &before_);
    const int next = dup(0);  // the lowest free number
    close(next);
    const rlimit none = {static_cast<rlim_t>(next), before_.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
  }
  ~NoDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_;
};

TEST_P(Listen, OutOfDescriptorsWaitsAndGoesOn) {
  const auto acceptor = Open();
  AddClient(acceptor->port());
  {
    const NoDescriptors none;
    const int64_t start_ms = loop_->now_ms();
    size_t events = 0;
    for (int i = 0; i < 1000; ++i) events += loop_->Poll(0);
    // Tries at once, and again (a timer and an event) every 10 ms.
    EXPECT_GE(events, 1u);
    EXPECT_LE(events, 3 + static_cast<size_t>(loop_->now_ms() - start_ms) / 5);
    EXPECT_EQ(accepted_.size(), 0u);
  }
  EXPECT_TRUE(PollUntil([&] { return accepted_.size() == 1; }));
}

TEST_P(Listen, MayBeDestroyedWhileOutOfDescriptors) {
  auto acceptor = Open();
  AddClient(acceptor->port());
  {
    const NoDescriptors none;
    loop_->Poll(0);
  }
  acceptor.reset();
  const int64_t start_ms = loop_->now_ms();
  while (loop_->now_ms() - start_ms < 15) loop_->Poll(5);
  EXPECT_EQ(accepted_.size(), 0u);
}

TEST_P(Listen, ServesAUnixSocket) {
  const std::string path = "/tmp/twincached_listen_" + std::to_string(getpid());
  const int fd = *ListenUnix(path, 0700, 16);
  const auto acceptor = loop_->Accept(fd, [this](int client) { Accepted(client); });
  EXPECT_EQ(acceptor->port(), 0);
  sockaddr_storage name = {};
  socklen_t length = sizeof(name);
  ASSERT_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&name), &length), 0);
  Peer client(socket(AF_UNIX, SOCK_STREAM, 0));
  ASSERT_EQ(connect(client.fd(), reinterpret_cast<const sockaddr*>(&name), length), 0);
  loop_->Poll(-1);
  EXPECT_EQ(accepted_.size(), 1u);
  unlink(path.c_str());
}

INSTANTIATE_TEST_SUITE_P(With, Listen, EveryPoller(), NameOfPoller);

}  // namespace
}  // namespace twincached::net
