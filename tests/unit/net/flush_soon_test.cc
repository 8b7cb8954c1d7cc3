// FlushSoon(): what it promises with every poller; that it waits for the next Poll() with io_uring.
#include <string>

#include "net/connection.h"
#include "tests/unit/net/loop_fixture.h"

namespace twincached::net {
namespace {

class FlushSoon : public ConnectionTest {
 protected:
  void AppendAndFlush(const std::string& text) {
    connection_->output()->append(text);
    connection_->FlushSoon();
  }
};

TEST_P(FlushSoon, LeavesInTheNextPoll) {
  AppendAndFlush("STORED\r\n");
  loop_->Poll(0);
  EXPECT_EQ(peer_.Received(), "STORED\r\n");
  EXPECT_EQ(connection_->written(), 8u);
  AppendAndFlush("END\r\n");
  AppendAndFlush("END\r\n");
  loop_->Poll(0);
  EXPECT_EQ(peer_.Received(), "END\r\nEND\r\n");
  EXPECT_EQ(connection_->written(), connection_->appended());
  EXPECT_EQ(handler_.log, "");
}

TEST_P(FlushSoon, LeavesInEachPollOfABusyLoop) {
  for (int i = 0; i < 100; ++i) {
    AppendAndFlush("x");
    EXPECT_EQ(loop_->Poll(0), 0u);
    EXPECT_EQ(peer_.Received(), "x");
  }
}

TEST_P(FlushSoon, IsNotWhatASleepWaitsFor) {
  Settle();
  AppendAndFlush("x");
  bool ran = false;
  loop_->AddTimer(5, [&] { ran = true; });
  int polls = 0;
  while (!ran) polls += loop_->Poll(-1) > 0;
  EXPECT_EQ(polls, 1);
  EXPECT_EQ(peer_.Received(), "x");
}

TEST_P(FlushSoon, FollowedByFlushLeavesOnce) {
  AppendAndFlush("abc");
  connection_->Flush();
  EXPECT_EQ(peer_.Received(), "abc");
  Settle();
  EXPECT_EQ(peer_.Received(), "");
}

TEST_P(FlushSoon, HoldsBackWhatIsBehindTheSendLimit) {
  connection_->set_send_limit(3);
  AppendAndFlush("abcdef");
  Settle();
  EXPECT_EQ(peer_.Received(), "abc");
  connection_->set_send_limit(kNoSendLimit);
  connection_->FlushSoon();
  Settle();
  EXPECT_EQ(peer_.Received(), "def");
}

TEST_P(FlushSoon, OfMuchIsAtOnce) {
  AppendAndFlush(std::string(100000, 'x'));
  EXPECT_EQ(peer_.Received().size(), 100000u);
}

TEST_P(FlushSoon, WhatDoesNotFitFollowsAndIsTold) {
  const std::string block(60000, 'x');
  std::string sent;
  while (handler_.drains == 0 && connection_->written() == connection_->appended()) {
    AppendAndFlush(block);
    sent += block;
    loop_->Poll(0);
    ASSERT_LT(sent.size(), 64u << 20);
  }
  std::string received;
  EXPECT_TRUE(PollUntil([&] { return (received += peer_.Received()).size() == sent.size(); }));
  EXPECT_TRUE(PollUntil([&] { return handler_.drains == 1; }));
  EXPECT_EQ(connection_->written(), sent.size());
  EXPECT_EQ(loop_->Poll(0), 0u);
}

TEST_P(FlushSoon, LeavesBeforeTheConnectionGoes) {
  AppendAndFlush("ERROR\r\n");
  connection_.reset();
  EXPECT_EQ(peer_.Received(), "ERROR\r\n");
  EXPECT_TRUE(peer_.end_seen());
  Settle();
}

TEST_P(FlushSoon, LeavesBeforeAReset) {
  AppendAndFlush("ERROR\r\n");
  connection_->Reset();
  EXPECT_EQ(peer_.Received(), "ERROR\r\n");
  EXPECT_TRUE(peer_.reset_seen());
  Settle();
}

TEST_P(FlushSoon, LeavesBeforeAShutdown) {
  AppendAndFlush("bye");
  connection_->Shutdown();
  EXPECT_EQ(peer_.Received(), "bye");
  EXPECT_TRUE(peer_.end_seen());
  Settle();
  EXPECT_EQ(handler_.log, "");
}

TEST_P(FlushSoon, OfTheDestroyedDoesNotReachItsSuccessor) {
  const int fd = connection_->fd();
  AppendAndFlush("for the first");
  connection_.reset();
  const Ends ends = UnixPair();
  Peer other(ends.second);
  ASSERT_EQ(ends.first, fd);
  const auto successor = loop_->Adopt(ends.first, &handler_);
  Settle();
  EXPECT_EQ(other.Received(), "");
}

TEST_P(FlushSoon, ToABrokenPeerIsForgotten) {
  peer_.CloseWithReset();
  for (int i = 0; i < 3; ++i) {
    AppendAndFlush("abc");
    loop_->Poll(0);
  }
  EXPECT_EQ(connection_->written(), connection_->appended());
  EXPECT_EQ(handler_.log, "closed ");
  EXPECT_EQ(handler_.reason, CloseReason::kReset);
}

TEST_P(FlushSoon, SendAllDoesNotWait) {
  loop_->SendAll();
  AppendAndFlush("abc");
  loop_->SendAll();
  EXPECT_EQ(connection_->written(), 3u);
  EXPECT_EQ(peer_.Received(), "abc");
  Settle();
  EXPECT_EQ(peer_.Received(), "");
}

INSTANTIATE_TEST_SUITE_P(With, FlushSoon, EveryPoller(), NameOfPoller);

class FlushSoonUring : public FlushSoon {};

TEST_P(FlushSoonUring, WaitsForThePoll) {
  AppendAndFlush("abc");
  EXPECT_EQ(peer_.Received(), "");
  EXPECT_EQ(connection_->written(), 0u);
}

TEST_P(FlushSoonUring, ObeysALimitThatCameLater) {
  AppendAndFlush("abc");
  connection_->set_send_limit(0);
  Settle();
  EXPECT_EQ(peer_.Received(), "");
  connection_->set_send_limit(2);
  connection_->FlushSoon();
  Settle();
  EXPECT_EQ(peer_.Received(), "ab");
}

INSTANTIATE_TEST_SUITE_P(With, FlushSoonUring, testing::Values(PollerKind::kUring), NameOfPoller);

}  // namespace
}  // namespace twincached::net
