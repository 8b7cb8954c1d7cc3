#include "tests/bench/load_connection.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace twincached::bench {
namespace {

using State = LoadConnection::State;

constexpr size_t kKeyBytes = 12;
constexpr size_t kValueBytes = 5;
constexpr int kPollLimitMs = 5000;

// Asks a fixed list.
class ListedRequests : public RequestSource {
 public:
  explicit ListedRequests(std::vector<Request> requests) : requests_(std::move(requests)) {}
  bool Next(Request* request) override {
    if (next_ == requests_.size()) return false;
    *request = requests_[next_++];
    return true;
  }

 private:
  std::vector<Request> requests_;
  size_t next_ = 0;
};

// A connection, and the server's end of it in the test's hands.
class LoadConnectionTest : public ::testing::Test {
 protected:
  LoadConnectionTest() : text_(kKeyBytes, kValueBytes), recorder_(true) {
    recorder_.StartRecording();
  }

  ~LoadConnectionTest() override { HangUp(); }

  void Open(int pipeline) {
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t bytes = sizeof(address);
    ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), bytes), 0);
    ASSERT_EQ(listen(listener, 1), 0);
    ASSERT_EQ(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &bytes), 0);
    connection_ = std::make_unique<LoadConnection>(&text_, &recorder_, pipeline);
    std::string error;
    ASSERT_TRUE(connection_->Connect("127.0.0.1", ntohs(address.sin_port), &error)) << error;
    server_ = accept(listener, nullptr, nullptr);
    ASSERT_NE(server_, -1);
    const int on = 1;
    setsockopt(server_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    close(listener);
  }

  void Start(std::vector<Request> requests) {
    ListedRequests source(std::move(requests));
    connection_->StartBatch(&source, MonotonicNs());
  }

  // Sends from the server's end and lets the connection read it.
  void Reply(const std::string& bytes) {
    ASSERT_EQ(send(server_, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
    pollfd readable = {connection_->fd(), POLLIN, 0};
    ASSERT_EQ(poll(&readable, 1, kPollLimitMs), 1);
    connection_->Receive();
  }

  void HangUp() {
    if (server_ != -1) close(server_);
    server_ = -1;
  }

  std::string ServerReads() {
    char bytes[4096];
    const ssize_t received = recv(server_, bytes, sizeof(bytes), 0);
    return received <= 0 ? "" : std::string(bytes, static_cast<size_t>(received));
  }

  RequestText text_;
  ReplyRecorder recorder_;
  std::unique_ptr<LoadConnection> connection_;
  int server_ = -1;
};

const char kHit[] = "VALUE k00000000001 0 5\r\nvvvvv\r\nEND\r\n";

const std::vector<Request> kThree = {
    {RequestKind::kGet, 1}, {RequestKind::kSet, 2}, {RequestKind::kGet, 3}};

TEST_F(LoadConnectionTest, SendsTheBatchInOneWrite) {
  Open(3);
  Start(kThree);
  EXPECT_EQ(ServerReads(),
            "get k00000000001\r\nset k00000000002 0 0 5\r\nvvvvv\r\nget k00000000003\r\n");
  EXPECT_EQ(connection_->state(), State::kWaiting);
}

TEST_F(LoadConnectionTest, CountsRepliesThatComeByteByByte) {
  Open(3);
  Start(kThree);
  const std::string replies = std::string(kHit) + "STORED\r\nEND\r\n";
  for (size_t i = 0; i < replies.size(); ++i) {
    EXPECT_EQ(connection_->state(), State::kWaiting) << i;
    Reply(replies.substr(i, 1));
  }
  EXPECT_EQ(connection_->state(), State::kIdle);
  EXPECT_EQ(recorder_.gets().count(), 2u);
  EXPECT_EQ(recorder_.sets().count(), 1u);
  EXPECT_EQ(recorder_.misses(), 1u);
  EXPECT_EQ(recorder_.errors(), 0u);
}

TEST_F(LoadConnectionTest, CountsRepliesUnderEverySplitInTwo) {
  const std::string replies = std::string(kHit) + "STORED\r\nEND\r\n";
  Open(3);
  for (size_t split = 1; split < replies.size(); ++split) {
    Start(kThree);
    Reply(replies.substr(0, split));
    Reply(replies.substr(split));
    ASSERT_EQ(connection_->state(), State::kIdle) << split;
    ASSERT_EQ(recorder_.replies(), 3 * split);
  }
  EXPECT_EQ(recorder_.errors(), 0u);
}

TEST_F(LoadConnectionTest, GoesOnBehindAnErrorLine) {
  Open(3);
  Start(kThree);
  Reply(std::string(kHit) + "SERVER_ERROR out of memory\r\nEND\r\n");
  EXPECT_EQ(connection_->state(), State::kIdle);
  EXPECT_EQ(recorder_.errors(), 1u);
  EXPECT_EQ(recorder_.replies(), 2u);
  EXPECT_NE(recorder_.first_error().find("SERVER_ERROR out of memory"), std::string::npos);
}

TEST_F(LoadConnectionTest, FailsOnAWrongReplyAndCountsTheWholeRest) {
  Open(3);
  Start(kThree);
  Reply(std::string(kHit) + "END\r\n");
  EXPECT_EQ(connection_->state(), State::kFailed);
  EXPECT_EQ(recorder_.replies(), 1u);
  EXPECT_EQ(recorder_.errors(), 2u);
}

TEST_F(LoadConnectionTest, FailsOnBytesThatNobodyAskedFor) {
  Open(1);
  Start({{RequestKind::kSet, 1}});
  Reply("STORED\r\nSTORED\r\n");
  EXPECT_EQ(connection_->state(), State::kFailed);
  EXPECT_EQ(recorder_.errors(), 1u);
}

TEST_F(LoadConnectionTest, FailsOnAReplyThatCannotFit) {
  Open(1);
  Start({{RequestKind::kGet, 1}});
  Reply("VALUE k00000000001 0 200000\r\n" + std::string(1000, 'v'));
  for (int i = 0; i < 200 && connection_->state() == State::kWaiting; ++i) {
    Reply(std::string(1000, 'v'));
  }
  EXPECT_EQ(connection_->state(), State::kFailed);
  EXPECT_EQ(recorder_.errors(), 1u);
}

TEST_F(LoadConnectionTest, CountsAnErrorWhenTheServerHangsUp) {
  Open(3);
  Start(kThree);
  ServerReads();
  HangUp();
  pollfd readable = {connection_->fd(), POLLIN, 0};
  ASSERT_EQ(poll(&readable, 1, kPollLimitMs), 1);
  connection_->Receive();
  EXPECT_EQ(connection_->state(), State::kFailed);
  EXPECT_EQ(recorder_.errors(), 3u);
  EXPECT_EQ(recorder_.first_error(), "connection closed by the server");
}

TEST_F(LoadConnectionTest, StaysIdleWhenThereIsNothingToAsk) {
  Open(2);
  Start({});
  EXPECT_EQ(connection_->state(), State::kIdle);
}

TEST(LoadConnection, SaysWhyItCannotConnect) {
  const RequestText text(kKeyBytes, kValueBytes);
  ReplyRecorder recorder(false);
  LoadConnection connection(&text, &recorder, 1);
  std::string error;
  EXPECT_FALSE(connection.Connect("no-address", 1, &error));
  EXPECT_EQ(error, "not an IPv4 address: no-address");
}

}  // namespace
}  // namespace twincached::bench
