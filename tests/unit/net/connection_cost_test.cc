// What a request costs in the steady state: counted, not timed. The linker sends the calls of net/
// through here.
#include <sys/epoll.h>

#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "tests/unit/net/loop_fixture.h"

namespace {

struct Calls {
  int epoll_wait = 0;
  int epoll_ctl = 0;
  int recv = 0;
  int send = 0;
  int write = 0;
  int allocations = 0;
};
Calls g_calls;

}  // namespace

extern "C" {
int __real_epoll_wait(int fd, epoll_event* events, int count, int timeout_ms);
int __real_epoll_ctl(int fd, int operation, int target, epoll_event* event);
ssize_t __real_recv(int fd, void* data, size_t bytes, int flags);
ssize_t __real_send(int fd, const void* data, size_t bytes, int flags);
ssize_t __real_write(int fd, const void* data, size_t bytes);

int __wrap_epoll_wait(int fd, epoll_event* events, int count, int timeout_ms) {
  ++g_calls.epoll_wait;
  return __real_epoll_wait(fd, events, count, timeout_ms);
}
int __wrap_epoll_ctl(int fd, int operation, int target, epoll_event* event) {
  ++g_calls.epoll_ctl;
  return __real_epoll_ctl(fd, operation, target, event);
}
ssize_t __wrap_recv(int fd, void* data, size_t bytes, int flags) {
  ++g_calls.recv;
  return __real_recv(fd, data, bytes, flags);
}
ssize_t __wrap_send(int fd, const void* data, size_t bytes, int flags) {
  ++g_calls.send;
  return __real_send(fd, data, bytes, flags);
}
ssize_t __wrap_write(int fd, const void* data, size_t bytes) {
  ++g_calls.write;
  return __real_write(fd, data, bytes);
}
}

// Not inlined: the compiler would take malloc and delete for a mismatch.
[[gnu::noinline]] void* operator new(size_t bytes) {
  ++g_calls.allocations;
  if (void* data = std::malloc(bytes)) return data;
  throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new[](size_t bytes) { return operator new(bytes); }
[[gnu::noinline]] void operator delete(void* data) noexcept { std::free(data); }
[[gnu::noinline]] void operator delete(void* data, size_t) noexcept { std::free(data); }
[[gnu::noinline]] void operator delete[](void* data) noexcept { std::free(data); }
[[gnu::noinline]] void operator delete[](void* data, size_t) noexcept { std::free(data); }

namespace twincached::net {
namespace {

constexpr int kConnections = 50;
const char kRequest[] = "get some_key_of_usual_length\r\n";
const std::string kReply(120, 'r');

// Answers as the LISTENER does: input pinned until the end of the iteration, then one Flush.
class Server : public ConnectionHandler {
 public:
  void OnInput(Connection& connection) override {
    connection.PinInput();
    waiting_.push_back(&connection);
  }
  void OnClosed(Connection&, CloseReason) override { FAIL(); }
  void OnDrained(Connection&) override { FAIL(); }

  void AnswerAll() {
    for (Connection* connection : waiting_) {
      connection->output()->append(kReply);
      connection->Consume(connection->input().size());
      connection->UnpinInput();
      connection->Flush();
    }
    waiting_.clear();
  }

 private:
  std::vector<Connection*> waiting_;
};

class Cost : public LoopTest {
 protected:
  Cost() {
    for (int i = 0; i < kConnections; ++i) {
      const Ends ends = TcpPair();
      connections_.push_back(loop_->Adopt(ends.first, &server_));
      clients_.push_back(ends.second);
    }
    for (int i = 0; i < 3; ++i) Round();
  }
  ~Cost() override {
    for (const int client : clients_) close(client);
  }

  // One request of each client, served in one iteration.
  void Round() {
    char reply[256];
    for (const int client : clients_) __real_send(client, kRequest, sizeof(kRequest) - 1, 0);
    EXPECT_EQ(loop_->Poll(-1), size_t{kConnections});
    server_.AnswerAll();
    for (const int client : clients_) {
      EXPECT_EQ(__real_recv(client, reply, sizeof(reply), MSG_DONTWAIT),
                static_cast<ssize_t>(kReply.size()));
    }
  }

  Server server_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<int> clients_;
};

TEST_P(Cost, OfARequestIsOneReceiveAndOneSend) {
  g_calls = Calls();
  constexpr int kRounds = 10;
  for (int i = 0; i < kRounds; ++i) Round();
  const Calls calls = g_calls;
  EXPECT_EQ(calls.epoll_wait, kRounds);
  EXPECT_EQ(calls.recv, kRounds * kConnections);
  EXPECT_EQ(calls.send, kRounds * kConnections);
  EXPECT_EQ(calls.epoll_ctl, 0);
  EXPECT_EQ(calls.write, 0);
  EXPECT_EQ(calls.allocations, 0);
}

TEST_P(Cost, OfWakingALoopThatIsAwakeIsNoSystemCall) {
  g_calls = Calls();
  loop_->Wake();
  loop_->Wake();
  loop_->Post([] {});
  EXPECT_EQ(loop_->Poll(-1), 1u);
  EXPECT_EQ(g_calls.write, 0);
  EXPECT_EQ(g_calls.epoll_wait, 1);
}

TEST_P(Cost, OfALargeValueIsOneGrowth) {
  constexpr size_t kBytes = 1 << 20;
  Connection& connection = *connections_[0];
  const std::string chunk(kBytes / 32, 'v');
  connection.SetInputWanted(kBytes);
  g_calls = Calls();
  for (int i = 0; i < 32; ++i) {
    ASSERT_EQ(__real_send(clients_[0], chunk.data(), chunk.size(), 0),
              static_cast<ssize_t>(chunk.size()));
    loop_->Poll(-1);
  }
  EXPECT_EQ(connection.input().size(), kBytes);
  EXPECT_EQ(g_calls.allocations, 1);
  connection.Consume(kBytes);
  server_.AnswerAll();
}

INSTANTIATE_TEST_SUITE_P(With, Cost, testing::Values(PollerKind::kEpoll), NameOfPoller);

}  // namespace
}  // namespace twincached::net
