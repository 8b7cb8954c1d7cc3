// Many connections of one loop at once, and streams under every order of pins, pauses and sizes.
#include <sys/resource.h>

#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "net/connection.h"
#include "proto/limits.h"
#include "tests/unit/net/loop_fixture.h"

namespace twincached::net {
namespace {

class ManyConnections : public LoopTest {
 protected:
  struct Client {
    explicit Client(int fd) : peer(fd) {}
    RecordingHandler handler;
    Peer peer;
    std::unique_ptr<Connection> connection;
  };

  ManyConnections() { RaiseDescriptorLimit(4096); }

  Client& AddOne() {
    const Ends ends = UnixPair();
    clients_.push_back(std::make_unique<Client>(ends.second));
    Client& client = *clients_.back();
    client.connection = loop_->Adopt(ends.first, &client.handler);
    return client;
  }
  void AddClients(int count) {
    for (int i = 0; i < count; ++i) AddOne();
  }

  std::vector<std::unique_ptr<Client>> clients_;
};

// More than there are receive buffers, and than entries of one system call.
TEST_P(ManyConnections, AreAllServedWhenAllAreReady) {
  AddClients(1000);
  for (int round = 0; round < 3; ++round) {
    for (size_t i = 0; i < clients_.size(); ++i) clients_[i]->peer.Send(std::to_string(i));
    int polls = 0;
    const auto served = [&] {
      ++polls;
      for (const auto& client : clients_) {
        if (client->handler.inputs <= round) return false;
      }
      return true;
    };
    EXPECT_TRUE(PollUntil(served));
    EXPECT_LT(polls, 100);
    for (const auto& client : clients_) {
      client->connection->output()->append(client->handler.seen);
      client->connection->FlushSoon();
    }
    loop_->Poll(0);
    for (size_t i = 0; i < clients_.size(); ++i) {
      ASSERT_EQ(clients_[i]->handler.inputs, round + 1);
      ASSERT_EQ(clients_[i]->peer.Received(), std::to_string(i));
    }
  }
  EXPECT_EQ(loop_->Poll(0), 0u);
}

TEST_P(ManyConnections, OneThatFloodsDoesNotKeepTheOthersWaiting) {
  Client& flood = AddOne();
  AddClients(300);
  const std::string block(64u << 10, 'f');
  for (int round = 1; round <= 20; ++round) {
    flood.peer.SendSome(block);
    for (size_t i = 1; i < clients_.size(); ++i) clients_[i]->peer.Send("x");
    for (int i = 0; i < 50; ++i) {
      flood.peer.SendSome(block);
      loop_->Poll(0);
    }
    for (size_t i = 1; i < clients_.size(); ++i) ASSERT_EQ(clients_[i]->handler.inputs, round);
  }
  EXPECT_GT(flood.handler.received.size(), size_t{20} * block.size());
}

// What is pinned or paused takes no more than was asked for before, whatever its peer sends.
TEST_P(ManyConnections, PinnedOnesAreStoppedAndHoldNothingThatOthersNeed) {
  AddClients(600);
  for (const auto& client : clients_) {
    client->handler.on_input = [](Connection& connection) { connection.PinInput(); };
    client->peer.Send("first");
  }
  EXPECT_TRUE(PollUntil([&] {
    for (const auto& client : clients_) {
      if (client->handler.inputs == 0) return false;
    }
    return true;
  }));
  const std::string block(256u << 10, 'f');
  std::vector<size_t> sent(clients_.size());
  for (int round = 0; round < 5; ++round) {
    for (size_t i = 0; i < clients_.size(); ++i) sent[i] += clients_[i]->peer.SendSome(block);
    loop_->Poll(0);
  }
  Client& late = AddOne();
  late.peer.Send("served");
  EXPECT_TRUE(PollUntil([&] { return late.handler.received == "served"; }));
  EXPECT_EQ(loop_->Poll(0), 0u);
  for (size_t i = 0; i < sent.size(); ++i) {
    Client& client = *clients_[i];
    ASSERT_EQ(client.connection->input(), "first");
    client.handler.on_input = nullptr;
    client.connection->UnpinInput();
    client.connection->ResumeReading();
  }
  EXPECT_TRUE(PollUntil([&] {
    for (size_t i = 0; i < sent.size(); ++i) {
      if (clients_[i]->handler.received.size() < sent[i] + 5) return false;
    }
    return true;
  }));
}

TEST_P(ManyConnections, MayAllGoWhileAllAreReady) {
  AddClients(400);
  Settle();
  for (const auto& client : clients_) {
    client->peer.Send("x");
    client->handler.on_input = [this](Connection&) {
      for (const auto& each : clients_) each->connection.reset();
    };
  }
  EXPECT_EQ(loop_->Poll(-1), 1u);
  Settle();
  int inputs = 0;
  for (const auto& client : clients_) inputs += client->handler.inputs;
  EXPECT_EQ(inputs, 1);
}

TEST_P(ManyConnections, NumbersUsedAgainBelongToTheNewOnes) {
  AddClients(100);
  for (int round = 0; round < 20; ++round) {
    for (size_t i = 0; i < clients_.size(); ++i) {
      Client& client = *clients_[i];
      client.peer.Send("old");
      if (i % 3 == static_cast<size_t>(round) % 3) loop_->Poll(0);
      client.connection.reset();
      const Ends ends = UnixPair();
      clients_[i] = std::make_unique<Client>(ends.second);
      clients_[i]->connection = loop_->Adopt(ends.first, &clients_[i]->handler);
      clients_[i]->peer.Send("new");
    }
    EXPECT_TRUE(PollUntil([&] {
      for (const auto& client : clients_) {
        if (client->handler.received != "new") return false;
      }
      return true;
    }));
  }
}

// A stream whose owner pins, pauses, wants much or little and leaves bytes, at random.
class RandomOwner : public RecordingHandler {
 public:
  explicit RandomOwner(unsigned seed) : random_(seed) {}
  void OnInput(Connection& connection) override {
    ASSERT_FALSE(pinned || paused);
    const size_t take =
        Below(2) == 0 ? connection.input().size() : Below(connection.input().size() + 1);
    received.append(connection.input().data(), take);
    connection.Consume(take);
    switch (Below(6)) {
      case 0:
        connection.PinInput();
        pinned = true;
        break;
      case 1:
        connection.PauseReading();
        paused = true;
        break;
      case 2:
        connection.SetInputWanted(1 + Below(200000));
        break;
      default:
        connection.ResumeReading();
    }
  }
  void GoOn(Connection& connection) {
    if (std::exchange(pinned, false)) connection.UnpinInput();
    if (Below(2) == 0 || paused) connection.ResumeReading();
    paused = false;
  }
  size_t Below(size_t bound) { return random_() % bound; }

  bool pinned = false;
  bool paused = false;

 private:
  std::mt19937 random_;
};

TEST_P(ManyConnections, StreamsArriveWholeAndInOrder) {
  for (unsigned seed = 1; seed <= 16; ++seed) {
    RandomOwner owner(seed);
    const Ends ends = seed % 2 == 0 ? UnixPair() : TcpPair();
    Peer peer(ends.second);
    const auto connection = loop_->Adopt(ends.first, &owner);
    std::string stream(1 + owner.Below(3 << 20), '\0');
    for (size_t i = 0; i < stream.size(); ++i) stream[i] = static_cast<char>(i * 131 >> 3);
    size_t sent = 0;
    EXPECT_TRUE(PollUntil([&] {
      const size_t part = owner.Below(2) == 0 ? owner.Below(6000) : owner.Below(300000);
      sent += peer.SendSome(stream.substr(sent, part));
      if (sent == stream.size()) peer.Close();
      for (int i = 0; i < 3 && owner.closes == 0; ++i) {
        loop_->Poll(0);
        if (owner.closes == 0 && owner.Below(2) == 0) owner.GoOn(*connection);
      }
      return owner.closes == 1;
    })) << "seed "
        << seed;
    owner.received.append(connection->input().data(), connection->input().size());
    EXPECT_EQ(owner.reason, CloseReason::kEndOfStream);
    ASSERT_EQ(owner.received.size(), stream.size()) << "seed " << seed;
    ASSERT_TRUE(owner.received == stream) << "seed " << seed;
  }
}

// As a node does it: made by the main thread, run by another, taken down by the main thread.
TEST_P(ManyConnections, MayBeMadeAndTakenDownByAnotherThread) {
  AddClients(10);
  for (const auto& client : clients_) client->peer.Send("x");
  std::thread runner([&] {
    Settle();
    clients_[0]->connection->output()->append("last words");
    clients_[0]->connection->FlushSoon();
  });
  runner.join();
  for (const auto& client : clients_) {
    EXPECT_EQ(client->handler.received, "x");
    client->connection.reset();
    // Waits for the end: the kernel lets go of the sockets while the thread ends.
    char received[64];
    const ssize_t bytes = recv(client->peer.fd(), received, sizeof(received), MSG_WAITALL);
    const std::string words = client == clients_[0] ? "last words" : "";
    EXPECT_EQ(std::string(received, static_cast<size_t>(bytes)), words);
  }
}

INSTANTIATE_TEST_SUITE_P(With, ManyConnections, EveryPoller(), NameOfPoller);

}  // namespace
}  // namespace twincached::net
