// The LISTENER with real STOREs and real sockets, between a stand-in LINK and SUPERVISOR: what
// clients see.
#include "actors/listener.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "actors/store.h"
#include "gmock/gmock.h"
#include "net/clock.h"
#include "tests/unit/actors/actor_fixture.h"
#include "tests/unit/net/loop_fixture.h"

namespace twincached {
namespace {

using replication::ServingMode;

constexpr uint32_t kShards = 2;
constexpr size_t kBatchBytes = 500;

class ListenerTest : public ActorTest {
 protected:
  void SetUp() override {
    ListenerOptions options;
    options.shard_count = kShards;
    options.connections = connections_;
    options.on_open = [] {};
    options.tells_from = tells_from_;
    listener_ = Spawn<ListenerActor>(std::move(options));
    for (uint32_t i = 0; i < kShards; ++i) {
      StoreOptions store;
      store.shard.shard_index = i;
      store.shard.shard_count = kShards;
      store.batch_value_bytes_max = kBatchBytes;
      stores_.push_back(Spawn<StoreActor>(store));
    }
    Wire({{listener_, asker_.actor}, stores_, link_.actor, supervisor_.actor});
    for (const store_actor& store : stores_) Send(store, StoreOrder{StoreOrder::kDecide, 1});
    Serve(ServingMode::kAlone);
  }

  void Serve(ServingMode mode, bool drop_held = false) {
    auto serving = std::make_shared<Serving>();
    serving->token = ++token_;
    serving->mode = mode;
    serving->drop_held = drop_held;
    Send(listener_, ServingPtr(serving));
    Settle();
    ASSERT_EQ(supervisor_.Heard<ServingPtr>().back()->token, token_) << "confirmed";
  }
  // As a master with a slave: changes are recorded and replies wait for them.
  void ServePaired() {
    for (const store_actor& store : stores_) Send(store, StoreOrder{StoreOrder::kRecord, 1});
    Send(listener_, Lease{net::BoottimeMs() + 60'000});
    Serve(ServingMode::kPaired);
  }
  void Acknowledge(std::vector<uint64_t> seq_by_shard) {
    Send(listener_, std::make_shared<const Acknowledged>(std::move(seq_by_shard)));
    Settle();
  }

  std::unique_ptr<net::Peer> Connect() {
    int fds[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    fcntl(fds[0], F_SETFL, O_NONBLOCK);
    ++*connections_;
    Send(listener_, AdoptClient{fds[0]});
    Settle();
    return std::make_unique<net::Peer>(fds[1]);
  }
  std::string Ask(net::Peer* client, const std::string& text) {
    client->Send(text);
    Settle();
    return client->Received();
  }
  bool IsClosed(net::Peer* client) {
    client->Received();
    return client->end_seen() || client->reset_seen();
  }
  uint64_t BytesWritten() {
    Send(listener_, StatsRequest{1, 0, false});
    Settle();
    return asker_.Take<StatsPartPtr>().at(0)->stats.listener.bytes_written;
  }
  uint64_t GetsExecuted() {
    for (const store_actor& store : stores_) Send(store, StatsRequest{1, 0, false});
    Settle();
    uint64_t gets = 0;
    for (const StatsPartPtr& part : asker_.Take<StatsPartPtr>()) gets += part->stats.shard.cmd_get;
    return gets;
  }

  std::shared_ptr<std::atomic<uint32_t>> connections_ = std::make_shared<std::atomic<uint32_t>>(0);
  std::shared_ptr<std::atomic<uint64_t>> tells_from_ = std::make_shared<std::atomic<uint64_t>>(0);
  StandIn<listener_actor> asker_ = MakeStandIn<listener_actor>();
  StandIn<link_actor> link_ = MakeStandIn<link_actor>();
  StandIn<supervisor_actor> supervisor_ = MakeStandIn<supervisor_actor>();
  listener_actor listener_;
  std::vector<store_actor> stores_;
  uint64_t token_ = 0;
};

std::string SetText(const std::string& key, const std::string& value) {
  return absl::StrCat("set ", key, " 0 0 ", value.size(), "\r\n", value, "\r\n");
}

std::string ValueText(const std::string& key, const std::string& value) {
  return absl::StrCat("VALUE ", key, " 0 ", value.size(), "\r\n", value, "\r\n");
}

// ---------------------------------------------------------------- more values than a batch takes

class ListenerBacklogTest : public ListenerTest {
 protected:
  // Stores `count` values; returns the get of all and what it should be answered.
  std::pair<std::string, std::string> Fill(int count, size_t bytes) {
    const auto client = Connect();
    std::string get = "get", answer;
    for (int i = 0; i < count; ++i) {
      const std::string key = absl::StrCat("key", i);
      const std::string value(bytes, static_cast<char>('a' + i % 26));
      EXPECT_EQ(Ask(client.get(), SetText(key, value)), "STORED\r\n");
      absl::StrAppend(&get, " ", key);
      absl::StrAppend(&answer, ValueText(key, value));
    }
    return {get + "\r\n", answer + "END\r\n"};
  }
  // Until nothing comes any more.
  std::string ReadAll(net::Peer* client) {
    std::string all;
    for (std::string part = client->Received(); !part.empty(); part = client->Received()) {
      all += part;
      Settle();
    }
    return all;
  }
};

TEST_F(ListenerBacklogTest, AGetOfManyIsAnsweredWhole) {
  const auto texts = Fill(40, 300);
  const auto client = Connect();
  for (int i = 0; i < 3; ++i) {
    client->Send(texts.first);
    Settle();
    EXPECT_EQ(ReadAll(client.get()), texts.second);
  }
}

TEST_F(ListenerBacklogTest, APipelineKeepsItsOrderAcrossShards) {
  const auto texts = Fill(8, 300);
  const auto client = Connect();
  std::string requests = texts.first, answers = texts.second;
  for (int i = 0; i < 8; ++i) {  // executed before the gets in front of them are, they would show
    requests += SetText(absl::StrCat("key", i), "new");
    answers += "STORED\r\n";
  }
  requests += "version\r\nget key0 key7\r\nset key0 0 0 1 noreply\r\nx\r\nget key0\r\n";
  client->Send(requests);
  Settle();
  const std::string got = ReadAll(client.get());
  EXPECT_EQ(got.substr(0, answers.size()), answers);
  EXPECT_THAT(got.substr(answers.size()),
              testing::MatchesRegex("VERSION [^\r]*\r\n" + ValueText("key0", "new") +
                                    ValueText("key7", "new") + "END\r\n" + ValueText("key0", "x") +
                                    "END\r\n"));
}

TEST_F(ListenerBacklogTest, ManyClientsInOneRoundAreAllAnswered) {
  const auto texts = Fill(6, 300);
  std::vector<std::unique_ptr<net::Peer>> clients;
  for (int i = 0; i < 5; ++i) clients.push_back(Connect());
  for (const auto& client : clients) client->Send(texts.first);
  for (int i = 0; i < 5; ++i) Settle();
  for (const auto& client : clients) EXPECT_EQ(client->Received(), texts.second);
}

TEST_F(ListenerBacklogTest, WhoDoesNotReadIsNotAskedForMore) {
  const auto texts = Fill(40, 200'000);
  const auto client = Connect();
  for (int warm = 0; warm < 12; ++warm) Ask(client.get(), "get no body\r\n");  // larger rounds
  const uint64_t before = GetsExecuted();
  client->Send(texts.first);
  for (int i = 0; i < 5; ++i) Settle();
  EXPECT_LT(GetsExecuted() - before, 20u);
  EXPECT_EQ(ReadAll(client.get()), texts.second);
  EXPECT_EQ(GetsExecuted() - before, 40u) << "each once";
}

TEST_F(ListenerBacklogTest, AFlushIsExecutedOnceAndBeforeWhatFollows) {
  const auto texts = Fill(6, 300);
  const auto client = Connect();
  client->Send(texts.first + "flush_all\r\n" + SetText("key1", "new") + texts.first);
  Settle();
  EXPECT_EQ(ReadAll(client.get()),
            texts.second + "OK\r\nSTORED\r\n" + ValueText("key1", "new") + "END\r\n");
}

TEST_F(ListenerBacklogTest, TheLastRepliesLeaveBeforeAQuit) {
  const auto texts = Fill(6, 300);
  const auto client = Connect();
  client->Send(texts.first + "quit\r\n");
  Settle();
  EXPECT_EQ(ReadAll(client.get()), texts.second);
  EXPECT_TRUE(IsClosed(client.get()));
}

TEST_F(ListenerBacklogTest, WhatIsLeftOverIsForwardedOnceThisNodeFollows) {
  const auto texts = Fill(40, 200'000);
  const auto client = Connect();
  client->Send(texts.first + SetText("key0", "new"));
  for (int i = 0; i < 3; ++i) Settle();
  for (const store_actor& store : stores_) Send(store, StoreOrder{StoreOrder::kFollow, 0});
  Send(listener_, Lease{net::BoottimeMs() + 60'000});
  Serve(ServingMode::kFollower);
  EXPECT_EQ(ReadAll(client.get()), texts.second);
  ASSERT_EQ(link_.Heard<ForwardRequestsPtr>().size(), 1u);
  EXPECT_EQ(link_.Heard<ForwardRequestsPtr>()[0]->at(0).command.value, "new");
}

// ---------------------------------------------------------------- what only the master can say

TEST_F(ListenerTest, WhatSeemsTooOldIsAskedOfTheMasterAndRepliesKeepTheirOrder) {
  const auto client = Connect();
  Ask(client.get(), SetText("fresh", "1") + SetText("young", "2") + "set old 0 5 1\r\n3\r\n");
  for (const store_actor& store : stores_) {
    Send(store, StoreOrder{StoreOrder::kFollow, 0});
    Send(store, StreamClockOffset{10'000});
  }
  Send(listener_, Lease{net::BoottimeMs() + 60'000});
  Serve(ServingMode::kFollower);
  EXPECT_EQ(Ask(client.get(), "get fresh old young\r\nget old young\r\n"), ValueText("fresh", "1"));
  ASSERT_EQ(link_.Heard<ForwardRequestsPtr>().size(), 1u);
  const ForwardRequests& asked = *link_.Heard<ForwardRequestsPtr>()[0];
  ASSERT_EQ(asked.size(), 2u);
  auto replies = std::make_shared<ForwardReplies>(2);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(asked[i].command.op, Op::kGet);
    EXPECT_EQ(asked[i].owned, "old");
    (*replies)[i].client = asked[i].client.client;
    (*replies)[i].index = asked[i].index;
  }
  (*replies)[0].reply.status = Status::kHit;  // it was touched
  (*replies)[0].value = "3";
  (*replies)[1].reply.status = Status::kMiss;
  Send(listener_, ForwardRepliesPtr(replies));
  Settle();
  EXPECT_EQ(client->Received(), ValueText("old", "3") + ValueText("young", "2") + "END\r\n" +
                                    ValueText("young", "2") + "END\r\n");
  EXPECT_EQ(Ask(client.get(), "get fresh\r\n"), ValueText("fresh", "1") + "END\r\n");
}

// ---------------------------------------------------------------- what may not leave

TEST_F(ListenerTest, AForwardExecutedHereWaitsForWhatItReveals) {
  Send(listener_, Lease{net::BoottimeMs() + 60'000});
  Serve(ServingMode::kFollower);
  const auto client = Connect();
  EXPECT_EQ(Ask(client.get(), SetText("a", "1") + "get a\r\n"), "");
  ASSERT_EQ(link_.Heard<ForwardRequestsPtr>().size(), 1u);
  const ForwardRequests& asked = *link_.Heard<ForwardRequestsPtr>()[0];
  ASSERT_EQ(asked.size(), 2u);
  ServePaired();  // its master is gone; this node has a slave by now
  auto replies = std::make_shared<ForwardReplies>(2);
  for (size_t i = 0; i < 2; ++i) {
    (*replies)[i].client = asked[i].client.client;
    (*replies)[i].index = asked[i].index;
  }
  (*replies)[0].reply.status = Status::kStored;
  (*replies)[0].revealed = {{0, 5}};
  (*replies)[1].reply.status = Status::kHit;
  (*replies)[1].value = "1";
  (*replies)[1].revealed = {{0, 5}, {1, 7}};
  Send(listener_, ForwardRepliesPtr(replies));
  Settle();
  EXPECT_EQ(client->Received(), "");
  Acknowledge({4, 7});
  EXPECT_EQ(client->Received(), "");
  Acknowledge({5, 6});
  EXPECT_EQ(client->Received(), "STORED\r\n");
  Acknowledge({5, 7});
  EXPECT_EQ(client->Received(), ValueText("a", "1") + "END\r\n");
}

TEST_F(ListenerTest, ServingAloneItHoldsNothing) {
  ServePaired();
  const auto client = Connect();
  EXPECT_EQ(Ask(client.get(), SetText("a", "1")), "");
  Serve(ServingMode::kAlone);
  EXPECT_EQ(client->Received(), "STORED\r\n");
}

TEST_F(ListenerTest, DroppingResetsWhoWaitsAndKeepsWhoDoesNot) {
  ServePaired();
  const auto waiting = Connect();
  const auto idle = Connect();
  EXPECT_EQ(Ask(waiting.get(), SetText("a", "1")), "");
  Serve(ServingMode::kAlone, true);
  EXPECT_EQ(waiting->Received(), "");
  EXPECT_TRUE(IsClosed(waiting.get()));
  EXPECT_FALSE(IsClosed(idle.get()));
  EXPECT_EQ(Ask(idle.get(), "get b\r\n"), "END\r\n");
  EXPECT_EQ(*connections_, 1u);
}

TEST_F(ListenerTest, NothingIsReadWhileTheWindowIsFull) {
  ServePaired();
  const auto client = Connect();
  Send(listener_, WindowFull{true});
  Settle();
  EXPECT_EQ(Ask(client.get(), "get b\r\n"), "");
  Send(listener_, WindowFull{false});
  Settle();
  EXPECT_EQ(client->Received(), "END\r\n");
}

TEST_F(ListenerTest, NothingLeavesWithoutALease) {
  ServePaired();
  const auto client = Connect();
  Send(listener_, Lease{net::BoottimeMs() - 1});
  Settle();
  EXPECT_EQ(Ask(client.get(), "get b\r\n"), "");
  Send(listener_, Lease{net::BoottimeMs() + 60'000});
  Settle();
  EXPECT_EQ(client->Received(), "END\r\n");
}

TEST_F(ListenerTest, NothingLeavesWhenThisNodeMayTellNothingAnyMore) {
  const auto client = Connect();
  tells_from_->store(token_ + 1);  // the SUPERVISOR's next order, on its way here
  EXPECT_EQ(Ask(client.get(), "get b\r\n"), "");
  Serve(ServingMode::kAlone);
  EXPECT_EQ(client->Received(), "END\r\n");
}

// ---------------------------------------------------------------- clients that go

class ListenerLargeValueTest : public ListenerBacklogTest {
 protected:
  // More than a socket takes, so that the reply waits in the LISTENER.
  const std::string old_ = std::string(900'000, 'o');
  const std::string new_ = std::string(900'000, 'n');

  // Its socket takes a part at a time.
  std::string Put(net::Peer* client, const std::string& text) {
    for (size_t sent = 0; sent < text.size(); Settle()) sent += client->SendSome(text.substr(sent));
    return client->Received();
  }
};

TEST_F(ListenerLargeValueTest, IsToldAsItWasWhateverBecomesOfTheItem) {
  const auto writer = Connect();
  for (const std::string& change : {SetText("a", new_), SetText("a", "small"),
                                    std::string("delete a\r\n"), std::string("flush_all\r\n")}) {
    EXPECT_EQ(Put(writer.get(), SetText("a", old_)), "STORED\r\n");
    const auto reader = Connect();
    reader->Send("get a\r\nget b\r\n");
    Settle();
    Put(writer.get(), change);
    EXPECT_TRUE(ReadAll(reader.get()) == ValueText("a", old_) + "END\r\nEND\r\n") << change[0];
  }
}

TEST_F(ListenerLargeValueTest, GoesWithAClientThatDoesNotReadIt) {
  const auto writer = Connect();
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(Put(writer.get(), SetText("a", i % 2 == 0 ? old_ : new_)), "STORED\r\n");
    const auto reader = Connect();
    reader->Send("get a\r\nget a\r\n");
    Settle();
  }
  const std::string expected = ValueText("a", new_) + "END\r\n";
  writer->Send("get a\r\n");
  Settle();
  EXPECT_TRUE(ReadAll(writer.get()) == expected);
}

TEST_F(ListenerLargeValueTest, ThatIsHeldLeavesWhenItIsAcknowledged) {
  ServePaired();
  const auto writer = Connect();
  EXPECT_EQ(Put(writer.get(), SetText("a", old_) + "get a\r\n" + SetText("a", new_)), "");
  Acknowledge({9, 9});
  EXPECT_TRUE(ReadAll(writer.get()) == "STORED\r\n" + ValueText("a", old_) + "END\r\nSTORED\r\n");
}

TEST_F(ListenerTest, AQuitEndsAClientWhateverComesBehindIt) {
  for (const size_t more : {0u, 10u, 150'000u}) {
    const auto client = Connect();
    client->SendSome("get b\r\nquit\r\n" + std::string(more, 'x'));
    Settle();
    EXPECT_EQ(client->Received(), "END\r\n");
    EXPECT_TRUE(IsClosed(client.get())) << more;
    EXPECT_EQ(*connections_, 0u) << more;
  }
}

TEST_F(ListenerTest, AQuitWhoseRepliesAreHeldDoesNotKeepTheCoreBusy) {
  ServePaired();
  const auto client = Connect();
  EXPECT_EQ(Ask(client.get(), SetText("a", "1") + "quit\r\nmore\r\n"), "");
  EXPECT_EQ(loop().Poll(0), 0u) << "nobody parses what is behind a quit";
  Serve(ServingMode::kAlone);
  EXPECT_EQ(client->Received(), "STORED\r\n");
  EXPECT_TRUE(IsClosed(client.get()));
}

TEST_F(ListenerTest, CountsTheBytesOfWhoIsHereAndOfWhoWent) {
  const auto client = Connect();
  Ask(client.get(), "get b\r\n");
  EXPECT_EQ(BytesWritten(), 5u);
  EXPECT_EQ(BytesWritten(), 5u);
  const auto leaving = Connect();
  Ask(leaving.get(), "get b\r\nget b\r\nquit\r\n");
  EXPECT_EQ(BytesWritten(), 15u);
  Send(listener_, StatsRequest{1, 0, true});
  Settle();
  EXPECT_EQ(BytesWritten(), 0u);
  Ask(client.get(), "get b\r\n");
  EXPECT_EQ(BytesWritten(), 5u);
}

TEST_F(ListenerTest, AnEndInTheMiddleOfARequestIsAnEnd) {
  for (const char* half : {"", "se", "set a 0 0 5\r\nab", "get b\r\nset a 0 0 5\r\nab"}) {
    const auto client = Connect();
    client->Send(half);
    client->HalfClose();
    Settle();
    EXPECT_TRUE(IsClosed(client.get())) << half;
    EXPECT_EQ(*connections_, 0u) << half;
  }
}

}  // namespace
}  // namespace twincached
