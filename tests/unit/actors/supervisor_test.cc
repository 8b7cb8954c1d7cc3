// The SUPERVISOR between stand-ins: what it passes on, waits for, and answers.
#include "actors/supervisor.h"

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/types/variant.h"
#include "actors/log.h"
#include "proto/replication/decide.h"
#include "tests/unit/actors/actor_fixture.h"

namespace twincached {
namespace {

using replication::Event;

constexpr uint32_t kAsker = 1;  // the LISTENER of the operator's connection

// Two LISTENERs, so that one confirmation is not all.
class SupervisorTest : public ActorTest {
 protected:
  void SetUp() override {
    SetVerbosity(1);
    SetLogSink([this](absl::string_view line) { log_.emplace_back(line); });
    SupervisorOptions options;
    options.role.has_peer = true;
    options.role.node_id = 1;
    options.role.node_name = "this";
    options.role.incarnation.set_high(50);
    options.peer_text = "10.0.0.2:11212";
    options.on_exit = [this](int code) { exits_.push_back(code); };
    options.tells_from = tells_from_;
    supervisor_ = Spawn<SupervisorActor>(options);
    Wire({{listeners_[0].actor, listeners_[1].actor}, {store_.actor}, link_.actor, supervisor_});
  }

  void TearDown() override {
    SetLogSink([](absl::string_view) {});
    SetVerbosity(0);
    ActorTest::TearDown();
  }

  // The orders that an event led to; empty: none.
  std::vector<RoleOrdersPtr> Tell(Event event) {
    Send(supervisor_, RoleEventPtr(std::make_shared<const Event>(std::move(event))));
    Settle();
    std::vector<RoleOrdersPtr> orders = link_.Take<RoleOrdersPtr>();
    if (!orders.empty()) hello_ = orders.back()->hello;
    return orders;
  }
  template <class Effect>
  static const Effect* Find(const std::vector<RoleOrdersPtr>& orders) {
    for (const RoleOrdersPtr& each : orders) {
      for (const replication::Effect& effect : each->effects) {
        if (const auto* found = absl::get_if<Effect>(&effect)) return found;
      }
    }
    return nullptr;
  }

  void Confirm(uint64_t token) {
    auto serving = std::make_shared<Serving>();
    serving->token = token;
    Send(supervisor_, ServingPtr(std::move(serving)));
    Settle();
  }

  // In sync with a master that has data, on connection 1.
  void BecomeSlave() {
    Tell(replication::Started{});
    Tell(replication::ConnectionOpened{1, false});
    replication::Hello theirs;
    theirs.set_protocol_min(replication::kProtocolMin);
    theirs.set_protocol_max(replication::kProtocolMax);
    theirs.set_node_id(2);
    theirs.mutable_incarnation()->set_high(20);
    theirs.set_state(replication::SOLO);
    theirs.set_serving(true);
    theirs.mutable_epoch()->set_number(4);
    theirs.mutable_generation()->set_id(40);
    const auto orders = Tell(replication::HelloReceived{1, hello_, theirs});
    ASSERT_NE(Find<replication::SendVerdict>(orders), nullptr);
    Tell(replication::VerdictReceived{1, Find<replication::SendVerdict>(orders)->verdict});
    Tell(replication::InSyncApplied{});
    ASSERT_EQ(hello_.state(), replication::SLAVE);
  }

  std::string AskSwitchover(uint64_t client) {
    Send(supervisor_, AdminRequest{{kAsker, client}, ReplicationCommand::kSwitchover});
    Settle();
    return Answer(client);
  }
  std::string Answer(uint64_t client) {
    for (const AdminAnswerPtr& answer : listeners_[kAsker].Take<AdminAnswerPtr>()) {
      if (answer->client == client) return answer->text;
    }
    return "";
  }

  StandIn<listener_actor> listeners_[2] = {MakeStandIn<listener_actor>(),
                                           MakeStandIn<listener_actor>()};
  StandIn<store_actor> store_ = MakeStandIn<store_actor>();
  StandIn<link_actor> link_ = MakeStandIn<link_actor>();
  supervisor_actor supervisor_;
  const std::shared_ptr<std::atomic<uint64_t>> tells_from_ =
      std::make_shared<std::atomic<uint64_t>>(0);
  replication::Hello hello_;  // of the newest orders
  std::vector<std::string> log_;
  std::vector<int> exits_;
};

TEST_F(SupervisorTest, SaysWhatItDoesInRepcachedsWords) {
  const auto orders = Tell(replication::Started{});
  ASSERT_EQ(orders.size(), 1u);
  EXPECT_NE(Find<replication::Dial>(orders), nullptr);
  EXPECT_TRUE(orders[0]->needs_ticks);
  EXPECT_EQ(log_, std::vector<std::string>{"replication: connect (peer=10.0.0.2:11212)"});
}

TEST_F(SupervisorTest, EveryEventIsAnsweredToTheLinkAndNamesTheConnectionItConsidered) {
  Tell(replication::Started{});
  const auto opened = Tell(replication::ConnectionOpened{7, false});
  ASSERT_EQ(opened.size(), 1u);
  EXPECT_EQ(opened[0]->considered, 0u);
  const auto itself = Tell(replication::HelloReceived{7, hello_, hello_});
  ASSERT_EQ(itself.size(), 1u);
  EXPECT_EQ(itself[0]->considered, 7u);
  EXPECT_NE(Find<replication::CloseConnection>(itself), nullptr);
}

// What follows from an order of a node that decides waits until each LISTENER obeys it.
TEST_F(SupervisorTest, AnOrderIsConfirmedWhenEveryListenerHasConfirmedIt) {
  BecomeSlave();
  const auto stop = Tell(replication::StopRequested{15});
  const auto* serving = Find<replication::SetServing>(stop);
  ASSERT_NE(serving, nullptr);
  EXPECT_EQ(serving->mode, replication::ServingMode::kClosed);
  Confirm(serving->token);
  Confirm(serving->token - 1);  // of an older order
  EXPECT_TRUE(link_.Take<RoleOrdersPtr>().empty());
  EXPECT_TRUE(exits_.empty());
  Confirm(serving->token);
  EXPECT_NE(Find<replication::SendGoodbye>(link_.Take<RoleOrdersPtr>()), nullptr);
  EXPECT_EQ(exits_, std::vector<int>{0});
  EXPECT_EQ(log_.back(), "replication: cleanup complete");
}

// A core of it may hang: no reply leaves from here on, whatever the LISTENERs do.
TEST_F(SupervisorTest, ASlaveIsSilencedWithoutItsListeners) {
  BecomeSlave();
  const auto orders = Tell(replication::OutdatedReceived{"it is slow"});
  const auto* serving = Find<replication::SetServing>(orders);
  ASSERT_NE(serving, nullptr);
  EXPECT_EQ(serving->mode, replication::ServingMode::kHeld);
  EXPECT_EQ(tells_from_->load(), serving->token);
  EXPECT_NE(Find<replication::SendOutdatedAck>(orders), nullptr);
}

TEST_F(SupervisorTest, ASignalIsLoggedAndEndsANodeThatIsAlone) {
  Tell(replication::Started{});
  Send(supervisor_, StopSignal{15});
  Settle();
  EXPECT_EQ(exits_, std::vector<int>{0});
  EXPECT_EQ(log_[1], "got signal 15");
  Send(supervisor_, StopSignal{15});
  Settle();
  EXPECT_EQ(exits_.size(), 1u);
}

TEST_F(SupervisorTest, ASwitchoverIsAnsweredToWhoAsked) {
  Tell(replication::Started{});
  EXPECT_EQ(AskSwitchover(5), "SERVER_ERROR not in sync with a master\r\n");
  EXPECT_TRUE(listeners_[0].Heard<AdminAnswerPtr>().empty());
}

TEST_F(SupervisorTest, OneSwitchoverAtATime) {
  BecomeSlave();
  EXPECT_EQ(AskSwitchover(5), "");
  EXPECT_EQ(AskSwitchover(6), "SERVER_ERROR a switchover is under way\r\n");
  Tell(replication::SwitchoverReceived{"its memory is too small"});
  EXPECT_EQ(Answer(5), "SERVER_ERROR its memory is too small\r\n");
  EXPECT_EQ(AskSwitchover(6), "");
  Tell(replication::ConnectionClosed{1, true, 0});
  EXPECT_EQ(Answer(6), "SERVER_ERROR the link to the peer ended\r\n");
}

TEST_F(SupervisorTest, StatsTellTheRole) {
  BecomeSlave();
  Send(supervisor_, StatsRequest{1, 9, true});  // a reset: it has nothing to reset
  Send(supervisor_, StatsRequest{1, 10, false});
  Settle();
  const auto parts = listeners_[1].Take<StatsPartPtr>();
  ASSERT_EQ(parts.size(), 1u);
  EXPECT_EQ(parts[0]->token, 10u);
  EXPECT_TRUE(parts[0]->stats.has_role);
  EXPECT_EQ(parts[0]->stats.role.state, replication::SLAVE);
}

}  // namespace
}  // namespace twincached
