// The LINK and `cache_memlimit`: who is told, and what the other node's limit has to do with it.
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "tests/unit/actors/link_fixture.h"

namespace twincached {
namespace {

constexpr uint64_t kMb = uint64_t{1} << 20;

class LinkMemoryTest : public LinkTest {
 protected:
  // The answer to the client's line.
  std::string SetLimit(uint64_t megabytes, bool noreply = false) {
    Send(link_, MemoryLimitRequest{{0, 7}, megabytes, noreply});
    Settle();
    const std::vector<AdminAnswerPtr> answers = listener_.Take<AdminAnswerPtr>();
    EXPECT_EQ(answers.size(), 1u);
    EXPECT_EQ(answers.at(0)->client, 7u);
    return answers.at(0)->text;
  }
  uint64_t Limit() {
    Send(link_, StatsRequest{0, 1, false});
    Settle();
    return listener_.Take<StatsPartPtr>().at(0)->stats.link.memory_bytes_max;
  }
  // The other node's limit as its next heartbeat has it.
  void PeerSays(uint64_t megabytes, FarEnd* far) {
    const size_t before = Told<replication::LimitsChanged>().size();
    replication::Frame frame;
    frame.mutable_heartbeat()->set_sent_us(++sent_us_);
    frame.mutable_heartbeat()->set_memory_bytes_max(megabytes * kMb);
    far->Send(frame);
    EXPECT_TRUE(RunUntil([&] { return Told<replication::LimitsChanged>().size() > before; }));
  }
  std::string TurnRefusal() { return Told<replication::LimitsChanged>().back().turn_refusal; }

  uint64_t sent_us_ = 0;
};

TEST_F(LinkMemoryTest, EveryStoreGetsItsPart) {
  EXPECT_EQ(Limit(), kMemoryMb * kMb);
  EXPECT_EQ(SetLimit(100), "OK\r\n");
  EXPECT_EQ(Limit(), 100 * kMb);
  EXPECT_EQ(SetLimit(20), "OK\r\n");
  for (int shard = 0; shard < 2; ++shard) {
    EXPECT_EQ(OrdersTo(shard, StoreOrder::kSetMemory), (std::vector<uint64_t>{50 * kMb, 10 * kMb}));
  }
}

TEST_F(LinkMemoryTest, WhatIsRefusedChangesNothing) {
  EXPECT_EQ(SetLimit(15), "MEMLIMIT_TOO_SMALL cannot set maxbytes to less than 16m\r\n");
  EXPECT_EQ(SetLimit(15, true), "");
  EXPECT_EQ(Limit(), kMemoryMb * kMb);
  EXPECT_TRUE(OrdersTo(0, StoreOrder::kSetMemory).empty());
  EXPECT_EQ(SetLimit(17, true), "");
  EXPECT_EQ(Limit(), 17 * kMb);
}

TEST_F(LinkMemoryTest, TheNextHelloSaysIt) {
  SetLimit(128);
  const auto far = Meet();
  const std::vector<replication::Frame> frames = far->Frames();
  ASSERT_FALSE(frames.empty());
  EXPECT_EQ(frames[0].hello().memory_bytes_max(), 128 * kMb);
}

TEST_F(LinkMemoryTest, AHelloThatIsNotTrueAnyMoreLeadsToNothing) {
  const auto far = Meet();
  SetLimit(128);
  ASSERT_EQ(Told<replication::ConnectionClosed>().size(), 1u);
  EXPECT_EQ(Told<replication::ConnectionClosed>()[0].connection, connection_);
}

TEST_F(LinkMemoryTest, AMasterFollowsItsSlaveUp) {
  Order(DecideIn(1, false));
  const auto far = Meet();
  Attach(true, replication::COPY_RESUME);
  EXPECT_TRUE(absl::StartsWith(SetLimit(100), "MEMLIMIT_ADJUST_FAILED the slave's limit is 64m"));
  PeerSays(100, far.get());
  EXPECT_TRUE(absl::StrContains(TurnRefusal(), "-m")) << "their roles cannot be swapped now";
  EXPECT_EQ(SetLimit(100), "OK\r\n");
  EXPECT_EQ(TurnRefusal(), "");
  EXPECT_EQ(SetLimit(32), "OK\r\n");
  EXPECT_NE(TurnRefusal(), "");
}

TEST_F(LinkMemoryTest, ASlaveFollowsItsMasterDown) {
  const auto far = Meet();
  Attach(false, replication::COPY_RESUME);
  EXPECT_TRUE(absl::StartsWith(SetLimit(32), "MEMLIMIT_ADJUST_FAILED the master's limit is 64m"));
  PeerSays(32, far.get());
  EXPECT_EQ(SetLimit(32), "OK\r\n");
  EXPECT_EQ(TurnRefusal(), "");
}

TEST_F(LinkMemoryTest, NothingIsChangedWhileTheLinkIsLost) {
  auto orders = std::make_shared<RoleOrders>();
  orders->hello.set_state(replication::HOLD);
  Send(link_, RoleOrdersPtr(std::move(orders)));
  Settle();
  EXPECT_TRUE(absl::StartsWith(SetLimit(32), "MEMLIMIT_ADJUST_FAILED the link"));
  EXPECT_EQ(Limit(), kMemoryMb * kMb);
}

}  // namespace
}  // namespace twincached
