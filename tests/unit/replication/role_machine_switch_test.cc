// A role that changes hands on purpose: the switchover, step by step, and cut at each step.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/types/variant.h"
#include "tests/unit/replication/role_machine_driver.h"

namespace twincached::replication {
namespace {

// The place of the first T among the last event's effects; -1: none.
template <typename T>
int PlaceOf(const Driver& driver) {
  for (size_t i = 0; i < driver.effects().size(); ++i) {
    if (absl::holds_alternative<T>(driver.effects()[i])) return static_cast<int>(i);
  }
  return -1;
}

// What the operator was told; "nothing" when nobody was told anything.
std::string Answer(const Driver& driver) {
  const auto* answer = driver.Find<AnswerSwitchover>();
  return answer == nullptr ? "nothing" : answer->error;
}

// The master stays what it is: its STOREs decide again, what waited is executed, the link is made
// anew.
void ExpectKept(const Driver& driver) {
  EXPECT_EQ(driver.state(), HOLD);
  EXPECT_TRUE(driver.status().decides);
  EXPECT_TRUE(driver.Serves(ServingMode::kHeld));
  ASSERT_TRUE(driver.Emitted<Decide>());
  EXPECT_TRUE(driver.Find<Decide>()->rerun_forwards);
  EXPECT_FALSE(driver.Find<SetServing>()->drop_held);
}

// ---------------------------------------------------------------- as it should go

TEST(RoleMachineSwitch, AMasterHandsOverStepByStep) {
  Driver driver(true);
  driver.Master();
  driver.Give(SwitchoverAsked{});
  EXPECT_TRUE(driver.Emitted<SendSwitchover>());
  EXPECT_TRUE(driver.Serves(ServingMode::kPaired));  // a slave that hangs costs clients nothing
  driver.Give(SwitchoverReceived{});
  EXPECT_TRUE(driver.Serves(ServingMode::kFollower));
  EXPECT_FALSE(driver.Emitted<DrainLink>());  // some LISTENER may still send commands to STOREs
  driver.ConfirmServing();
  EXPECT_TRUE(driver.Emitted<DrainLink>());
  driver.Give(Drained{});
  EXPECT_TRUE(driver.Emitted<Yield>());
  driver.Give(BarrierDone{driver.barrier_token()});
  EXPECT_TRUE(driver.Emitted<DrainLink>());
  EXPECT_EQ(driver.state(), MASTER);
  driver.Give(Drained{});
  ASSERT_TRUE(driver.Emitted<SendGoodbye>());
  EXPECT_FALSE(driver.Find<SendGoodbye>()->exiting);
  EXPECT_TRUE(driver.Emitted<Follow>());
  EXPECT_EQ(driver.state(), SLAVE);
  EXPECT_FALSE(driver.status().decides);
  EXPECT_EQ(Answer(driver), "nothing");
}

TEST(RoleMachineSwitch, TheVerdictOfTheNextMasterEndsIt) {
  Driver driver(true);
  driver.Master();
  driver.Give(SwitchoverAsked{});
  driver.HandOver();
  const Verdict verdict = driver.TakeoverVerdict();
  driver.Give(VerdictReceived{1, verdict});
  ASSERT_TRUE(driver.Emitted<TurnLink>());
  EXPECT_FALSE(driver.Find<TurnLink>()->as_source);
  EXPECT_EQ(driver.state(), SLAVE);
  EXPECT_TRUE(driver.Serves(ServingMode::kFollower));
  EXPECT_EQ(Compare(driver.status().epoch, verdict.epoch()), 0);
  EXPECT_EQ(Answer(driver), "");
}

TEST(RoleMachineSwitch, ASlaveTakesOverOnTheSameLink) {
  Driver driver(true);
  driver.Slave();
  const RoleStatus before = driver.status();
  driver.Give(driver.SwitchoverGoodbye());
  EXPECT_EQ(driver.state(), MASTER);
  EXPECT_TRUE(driver.Serves(ServingMode::kPaired));
  EXPECT_GT(Compare(driver.status().epoch, before.epoch), 0);
  EXPECT_EQ(driver.status().generation.id(), before.generation.id());
  ASSERT_TRUE(driver.Emitted<SendVerdict>());
  EXPECT_EQ(driver.Find<SendVerdict>()->verdict.resume_position(), 5u);
  EXPECT_TRUE(driver.Find<TurnLink>()->as_source);
  EXPECT_TRUE(driver.Find<Decide>()->rerun_forwards);
  // What is executed is recorded, and what is recorded is behind the Verdict.
  EXPECT_LT(PlaceOf<SendVerdict>(driver), PlaceOf<TurnLink>(driver));
  EXPECT_LT(PlaceOf<TurnLink>(driver), PlaceOf<Decide>(driver));
  EXPECT_LT(PlaceOf<Decide>(driver), PlaceOf<SetServing>(driver));
  EXPECT_FALSE(driver.Emitted<DetachLink>());
  EXPECT_FALSE(driver.Find<SetServing>()->drop_held);
}

TEST(RoleMachineSwitch, TheFirstChangeOfTheNextMasterBeginsNoGeneration) {
  Driver driver(true);
  driver.Slave();
  const uint64_t generation = driver.status().generation.id();
  driver.Give(driver.SwitchoverGoodbye());
  driver.Give(FirstMutation{5});
  EXPECT_EQ(driver.status().generation.id(), generation);
}

TEST(RoleMachineSwitch, ASlaveAsksItsMasterAndHearsTheGoodbye) {
  Driver driver(true);
  driver.Slave();
  driver.Give(SwitchoverAsked{});
  ASSERT_TRUE(driver.Emitted<SendSwitchover>());
  EXPECT_EQ(driver.Find<SendSwitchover>()->refusal, "");
  EXPECT_EQ(Answer(driver), "nothing");
  driver.Give(driver.SwitchoverGoodbye());
  EXPECT_EQ(Answer(driver), "");
}

TEST(RoleMachineSwitch, AMasterDoesWhatItsSlaveAsks) {
  Driver driver(true);
  driver.Master();
  driver.Give(SwitchoverReceived{});
  EXPECT_TRUE(driver.Serves(ServingMode::kFollower));
  driver.HandOver();
  driver.Give(VerdictReceived{1, driver.TakeoverVerdict()});
  EXPECT_EQ(driver.state(), SLAVE);
  EXPECT_EQ(Answer(driver), "nothing");  // nobody asked here
}

TEST(RoleMachineSwitch, ASlaveSaysThatItWill) {
  Driver driver(true);
  driver.Slave();
  driver.Give(SwitchoverReceived{});
  EXPECT_EQ(driver.Find<SendSwitchover>()->refusal, "");
  EXPECT_EQ(driver.state(), SLAVE);
}

TEST(RoleMachineSwitch, BothAskedAtOnce) {
  Driver master(true);
  master.Master();
  master.Give(SwitchoverAsked{});
  master.Give(SwitchoverReceived{});  // its slave's own, not an answer
  EXPECT_TRUE(master.Serves(ServingMode::kFollower));
  master.Give(SwitchoverReceived{});
  EXPECT_TRUE(master.effects().empty());
  master.HandOver();
  master.Give(VerdictReceived{1, master.TakeoverVerdict()});
  EXPECT_EQ(Answer(master), "");
  Driver slave(true);
  slave.Slave();
  slave.Give(SwitchoverAsked{});
  slave.Give(SwitchoverReceived{});  // its master's
  EXPECT_EQ(slave.Find<SendSwitchover>()->refusal, "");
  slave.Give(slave.SwitchoverGoodbye());
  EXPECT_EQ(Answer(slave), "");
}

TEST(RoleMachineSwitch, HeartbeatsMeanwhileChangeNothing) {
  Driver driver(true);
  driver.Master();
  driver.Give(SwitchoverReceived{});
  driver.Hear(SLAVE);
  EXPECT_TRUE(driver.effects().empty());
  EXPECT_TRUE(driver.Serves(ServingMode::kFollower));
}

// ---------------------------------------------------------------- refusals

TEST(RoleMachineSwitch, IsRefusedWithoutAPairInSync) {
  Driver solo(true);
  solo.Solo();
  solo.Give(SwitchoverAsked{});
  EXPECT_EQ(Answer(solo), "no slave in sync");
  Driver feed(true);
  feed.Feed();
  feed.Give(SwitchoverAsked{});
  EXPECT_EQ(Answer(feed), "no slave in sync");
  Driver join(true);
  join.Join();
  join.Give(SwitchoverAsked{});
  EXPECT_EQ(Answer(join), "not in sync with a master");
  Driver hold(true);
  hold.Slave();
  hold.CloseLink(true);
  hold.Give(SwitchoverAsked{});
  EXPECT_EQ(Answer(hold), "not in sync with a master");
}

TEST(RoleMachineSwitch, IsRefusedWhileOneIsUnderWay) {
  Driver master(true);
  master.Master();
  master.Give(SwitchoverReceived{});
  master.Give(SwitchoverAsked{});
  EXPECT_EQ(Answer(master), "a switchover is under way");
  master.HandOver();
  master.Give(SwitchoverAsked{});
  EXPECT_EQ(Answer(master), "a switchover is under way");
}

TEST(RoleMachineSwitch, IsRefusedWhileStopping) {
  Driver driver(true);
  driver.Master();
  driver.Give(StopRequested{15});
  driver.Give(SwitchoverAsked{});
  EXPECT_EQ(Answer(driver), "this node is stopping");
}

TEST(RoleMachineSwitch, IsRefusedWithAPeerThatDoesNotKnowIt) {
  Driver driver(true);
  driver.Solo();
  driver.Give(FirstMutation{0});
  Hello old = driver.Empty();
  old.set_protocol_max(kProtocolOfSwitchover - 1);
  driver.Open(1, false);
  driver.Greet(1, old);
  driver.Agree(1);
  driver.Give(CaughtUp{});
  driver.ConfirmServing();
  driver.Give(InSyncAcked{});
  ASSERT_EQ(driver.state(), MASTER);
  driver.Give(SwitchoverAsked{});
  EXPECT_EQ(Answer(driver), "one of the nodes has a version without switchover");
}

TEST(RoleMachineSwitch, IsRefusedWhenTheMasterCouldNotHoldWhatTheSlaveCan) {
  Driver driver(true);
  driver.Solo();
  driver.Give(FirstMutation{0});
  Hello larger = driver.Empty();
  larger.set_memory_bytes_max(1 << 20);
  driver.Open(1, false);
  driver.Greet(1, larger);
  driver.Agree(1);
  driver.Give(CaughtUp{});
  driver.ConfirmServing();
  driver.Give(InSyncAcked{});
  ASSERT_EQ(driver.state(), MASTER);
  driver.Give(SwitchoverReceived{});
  EXPECT_THAT(driver.Find<SendSwitchover>()->refusal, testing::HasSubstr("-m"));
  EXPECT_TRUE(driver.Serves(ServingMode::kPaired));
}

TEST(RoleMachineSwitch, LimitsMayChangeWhileTheLinkLasts) {
  Driver driver(true);
  driver.Slave();
  driver.Give(LimitsChanged{"too small"});
  driver.Give(SwitchoverAsked{});
  EXPECT_EQ(Answer(driver), "too small");
  driver.Give(LimitsChanged{""});
  driver.Give(SwitchoverAsked{});
  EXPECT_TRUE(driver.Emitted<SendSwitchover>());
}

TEST(RoleMachineSwitch, ASlaveTellsWhyItsMasterWillNot) {
  Driver driver(true);
  driver.Slave();
  driver.Give(SwitchoverAsked{});
  driver.Give(SwitchoverReceived{"busy"});
  EXPECT_EQ(Answer(driver), "busy");
  driver.Give(SwitchoverReceived{"busy"});
  EXPECT_EQ(Answer(driver), "nothing");
}

TEST(RoleMachineSwitch, ASlaveOutOfSyncRefuses) {
  Driver driver(true);
  driver.Join();
  driver.Give(SwitchoverReceived{});
  EXPECT_EQ(driver.Find<SendSwitchover>()->refusal, "not in sync with a master");
}

TEST(RoleMachineSwitch, ASlaveWaitsNoLongerThanTheDrainLimit) {
  Driver driver(true);
  driver.Slave();
  driver.Give(SwitchoverAsked{});
  driver.Stuck(2000);
  EXPECT_EQ(Answer(driver), "nothing");
  driver.Stuck(100);
  EXPECT_EQ(Answer(driver), "the peer does not answer");
  EXPECT_EQ(driver.state(), SLAVE);
}

TEST(RoleMachineSwitch, AMasterWhoseSlaveHangsWasNeverStopped) {
  Driver driver(true);
  driver.Master();
  driver.Give(SwitchoverAsked{});
  driver.Pass(1000);
  EXPECT_EQ(driver.state(), SOLO);
  EXPECT_TRUE(driver.Serves(ServingMode::kAlone));
}

// ---------------------------------------------------------------- cut before the goodbye

TEST(RoleMachineSwitch, AMasterStaysMasterWhenTheSlaveDoesNotKeepUp) {
  Driver driver(true);
  driver.Master();
  const RoleStatus before = driver.status();
  driver.Give(SwitchoverAsked{});
  driver.Give(SwitchoverReceived{});
  driver.ConfirmServing();
  driver.Stuck(2000);
  EXPECT_EQ(driver.state(), MASTER);
  driver.Stuck(100);
  ExpectKept(driver);
  EXPECT_TRUE(driver.Find<CloseConnection>()->reset);
  EXPECT_EQ(Answer(driver), "the slave did not take over within 2100 ms");
  EXPECT_EQ(driver.status().generation.id(), before.generation.id());
}

// A silence that a pair outlives does not cost the link either.
TEST(RoleMachineSwitch, AMasterIsSoloAsSoonAsEverWhenTheSlaveFallsSilent) {
  Driver driver(true);
  driver.Master();
  driver.Give(SwitchoverReceived{});
  driver.Pass(700);
  EXPECT_EQ(driver.state(), MASTER);
  driver.Pass(100);
  EXPECT_EQ(driver.state(), SOLO);
  EXPECT_TRUE(driver.Emitted<Decide>());
  EXPECT_TRUE(driver.Serves(ServingMode::kAlone));
}

TEST(RoleMachineSwitch, AMasterStaysMasterWhenTheLinkEnds) {
  for (int steps = 0; steps < 4; ++steps) {
    Driver driver(true);
    driver.Master();
    driver.Give(SwitchoverAsked{});
    driver.Give(SwitchoverReceived{});
    if (steps > 0) driver.ConfirmServing();
    if (steps > 1) driver.Give(Drained{});
    if (steps > 2) driver.Give(BarrierDone{driver.barrier_token()});
    driver.CloseLink(false);
    ExpectKept(driver);
    EXPECT_EQ(Answer(driver), "the link to the peer ended");
    driver.Give(ProbeDone{ProbeDone::kRefused});
    EXPECT_EQ(driver.state(), SOLO);
  }
}

TEST(RoleMachineSwitch, AMasterStaysMasterWhenTheSlaveSaysGoodbye) {
  Driver driver(true);
  driver.Master();
  driver.Give(SwitchoverReceived{});
  driver.ConfirmServing();
  driver.Give(driver.LastGoodbye());
  EXPECT_EQ(driver.state(), SOLO);
  EXPECT_TRUE(driver.Emitted<Decide>());
  EXPECT_TRUE(driver.Serves(ServingMode::kAlone));
}

TEST(RoleMachineSwitch, AStopMeanwhileEndsWithTheSameGoodbye) {
  Driver driver(true);
  driver.Master();
  driver.Give(SwitchoverReceived{});
  driver.ConfirmServing();
  driver.Give(Drained{});
  driver.Give(StopRequested{15});
  driver.Give(BarrierDone{driver.barrier_token()});
  driver.Give(Drained{});
  EXPECT_TRUE(driver.Serves(ServingMode::kClosed));
  driver.ConfirmServing();
  ASSERT_TRUE(driver.Emitted<SendGoodbye>());
  EXPECT_TRUE(driver.Find<SendGoodbye>()->exiting);
}

// ---------------------------------------------------------------- cut behind the goodbye

class RoleMachineAwaiting : public testing::Test {
 protected:
  RoleMachineAwaiting() {
    driver_.Master();
    driver_.Give(SwitchoverAsked{});
    driver_.HandOver();
    epoch_ = driver_.status().epoch.number();
  }
  Driver driver_{true};
  uint64_t epoch_ = 0;
};

TEST_F(RoleMachineAwaiting, TakesTheRoleBackWhenTheNextMasterIsDead) {
  driver_.CloseLink(false);
  EXPECT_EQ(driver_.state(), HOLD);
  EXPECT_EQ(Answer(driver_), "the link to the peer ended");
  driver_.Give(ProbeDone{ProbeDone::kRefused});
  ASSERT_TRUE(driver_.Emitted<RunBarrier>());
  driver_.Give(BarrierDone{driver_.barrier_token()});
  EXPECT_EQ(driver_.state(), SOLO);
  EXPECT_TRUE(driver_.Find<Decide>()->rerun_forwards);
  // The next master may have minted versions in the epoch behind ours.
  EXPECT_EQ(driver_.status().epoch.number(), epoch_ + 2);
}

TEST_F(RoleMachineAwaiting, WaitsTwiceAsLongForASilentOne) {
  driver_.CloseLink(false);
  driver_.Give(ProbeDone{ProbeDone::kSilent});
  driver_.Pass(1900);
  EXPECT_EQ(driver_.state(), HOLD);
  EXPECT_FALSE(driver_.machine().status().decides);
  driver_.Pass(300);
  driver_.Give(BarrierDone{driver_.barrier_token()});
  EXPECT_EQ(driver_.state(), SOLO);
}

TEST_F(RoleMachineAwaiting, MakesTheLinkAnewWhenNoVerdictComes) {
  driver_.Stuck(2000);
  EXPECT_EQ(driver_.state(), SLAVE);
  driver_.Stuck(100);
  EXPECT_EQ(driver_.state(), HOLD);
  EXPECT_FALSE(driver_.status().decides);
  EXPECT_TRUE(driver_.Find<CloseConnection>()->reset);
  EXPECT_TRUE(driver_.Emitted<Probe>());
  EXPECT_EQ(Answer(driver_), "the slave did not take over within 2100 ms");
}

// Ended by this node, a link on which nothing was heard would look as if it had slept: it would
// serve from empty.
TEST_F(RoleMachineAwaiting, KeepsItsDataWhenASilentOneIsGivenUp) {
  driver_.Pass(2000);
  EXPECT_EQ(driver_.state(), HOLD);
  driver_.Pass(100);
  EXPECT_EQ(Answer(driver_), "the slave did not take over within 2100 ms");
  driver_.Pass(100);
  driver_.Give(BarrierDone{driver_.barrier_token()});
  EXPECT_EQ(driver_.state(), SOLO);
  EXPECT_FALSE(driver_.Emitted<DropData>());
}

TEST_F(RoleMachineAwaiting, EndsTheLinkAtAVerdictThatIsNotTheAnswer) {
  Verdict wrong = driver_.TakeoverVerdict();
  wrong.mutable_epoch()->set_number(epoch_);
  driver_.Give(VerdictReceived{1, wrong});
  EXPECT_FALSE(driver_.Emitted<TurnLink>());
  EXPECT_TRUE(driver_.Find<CloseConnection>()->reset);
  EXPECT_EQ(driver_.state(), HOLD);
}

TEST_F(RoleMachineAwaiting, SaysGoodbyeAsSlaveWhenItIsStopped) {
  driver_.Give(StopRequested{15});
  driver_.ConfirmServing();
  ASSERT_TRUE(driver_.Emitted<SendGoodbye>());
  EXPECT_TRUE(driver_.Find<SendGoodbye>()->exiting);
  EXPECT_FALSE(driver_.Find<SendGoodbye>()->was_master);
}

TEST(RoleMachineSwitch, ANodeThatHandedOverPromotesAsAnySlave) {
  Driver driver(true);
  driver.Master();
  driver.Give(SwitchoverAsked{});
  driver.HandOver();
  driver.Give(VerdictReceived{1, driver.TakeoverVerdict()});
  const uint64_t epoch = driver.status().epoch.number();
  driver.Pass(1200);
  ASSERT_EQ(driver.state(), HOLD);
  driver.Give(BarrierDone{driver.barrier_token()});
  EXPECT_EQ(driver.state(), SOLO);
  EXPECT_EQ(driver.status().epoch.number(), epoch + 1);
}

TEST(RoleMachineSwitch, AVerdictOnALinkThatNobodyTurnsEndsIt) {
  Driver driver(true);
  driver.Slave();
  driver.Give(VerdictReceived{1, driver.TakeoverVerdict()});
  EXPECT_EQ(driver.state(), HOLD);
  EXPECT_FALSE(driver.Emitted<TurnLink>());
}

}  // namespace
}  // namespace twincached::replication
