#include <string>

#include "net/connection.h"
#include "tests/unit/net/loop_fixture.h"

namespace twincached::net {
namespace {

class ConnectionEnd : public ConnectionTest {};

TEST_P(ConnectionEnd, OrderlyEndComesAfterTheBytes) {
  peer_.Send("abc");
  peer_.Close();
  Settle();
  EXPECT_EQ(handler_.log, "input closed ");
  EXPECT_EQ(handler_.received, "abc");
  EXPECT_EQ(handler_.reason, CloseReason::kEndOfStream);
}

TEST_P(ConnectionEnd, ResetIsToldFromAnOrderlyEnd) {
  peer_.CloseWithReset();
  Settle();
  EXPECT_EQ(handler_.log, "closed ");
  EXPECT_EQ(handler_.reason, CloseReason::kReset);
}

TEST_P(ConnectionEnd, BytesBeforeAResetAreDelivered) {
  peer_.Send("abc");
  peer_.CloseWithReset();
  Settle();
  EXPECT_EQ(handler_.log, "input closed ");
  EXPECT_EQ(handler_.received, "abc");
  EXPECT_EQ(handler_.reason, CloseReason::kReset);
}

TEST_P(ConnectionEnd, ResetFoundBySendingIsStillAReset) {
  connection_->PauseReading();
  peer_.Send("abc");
  peer_.CloseWithReset();
  connection_->output()->append("reply");
  connection_->Flush();
  EXPECT_EQ(handler_.log, "");  // never from inside the call
  connection_->ResumeReading();
  Settle();
  EXPECT_EQ(handler_.received, "abc");
  EXPECT_EQ(handler_.reason, CloseReason::kReset);
}

TEST_P(ConnectionEnd, OrderlyEndBeforeTheResetOfAClosedSocketIsOrderly) {
  connection_->PauseReading();
  peer_.Send("abc");
  peer_.Close();
  for (int i = 0; i < 3; ++i) {  // answered by a reset, then refused
    connection_->output()->append("reply");
    connection_->Flush();
  }
  connection_->ResumeReading();
  Settle();
  EXPECT_EQ(handler_.received, "abc");
  EXPECT_EQ(handler_.reason, CloseReason::kEndOfStream);
}

TEST_P(ConnectionEnd, LessThanWantedIsDeliveredAtTheEnd) {
  connection_->SetInputWanted(100);
  peer_.Send("abc");
  Settle();
  EXPECT_EQ(handler_.inputs, 0);
  peer_.Close();
  Settle();
  EXPECT_EQ(handler_.log, "input closed ");
  EXPECT_EQ(handler_.received, "abc");
}

TEST_P(ConnectionEnd, UnconsumedBytesDoNotKeepTheEndBack) {
  handler_.on_input = [](Connection&) {};
  peer_.Send("incomplete");
  Settle();
  peer_.Close();
  Settle();
  EXPECT_EQ(handler_.log, "input closed ");
  EXPECT_EQ(connection_->input(), "incomplete");
}

TEST_P(ConnectionEnd, PauseKeepsTheEndBack) {
  connection_->PauseReading();
  peer_.Send("abc");
  peer_.Close();
  Settle();
  EXPECT_EQ(handler_.log, "");
  EXPECT_EQ(loop_->Poll(0), 0u);
  connection_->ResumeReading();
  EXPECT_TRUE(PollUntil([&] { return handler_.closes == 1; }));
  EXPECT_EQ(handler_.log, "input closed ");
}

TEST_P(ConnectionEnd, ResetWhilePausedDoesNotSpin) {
  connection_->PauseReading();
  peer_.Send("abc");
  Settle();
  peer_.CloseWithReset();
  Settle();
  EXPECT_EQ(handler_.log, "");
  EXPECT_EQ(loop_->Poll(0), 0u);
  connection_->ResumeReading();
  EXPECT_TRUE(PollUntil([&] { return handler_.closes == 1; }));
  EXPECT_EQ(handler_.received, "abc");
  EXPECT_EQ(handler_.reason, CloseReason::kReset);
}

TEST_P(ConnectionEnd, PinKeepsTheEndBack) {
  handler_.on_input = [](Connection& connection) { connection.PinInput(); };
  peer_.Send("abc");
  Settle();
  peer_.CloseWithReset();
  Settle();
  EXPECT_EQ(handler_.log, "input ");
  EXPECT_EQ(connection_->input(), "abc");
  connection_->UnpinInput();
  EXPECT_TRUE(PollUntil([&] { return handler_.closes == 1; }));
  EXPECT_EQ(handler_.log, "input closed ");
}

TEST_P(ConnectionEnd, PinInTheLastOnInputKeepsTheEndBack) {
  handler_.on_input = [](Connection& connection) { connection.PinInput(); };
  connection_->SetInputWanted(100);
  peer_.Send("abc");
  peer_.Close();
  Settle();
  EXPECT_EQ(handler_.log, "input ");
  connection_->Consume(3);
  connection_->UnpinInput();
  loop_->Poll(-1);
  EXPECT_EQ(handler_.log, "input closed ");
}

TEST_P(ConnectionEnd, AskingAgainInTheLastOnInputComesBeforeTheEnd) {
  handler_.on_input = [](Connection& connection) {
    connection.Consume(1);
    connection.ResumeReading();
  };
  connection_->SetInputWanted(100);
  peer_.Send("abc");
  peer_.Close();
  Settle();
  EXPECT_EQ(handler_.log, "input input input closed ");
}

TEST_P(ConnectionEnd, IsToldOnceAndRepliesStillGoOut) {
  peer_.Send("get a\r\n");
  peer_.HalfClose();
  Settle();
  EXPECT_EQ(handler_.closes, 1);
  connection_->output()->append("END\r\n");
  connection_->Flush();
  EXPECT_EQ(peer_.Received(), "END\r\n");
  connection_->ResumeReading();
  Settle();
  EXPECT_EQ(handler_.closes, 1);
  EXPECT_EQ(loop_->Poll(0), 0u);
}

TEST_P(ConnectionEnd, ALargeReplyAfterTheEndIsSentAndThenDrained) {
  peer_.HalfClose();
  Settle();
  constexpr size_t kBytes = 16u << 20;
  connection_->output()->append(kBytes, 'x');
  connection_->Flush();
  size_t received = 0;
  EXPECT_TRUE(PollUntil([&] { return (received += peer_.Received().size()) == kBytes; }));
  Settle();
  EXPECT_EQ(handler_.log, "closed drained ");
  EXPECT_EQ(loop_->Poll(0), 0u);
}

TEST_P(ConnectionEnd, AReplyThatNobodyReadsAfterTheEndDrainsToo) {
  peer_.HalfClose();
  Settle();
  connection_->output()->append(16u << 20, 'x');
  connection_->Flush();
  peer_.CloseWithReset();
  Settle();
  EXPECT_EQ(handler_.log, "closed drained ");
  EXPECT_EQ(connection_->written(), connection_->appended());
  EXPECT_EQ(loop_->Poll(0), 0u);
}

TEST_P(ConnectionEnd, HandlerMayDestroyTheConnection) {
  handler_.on_closed = [&](Connection&) { connection_.reset(); };
  peer_.Close();
  Settle();
  EXPECT_EQ(handler_.closes, 1);
  EXPECT_EQ(connection_, nullptr);
}

TEST_P(ConnectionEnd, DestroyedInTheLastOnInputIsNotTold) {
  handler_.on_input = [&](Connection&) { connection_.reset(); };
  connection_->SetInputWanted(100);
  peer_.Send("abc");
  peer_.Close();
  Settle();
  EXPECT_EQ(handler_.log, "input ");
}

TEST_P(ConnectionEnd, ResetIsSeenByThePeerAndByNoHandler) {
  connection_->output()->append("unsent");
  connection_->Reset();
  EXPECT_EQ(connection_->fd(), -1);
  EXPECT_EQ(peer_.Received(), "");
  EXPECT_TRUE(peer_.reset_seen());
  connection_->Flush();
  connection_->Shutdown();
  connection_->ResumeReading();
  connection_->Reset();
  Settle();
  EXPECT_EQ(handler_.log, "");
}

TEST_P(ConnectionEnd, ResetInsideOnInputEndsDelivery) {
  handler_.on_input = [](Connection& connection) {
    connection.Reset();
    connection.Consume(1);
    EXPECT_EQ(connection.input(), "bc");
  };
  peer_.Send("abc");
  Settle();
  EXPECT_EQ(handler_.log, "input ");
  peer_.Received();
  EXPECT_TRUE(peer_.reset_seen());
}

TEST_P(ConnectionEnd, ResetInTheLastOnInputIsTheEnd) {
  handler_.on_input = [](Connection& connection) { connection.Reset(); };
  connection_->SetInputWanted(100);
  peer_.Send("abc");
  peer_.Close();
  Settle();
  EXPECT_EQ(handler_.log, "input ");
}

TEST_P(ConnectionEnd, ResetInsideOnDrainedReadsNoMore) {
  handler_.on_drained = [](Connection& connection) { connection.Reset(); };
  connection_->output()->append(16u << 20, 'x');
  connection_->Flush();
  EXPECT_TRUE(PollUntil([&] {
    peer_.Received();
    if (handler_.drains == 0) peer_.SendSome("y");  // readable in the same event
    return handler_.drains == 1;
  }));
  Settle();
  EXPECT_EQ(handler_.closes, 0);
}

TEST_P(ConnectionEnd, DestructionCloses) {
  connection_.reset();
  peer_.Received();
  EXPECT_TRUE(peer_.end_seen());
}

class UnixConnectionEnd : public ConnectionTest {
 protected:
  UnixConnectionEnd() : ConnectionTest(UnixPair()) {}
};

TEST_P(UnixConnectionEnd, OrderlyEndComesAfterTheBytes) {
  peer_.Send("abc");
  peer_.Close();
  Settle();
  EXPECT_EQ(handler_.received, "abc");
  EXPECT_EQ(handler_.log, "input closed ");
  EXPECT_EQ(handler_.reason, CloseReason::kEndOfStream);
}

TEST_P(UnixConnectionEnd, EndWhilePausedDoesNotSpin) {
  connection_->PauseReading();
  peer_.Send("abc");
  Settle();
  peer_.Close();
  Settle();
  EXPECT_EQ(loop_->Poll(0), 0u);
  connection_->output()->append("nobody reads this");
  connection_->Flush();
  connection_->ResumeReading();
  EXPECT_TRUE(PollUntil([&] { return handler_.closes == 1; }));
  EXPECT_EQ(handler_.received, "abc");
}

INSTANTIATE_TEST_SUITE_P(With, ConnectionEnd, EveryPoller(), NameOfPoller);
INSTANTIATE_TEST_SUITE_P(With, UnixConnectionEnd, EveryPoller(), NameOfPoller);

}  // namespace
}  // namespace twincached::net
