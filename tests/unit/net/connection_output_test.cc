#include <csignal>
#include <memory>
#include <string>

#include "net/connection.h"
#include "tests/unit/net/loop_fixture.h"

namespace twincached::net {
namespace {

constexpr size_t kMoreThanTheSocketTakes = 16u << 20;

class ConnectionOutput : public ConnectionTest {
 protected:
  // Fills the socket; the peer does not read.
  void Block() {
    connection_->output()->append(kMoreThanTheSocketTakes, 'x');
    connection_->Flush();
    ASSERT_LT(connection_->written(), connection_->appended());
  }
  bool PeerReceives(size_t bytes) {
    return PollUntil([&] { return (received_ += peer_.Received()).size() >= bytes; });
  }

  std::string received_;
};

TEST_P(ConnectionOutput, FlushSendsWhatWasAppended) {
  connection_->output()->append("STORED\r\n");
  EXPECT_EQ(peer_.Received(), "");
  connection_->Flush();
  EXPECT_EQ(peer_.Received(), "STORED\r\n");
  connection_->output()->append("END\r\n");
  EXPECT_EQ(connection_->appended(), 13u);
  EXPECT_EQ(connection_->written(), 8u);
  connection_->Flush();
  EXPECT_EQ(peer_.Received(), "END\r\n");
  EXPECT_EQ(connection_->written(), 13u);
  Settle();
  EXPECT_EQ(handler_.log, "");
}

TEST_P(ConnectionOutput, FlushFromInsideOnInput) {
  handler_.on_input = [](Connection& connection) {
    connection.output()->append("echo ").append(std::string(connection.input()));
    connection.Consume(connection.input().size());
    connection.Flush();
  };
  peer_.Send("abc");
  loop_->Poll(0);
  EXPECT_EQ(peer_.Received(), "echo abc");
}

TEST_P(ConnectionOutput, ThePartThatDidNotFitFollowsByItself) {
  Block();
  EXPECT_EQ(handler_.drains, 0);
  EXPECT_TRUE(PeerReceives(kMoreThanTheSocketTakes));
  EXPECT_TRUE(PollUntil([&] { return handler_.drains == 1; }));
  EXPECT_EQ(connection_->written(), kMoreThanTheSocketTakes);
  Settle();
  EXPECT_EQ(handler_.log, "drained ");
  EXPECT_EQ(loop_->Poll(0), 0u);  // writability is no longer asked for
}

TEST_P(ConnectionOutput, BorrowedBytesLeaveInTheirPlace) {
  const std::string value(100'000, 'v');
  const auto owner = std::make_shared<int>(0);
  connection_->output()->append("before ");
  connection_->Borrow(value, owner);
  connection_->output()->append(" behind");
  EXPECT_EQ(connection_->appended(), value.size() + 14);
  connection_->Flush();
  EXPECT_TRUE(PeerReceives(value.size() + 14));
  EXPECT_EQ(received_, "before " + value + " behind");
  EXPECT_EQ(owner.use_count(), 1);
  EXPECT_EQ(handler_.log, "");
}

TEST_P(ConnectionOutput, ManyBorrowedPiecesLeaveInOneFlush) {
  const auto owner = std::make_shared<int>(0);
  for (int i = 0; i < 200; ++i) {
    connection_->output()->append("text ");
    connection_->Borrow("piece ", owner);
  }
  connection_->Flush();
  EXPECT_EQ(connection_->written(), 200u * 11);
  EXPECT_TRUE(PeerReceives(200 * 11));
}

TEST_P(ConnectionOutput, ABorrowedValueThatDoesNotFitFollowsAndIsLetGo) {
  const std::string value(kMoreThanTheSocketTakes, 'v');
  const auto owner = std::make_shared<int>(0);
  connection_->output()->append("before ");
  connection_->Borrow(value, owner);
  connection_->output()->append(" behind");
  connection_->FlushSoon();
  EXPECT_EQ(owner.use_count(), 2);
  EXPECT_TRUE(PeerReceives(value.size() + 14));
  EXPECT_TRUE(PollUntil([&] { return handler_.drains == 1; }));
  EXPECT_TRUE(received_ == "before " + value + " behind");
  EXPECT_EQ(owner.use_count(), 1);
}

TEST_P(ConnectionOutput, TheSendLimitHoldsBorrowedBytesBack) {
  const auto owner = std::make_shared<int>(0);
  connection_->set_send_limit(4);
  connection_->output()->append("ab");
  connection_->Borrow("cdef", owner);
  connection_->Flush();
  Settle();
  EXPECT_EQ(peer_.Received(), "abcd");
  EXPECT_EQ(owner.use_count(), 2);
  connection_->set_send_limit(kNoSendLimit);
  connection_->Flush();
  EXPECT_EQ(peer_.Received(), "ef");
  EXPECT_EQ(owner.use_count(), 1);
}

// What was to leave soon goes first.
TEST_P(ConnectionOutput, BorrowedBehindWhatLeavesSoon) {
  connection_->output()->append("ab");
  connection_->FlushSoon();
  connection_->Borrow("cd", std::make_shared<int>(0));
  Settle();
  connection_->Flush();
  EXPECT_EQ(peer_.Received(), "abcd");
}

TEST_P(ConnectionOutput, BorrowedBytesAreLetGoWithAConnectionThatBreaksOrGoes) {
  const std::string value(kMoreThanTheSocketTakes, 'v');
  const auto owner = std::make_shared<int>(0);
  connection_->Borrow(value, owner);
  connection_->Flush();
  EXPECT_EQ(owner.use_count(), 2);
  peer_.CloseWithReset();
  EXPECT_TRUE(PollUntil([&] { return handler_.closes == 1; }));
  connection_->Flush();
  EXPECT_EQ(connection_->written(), connection_->appended());
  EXPECT_EQ(owner.use_count(), 1);
  connection_->Borrow(value, owner);
  connection_.reset();
  EXPECT_EQ(owner.use_count(), 1);
}

TEST_P(ConnectionOutput, BytesAppendedWhileBlockedKeepTheirPlace) {
  Block();
  connection_->output()->append("end");
  connection_->Flush();
  EXPECT_TRUE(PeerReceives(kMoreThanTheSocketTakes + 3));
  EXPECT_EQ(received_.substr(kMoreThanTheSocketTakes - 1), "xend");
}

TEST_P(ConnectionOutput, ReadsWhileBlocked) {
  Block();
  peer_.Send("abc");
  Settle();
  EXPECT_EQ(handler_.received, "abc");
}

TEST_P(ConnectionOutput, SendLimitHoldsBytesBack) {
  connection_->set_send_limit(3);
  connection_->output()->append("abc");
  connection_->output()->append("def");
  connection_->Flush();
  Settle();
  EXPECT_EQ(peer_.Received(), "abc");
  connection_->Flush();
  EXPECT_EQ(peer_.Received(), "");
  connection_->set_send_limit(5);
  EXPECT_EQ(peer_.Received(), "");
  connection_->Flush();
  EXPECT_EQ(peer_.Received(), "de");
  EXPECT_EQ(connection_->written(), 5u);
  connection_->set_send_limit(kNoSendLimit);
  connection_->Flush();
  EXPECT_EQ(peer_.Received(), "f");
  EXPECT_EQ(handler_.log, "");
}

TEST_P(ConnectionOutput, SendLimitBelowWhatIsWrittenHoldsTheRest) {
  connection_->output()->append("abc");
  connection_->Flush();
  connection_->set_send_limit(1);
  connection_->output()->append("def");
  connection_->Flush();
  Settle();
  EXPECT_EQ(peer_.Received(), "abc");
}

TEST_P(ConnectionOutput, DrainedMeansUpToTheSendLimit) {
  connection_->set_send_limit(kMoreThanTheSocketTakes - 10);
  Block();
  EXPECT_TRUE(PeerReceives(kMoreThanTheSocketTakes - 10));
  EXPECT_TRUE(PollUntil([&] { return handler_.drains == 1; }));
  EXPECT_EQ(connection_->written(), kMoreThanTheSocketTakes - 10);
  connection_->set_send_limit(kNoSendLimit);
  connection_->Flush();
  EXPECT_TRUE(PeerReceives(kMoreThanTheSocketTakes));
}

TEST_P(ConnectionOutput, SendLimitRaisedWhileBlockedIsObeyedWhenTheSocketDrains) {
  connection_->set_send_limit(kMoreThanTheSocketTakes - 10);
  Block();
  connection_->set_send_limit(kNoSendLimit);
  connection_->Flush();
  EXPECT_TRUE(PeerReceives(kMoreThanTheSocketTakes));
}

TEST_P(ConnectionOutput, FlushInsideOnDrained) {
  handler_.on_drained = [](Connection& connection) {
    connection.output()->append("more");
    connection.Flush();
  };
  Block();
  EXPECT_TRUE(PeerReceives(kMoreThanTheSocketTakes + 4));
  EXPECT_EQ(handler_.drains, 1);
}

TEST_P(ConnectionOutput, MayBeDestroyedInsideOnDrained) {
  handler_.on_drained = [&](Connection&) { connection_.reset(); };
  Block();
  peer_.Send("read together with the event that drains");
  EXPECT_TRUE(PeerReceives(kMoreThanTheSocketTakes));
  EXPECT_TRUE(PollUntil([&] { return connection_ == nullptr; }));
}

TEST_P(ConnectionOutput, ABrokenPeerRaisesNoSignal) {
  ASSERT_NE(std::signal(SIGPIPE, SIG_DFL), SIG_ERR);
  peer_.Close();
  for (int i = 0; i < 3; ++i) {
    connection_->output()->append("abc");
    connection_->Flush();
    Settle();
  }
  EXPECT_EQ(handler_.closes, 1);
}

TEST_P(ConnectionOutput, AnOwnerWaitingForABrokenPeerGoesOn) {
  handler_.on_input = [](Connection& connection) { connection.PauseReading(); };
  peer_.Send("first");
  Settle();
  peer_.Send("second");
  Block();
  handler_.on_input = nullptr;
  handler_.on_drained = [](Connection& connection) { connection.ResumeReading(); };
  peer_.CloseWithReset();
  EXPECT_TRUE(PollUntil([&] { return handler_.closes == 1; }));
  EXPECT_EQ(connection_->written(), connection_->appended());
  EXPECT_EQ(handler_.drains, 1);
  EXPECT_EQ(handler_.received, "firstsecond");
  EXPECT_EQ(handler_.reason, CloseReason::kReset);
}

TEST_P(ConnectionOutput, ShutdownComesAfterTheOutput) {
  Block();
  connection_->Shutdown();
  EXPECT_TRUE(PeerReceives(kMoreThanTheSocketTakes));
  EXPECT_TRUE(PollUntil([&] { return peer_.Received().empty() && peer_.end_seen(); }));
  EXPECT_EQ(handler_.closes, 0);
  peer_.Send("bye");  // the other direction is open
  Settle();
  EXPECT_EQ(handler_.received, "bye");
  peer_.Close();
  EXPECT_TRUE(PollUntil([&] { return handler_.closes == 1; }));
  EXPECT_EQ(handler_.reason, CloseReason::kEndOfStream);
}

TEST_P(ConnectionOutput, ShutdownWaitsForBytesUnderTheSendLimit) {
  connection_->set_send_limit(0);
  connection_->output()->append("held");
  connection_->Shutdown();
  EXPECT_EQ(peer_.Received(), "");
  EXPECT_FALSE(peer_.end_seen());
  connection_->set_send_limit(kNoSendLimit);
  connection_->Flush();
  EXPECT_EQ(peer_.Received(), "held");
  EXPECT_TRUE(peer_.end_seen());
}

INSTANTIATE_TEST_SUITE_P(With, ConnectionOutput, EveryPoller(), NameOfPoller);

}  // namespace
}  // namespace twincached::net
