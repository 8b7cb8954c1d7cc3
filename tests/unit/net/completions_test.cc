#include "net/completions.h"

#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "net/poller_choice.h"
#include "tests/unit/net/loop_fixture.h"

namespace twincached::net {
namespace {

struct Target : StreamTarget {
  bool MayReceive() override { return willing; }
  void OnReceived(int result, const char* data, bool more) override {
    goes_on = more;
    last = result;
    if (result > 0) received.append(data, static_cast<size_t>(result));
  }
  void OnHangUp() override { log += 'h'; }
  void FinishReceiving() override { log += 'f'; }
  void DeliverReceived() override { log += 'd'; }
  absl::string_view BeginSend() override { return to_send; }
  void EndSend(int result) override {
    sent = result;
    to_send = {};
  }

  bool willing = true;
  std::string received;
  int last = -1;
  bool goes_on = false;
  std::string log;
  absl::string_view to_send;
  int sent = -1;
};

class CompletionsTest : public testing::Test {
 protected:
  struct Stream {
    Stream(Completions* completions_of, int fd, int peer_fd)
        : completions(completions_of),
          ours(fd),
          peer(peer_fd),
          id(completions->Open(fd, &target)) {}
    ~Stream() { completions->Close(id); }
    Completions* completions;
    Peer ours;
    Peer peer;
    Target target;
    StreamId id;
  };

  void SetUp() override {
    auto poller = NewPoller(PollerKind::kUring);
    if (!poller.ok()) GTEST_SKIP() << poller.status().message();
    poller_ = std::move(*poller);
    completions_ = poller_->completions();
  }
  std::unique_ptr<Stream> Open() {
    int fds[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    return std::make_unique<Stream>(completions_, fds[0], fds[1]);
  }
  std::unique_ptr<Stream> OpenReceiving() {
    std::unique_ptr<Stream> stream = Open();
    completions_->Receive(stream->id);
    poller_->Wait(0);
    return stream;
  }

  std::unique_ptr<Poller> poller_;
  Completions* completions_ = nullptr;
};

TEST_F(CompletionsTest, ReceivingGoesOnByItself) {
  const auto stream = OpenReceiving();
  for (int i = 1; i <= 3; ++i) {
    stream->peer.Send("abc");
    EXPECT_EQ(poller_->Wait(-1), 1u);
    EXPECT_EQ(stream->target.received.size(), 3u * i);
    EXPECT_TRUE(stream->target.goes_on);
  }
  EXPECT_EQ(stream->target.log, "fdfdfd");
}

TEST_F(CompletionsTest, StoppedItBringsNothing) {
  const auto stream = OpenReceiving();
  stream->target.willing = false;
  completions_->StopReceiving(stream->id);
  stream->peer.Send("abc");
  for (int i = 0; i < 3; ++i) poller_->Wait(0);
  EXPECT_EQ(stream->target.received, "");
  stream->target.willing = true;
  completions_->Receive(stream->id);
  poller_->Wait(-1);
  EXPECT_EQ(stream->target.received, "abc");
}

TEST_F(CompletionsTest, WhoIsNotWillingIsNotReceivedFor) {
  const auto stream = Open();
  stream->target.willing = false;
  completions_->Receive(stream->id);
  stream->peer.Send("abc");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(poller_->Wait(0), 0u);
  EXPECT_EQ(stream->target.received, "");
}

TEST_F(CompletionsTest, AFloodIsAtMostAllBuffers) {
  const auto stream = OpenReceiving();
  const std::string block(1 << 16, 'x');
  for (size_t before = SIZE_MAX; before != 0;) before = stream->peer.SendSome(block);
  poller_->Wait(-1);
  completions_->StopReceiving(stream->id);
  stream->target.willing = false;
  const size_t received = stream->target.received.size();
  EXPECT_LE(received, size_t{256} * kReceiveBytesMax);
  for (int i = 0; i < 3; ++i) poller_->Wait(0);
  EXPECT_EQ(stream->target.received.size(), received);
}

TEST_F(CompletionsTest, WhenMuchIsHeldOneBufferIsReceivedAtATime) {
  const auto armed = OpenReceiving();
  completions_->CountHeld(kHeldBytesMax + 1);
  armed->peer.Send(std::string(100000, 'x'));
  poller_->Wait(-1);
  poller_->Wait(0);
  EXPECT_LE(armed->target.received.size(), kReceiveBytesMax);
  EXPECT_FALSE(armed->target.goes_on);

  const auto late = Open();
  late->peer.Send(std::string(100000, 'x'));
  for (size_t i = 1; i <= 3; ++i) {
    completions_->Receive(late->id);
    for (int wait = 0; wait < 3; ++wait) poller_->Wait(0);
    EXPECT_EQ(late->target.received.size(), i * kReceiveBytesMax);
    EXPECT_FALSE(late->target.goes_on);
  }
  completions_->CountHeld(-kHeldBytesMax - 1);
  completions_->Receive(late->id);
  for (int wait = 0; wait < 3; ++wait) poller_->Wait(0);
  EXPECT_EQ(late->target.received.size(), 100000u);
  EXPECT_TRUE(late->target.goes_on);
}

TEST_F(CompletionsTest, TheEndThatComesWithTheLastBytesIsTold) {
  const auto stream = OpenReceiving();
  stream->peer.Send("abc");
  stream->peer.Close();
  for (int i = 0; i < 4; ++i) poller_->Wait(0);
  EXPECT_EQ(stream->target.received, "abc");
  completions_->Receive(stream->id);
  for (int i = 0; i < 4; ++i) poller_->Wait(0);
  EXPECT_EQ(stream->target.last, 0);
  EXPECT_FALSE(stream->target.goes_on);
}

TEST_F(CompletionsTest, ClosedItIsToldNothing) {
  auto stream = OpenReceiving();
  Target& target = stream->target;
  stream->peer.Send("abc");
  completions_->Close(stream->id);
  const StreamId again = completions_->Open(stream->ours.fd(), &target);
  EXPECT_EQ(again, stream->id);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(poller_->Wait(0), 0u);
  EXPECT_EQ(target.log, "");
  completions_->Receive(again);
  poller_->Wait(-1);
  EXPECT_EQ(target.received, "abc");
}

TEST_F(CompletionsTest, SendsEndInTheWaitTheyBeginIn) {
  const auto stream = Open();
  completions_->Send(stream->id);
  poller_->Wait(0);
  EXPECT_EQ(stream->target.sent, -1);  // there was nothing
  stream->target.to_send = "abc";
  completions_->Send(stream->id);
  poller_->Wait(0);
  EXPECT_EQ(stream->target.sent, 3);
  EXPECT_EQ(stream->peer.Received(), "abc");
}

TEST_F(CompletionsTest, AFullSocketIsNotWaitedFor) {
  const auto stream = Open();
  const std::string much(16 << 20, 'x');
  stream->target.to_send = much;
  completions_->Send(stream->id);
  poller_->Wait(0);
  EXPECT_GT(stream->target.sent, 0);
  EXPECT_LT(stream->target.sent, 16 << 20);
  stream->target.to_send = much;
  completions_->Send(stream->id);
  completions_->SendAll();
  EXPECT_EQ(stream->target.sent, -EAGAIN);
}

TEST_F(CompletionsTest, MoreSendsThanOneCallTakesLeaveAll) {
  RaiseDescriptorLimit(4096);
  std::vector<std::unique_ptr<Stream>> streams;
  for (int i = 0; i < 1200; ++i) {
    streams.push_back(Open());
    streams.back()->target.to_send = "abc";
    completions_->Send(streams.back()->id);
  }
  poller_->Wait(0);
  for (const auto& stream : streams) ASSERT_EQ(stream->peer.Received(), "abc");
}

}  // namespace
}  // namespace twincached::net
