#include <string>
#include <vector>

#include "net/connection.h"
#include "net/ring_connection.h"
#include "proto/limits.h"
#include "tests/unit/net/loop_fixture.h"

namespace twincached::net {
namespace {

class ConnectionInput : public ConnectionTest {};

std::string Pattern(size_t bytes) {
  std::string text(bytes, '\0');
  for (size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>(i * 131 >> 3);
  return text;
}

TEST_P(ConnectionInput, DeliversWhatWasSent) {
  peer_.Send("get a\r\n");
  EXPECT_EQ(loop_->Poll(0), 1u);
  EXPECT_EQ(handler_.received, "get a\r\n");
  EXPECT_EQ(connection_->input(), "");
  EXPECT_EQ(loop_->Poll(0), 0u);
  EXPECT_EQ(handler_.inputs, 1);
}

TEST_P(ConnectionInput, KeepsWhatIsNotConsumed) {
  handler_.on_input = [](Connection& connection) {
    if (connection.input().size() > 4) connection.Consume(4);
  };
  peer_.Send("abc");
  Settle();
  EXPECT_EQ(handler_.inputs, 1);  // nothing consumed, nothing new: not called again
  peer_.Send("def");
  Settle();
  EXPECT_EQ(handler_.inputs, 2);
  EXPECT_EQ(handler_.seen, "abcdef");
  EXPECT_EQ(connection_->input(), "ef");
}

TEST_P(ConnectionInput, WaitsForTheBytesWanted) {
  connection_->SetInputWanted(6);
  peer_.Send("abc");
  Settle();
  EXPECT_EQ(handler_.inputs, 0);
  peer_.Send("def");
  Settle();
  EXPECT_EQ(handler_.received, "abcdef");
  peer_.Send("g");  // consuming set it back to one
  Settle();
  EXPECT_EQ(handler_.received, "abcdefg");
}

TEST_P(ConnectionInput, DeliversBytesHeldBackWhenLessIsWanted) {
  connection_->SetInputWanted(100);
  peer_.Send("abc");
  Settle();
  connection_->SetInputWanted(2);
  EXPECT_EQ(handler_.inputs, 0);  // not from inside the call
  loop_->Poll(-1);
  EXPECT_EQ(handler_.received, "abc");
}

TEST_P(ConnectionInput, TakesAValueLargerThanAnyBuffer) {
  const std::string value = Pattern(3 << 20);
  handler_.on_input = [&](Connection& connection) {
    if (connection.input().size() < value.size()) return connection.SetInputWanted(value.size());
    handler_.received = std::string(connection.input());
    connection.Consume(value.size());
  };
  size_t sent = 0;
  PollUntil([&] {
    sent += peer_.SendSome(value.substr(sent));
    return !handler_.received.empty();
  });
  EXPECT_EQ(handler_.inputs, 2);
  EXPECT_TRUE(handler_.received == value);
}

TEST_P(ConnectionInput, StopsReadingAnOwnerThatDoesNotConsume) {
  const std::string stream = Pattern(8 << 20);
  handler_.on_input = [](Connection&) {};
  size_t sent = 0;
  for (size_t before = SIZE_MAX; sent != before;) {
    before = sent;
    sent += peer_.SendSome(stream.substr(sent));
    for (int i = 0; i < 20; ++i) loop_->Poll(0);
    EXPECT_LE(connection_->input().size(), 2 * kReadBytesPerIteration);
  }
  ASSERT_LT(sent, stream.size());  // the client is stopped
  EXPECT_EQ(loop_->Poll(0), 0u);   // and the loop does not spin

  handler_.on_input = nullptr;
  handler_.received = std::string(connection_->input());
  connection_->Consume(connection_->input().size());
  PollUntil([&] {
    sent += peer_.SendSome(stream.substr(sent));
    return handler_.received.size() == stream.size();
  });
  EXPECT_TRUE(handler_.received == stream);
}

TEST_P(ConnectionInput, ReadsABoundedPartPerIteration) {
  handler_.on_input = [](Connection&) {};
  const std::string stream(1 << 20, 'x');
  for (const size_t wanted : {size_t{1} << 20, size_t{100'000}}) {
    connection_->SetInputWanted(wanted);
    size_t sent = 0;
    for (size_t before = 0; before < wanted; before = connection_->input().size()) {
      sent += peer_.SendSome(stream.substr(0, wanted).substr(sent));
      loop_->Poll(100);
      EXPECT_LE(connection_->input().size() - before,
                wanted > kValueBytesPerIteration ? kValueBytesPerIteration : 100'000);
    }
    connection_->Consume(wanted);
  }
}

// Large requests, then small ones until a ring receives again, then the end.
TEST_P(ConnectionInput, ReadsSmallRequestsBehindLargeOnes) {
  const std::string value = Pattern(100'000);
  handler_.on_input = [&](Connection& connection) {
    if (connection.input()[0] != 's' && connection.input().size() < value.size()) {
      return connection.SetInputWanted(value.size());
    }
    handler_.received += std::string(connection.input());
    connection.Consume(connection.input().size());
  };
  std::vector<std::string> requests = {value, "s", value};
  requests.insert(requests.end(), kDirectReads + 2, "small");
  std::string expected;
  for (int i = 0; i < 3; ++i) {
    for (const std::string& request : requests) {
      expected += request;
      size_t sent = 0;
      EXPECT_TRUE(PollUntil([&] {
        sent += peer_.SendSome(request.substr(sent));
        return handler_.received.size() == expected.size();
      }));
    }
  }
  EXPECT_TRUE(handler_.received == expected);
  peer_.Close();
  EXPECT_TRUE(PollUntil([&] { return handler_.closes == 1; }));
}

TEST_P(ConnectionInput, PauseStopsDelivery) {
  connection_->PauseReading();
  peer_.Send("abc");
  Settle();
  EXPECT_EQ(handler_.inputs, 0);
  EXPECT_EQ(loop_->Poll(0), 0u);  // does not spin on the unread bytes
  connection_->ResumeReading();
  EXPECT_TRUE(PollUntil([&] { return handler_.received == "abc"; }));
}

TEST_P(ConnectionInput, ResumeDeliversWhatIsInTheBufferWithoutSleeping) {
  handler_.on_input = [](Connection& connection) { connection.PauseReading(); };
  peer_.Send("abc");
  Settle();
  peer_.Send("def");
  Settle();
  EXPECT_EQ(handler_.inputs, 1);  // paused inside OnInput
  handler_.on_input = nullptr;
  connection_->ResumeReading();
  EXPECT_EQ(handler_.inputs, 1);
  while (handler_.received != "abcdef") loop_->Poll(-1);
  EXPECT_EQ(handler_.seen.substr(0, 3), handler_.inputs == 2 ? "abc" : "def");
}

TEST_P(ConnectionInput, ResumeWithoutPauseAsksToBeCalledAgain) {
  handler_.on_input = [](Connection& connection) {
    connection.Consume(1);
    connection.ResumeReading();
  };
  peer_.Send("abc");
  loop_->Poll(-1);
  EXPECT_EQ(connection_->input(), "bc");  // one call per Poll
  loop_->Poll(-1);
  EXPECT_EQ(connection_->input(), "c");
  loop_->Poll(-1);
  EXPECT_EQ(connection_->input(), "");
  EXPECT_EQ(loop_->Poll(0), 0u);
}

TEST_P(ConnectionInput, AskingAgainAndNewBytesAreOneCallPerPoll) {
  handler_.on_input = [](Connection& connection) { connection.ResumeReading(); };
  peer_.Send("abc");
  for (int i = 1; i <= 3; ++i) {
    EXPECT_EQ(loop_->Poll(-1), 1u);
    EXPECT_EQ(handler_.inputs, i);
    peer_.Send("def");
  }
  EXPECT_EQ(handler_.seen, "abcdefdef");
}

TEST_P(ConnectionInput, PauseAfterResumeHolds) {
  handler_.on_input = [](Connection&) {};
  peer_.Send("abc");
  Settle();
  connection_->ResumeReading();
  connection_->PauseReading();
  Settle();
  EXPECT_EQ(handler_.inputs, 1);
  connection_->ResumeReading();
  connection_->PinInput();
  Settle();
  EXPECT_EQ(handler_.inputs, 1);
  connection_->UnpinInput();
  loop_->Poll(-1);
  EXPECT_EQ(handler_.inputs, 2);
}

TEST_P(ConnectionInput, PinnedInputStaysWhereItIs) {
  handler_.on_input = [](Connection& connection) { connection.PinInput(); };
  peer_.Send("abcdef");
  Settle();
  const absl::string_view view = connection_->input();
  connection_->Consume(6);  // views outlive it while pinned
  peer_.Send("ghi");
  Settle();
  EXPECT_EQ(handler_.inputs, 1);
  EXPECT_EQ(connection_->input(), "");
  EXPECT_EQ(view, "abcdef");
  EXPECT_EQ(loop_->Poll(0), 0u);
  handler_.on_input = nullptr;
  connection_->UnpinInput();
  EXPECT_TRUE(PollUntil([&] { return handler_.received == "ghi"; }));
}

TEST_P(ConnectionInput, PinsNest) {
  connection_->PinInput();
  connection_->PinInput();
  peer_.Send("abc");
  connection_->UnpinInput();
  Settle();
  EXPECT_EQ(handler_.inputs, 0);
  connection_->UnpinInput();
  Settle();
  EXPECT_EQ(handler_.received, "abc");
}

TEST_P(ConnectionInput, UnpinDoesNotDeliverAgain) {
  handler_.on_input = [](Connection& connection) { connection.PinInput(); };
  peer_.Send("incomplete");
  Settle();
  connection_->UnpinInput();
  Settle();
  EXPECT_EQ(handler_.inputs, 1);
  EXPECT_EQ(connection_->input(), "incomplete");
}

TEST_P(ConnectionInput, ResumeWhilePinnedWaitsForUnpin) {
  handler_.on_input = [](Connection& connection) {
    connection.Consume(1);
    connection.PinInput();
    connection.ResumeReading();
  };
  peer_.Send("ab");
  Settle();
  EXPECT_EQ(handler_.inputs, 1);
  connection_->UnpinInput();
  loop_->Poll(-1);
  EXPECT_EQ(handler_.inputs, 2);
  EXPECT_EQ(handler_.seen, "b");
}

TEST_P(ConnectionInput, MayDestroyItsConnection) {
  handler_.on_input = [&](Connection&) { connection_.reset(); };
  peer_.Send("abc");
  Settle();
  EXPECT_EQ(handler_.log, "input ");
  peer_.Received();
  EXPECT_TRUE(peer_.end_seen());
}

TEST_P(ConnectionInput, MayDestroyItsConnectionWhenDeliveredAgain) {
  handler_.on_input = [&](Connection& connection) {
    if (handler_.inputs == 2) return connection_.reset();
    connection.ResumeReading();
  };
  peer_.Send("abc");
  Settle();
  EXPECT_EQ(handler_.log, "input input ");
}

// Two connections ready in the same Wait(); whichever is served first takes the other one away.
class TwoConnections : public ConnectionTest {
 protected:
  TwoConnections() : TwoConnections(TcpPair()) {}
  explicit TwoConnections(Ends ends)
      : other_peer_(ends.second), other_(loop_->Adopt(ends.first, &other_handler_)) {}

  RecordingHandler other_handler_;
  Peer other_peer_;
  std::unique_ptr<Connection> other_;
};

TEST_P(TwoConnections, PinnedStorageIsNotLentToAnother) {
  handler_.on_input = [](Connection& connection) {
    connection.PinInput();
    connection.Consume(6);
  };
  peer_.Send("abcdef");
  Settle();
  other_peer_.Send("xxxxxx");
  Settle();
  EXPECT_EQ(other_handler_.received, "xxxxxx");
  EXPECT_EQ(absl::string_view(connection_->input().data() - 6, 6), "abcdef");
}

TEST_P(TwoConnections, HandlerMayDestroyOneWithAnEventPending) {
  handler_.on_input = [&](Connection&) { other_.reset(); };
  other_handler_.on_input = [&](Connection&) { connection_.reset(); };
  peer_.Send("abc");
  other_peer_.Send("def");
  Settle();
  EXPECT_EQ(handler_.inputs + other_handler_.inputs, 1);
}

TEST_P(TwoConnections, EventOfADestroyedOneDoesNotReachItsSuccessor) {
  std::vector<std::unique_ptr<Peer>> peers;
  RecordingHandler successor_handler;
  std::unique_ptr<Connection> successor;
  const auto replace = [&](std::unique_ptr<Connection>& victim) {
    const int fd = victim->fd();
    victim.reset();
    const Ends ends = UnixPair();
    peers.push_back(std::make_unique<Peer>(ends.second));
    ASSERT_EQ(ends.first, fd);  // the lowest free number is the one just closed
    successor = loop_->Adopt(ends.first, &successor_handler);
    successor->output()->append("unasked");
  };
  handler_.on_input = [&](Connection&) { replace(other_); };
  other_handler_.on_input = [&](Connection&) { replace(connection_); };
  peer_.Send("abc");
  other_peer_.Send("def");
  EXPECT_EQ(loop_->Poll(0), 1u);
  EXPECT_EQ(successor_handler.log, "");
  peers[0]->Send("ghi");
  Settle();
  EXPECT_EQ(successor_handler.received, "ghi");
}

TEST_P(TwoConnections, OneDueAgainMayBeDestroyedByTheOther) {
  handler_.on_input = [](Connection&) {};
  other_handler_.on_input = [](Connection&) {};
  peer_.Send("abc");
  other_peer_.Send("def");
  Settle();
  handler_.on_input = [&](Connection&) { other_.reset(); };
  connection_->ResumeReading();
  other_->ResumeReading();
  Settle();
  EXPECT_EQ(handler_.inputs, 2);
  EXPECT_EQ(other_handler_.inputs, 1);
}

INSTANTIATE_TEST_SUITE_P(With, ConnectionInput, EveryPoller(), NameOfPoller);
INSTANTIATE_TEST_SUITE_P(With, TwoConnections, EveryPoller(), NameOfPoller);

}  // namespace
}  // namespace twincached::net
