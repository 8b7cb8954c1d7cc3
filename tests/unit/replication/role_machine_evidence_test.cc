// What a node concludes of its peer: E1 to E6, promotion, and the planned end.
#include <gtest/gtest.h>

#include "tests/unit/replication/role_machine_driver.h"

namespace twincached::replication {
namespace {

// ---------------------------------------------------------------- E1, proven dead

TEST(RoleMachineEvidence, AnEndedLinkAloneProvesNothing) {
  Driver master(true);
  master.Master();
  master.CloseLink(false);
  EXPECT_EQ(master.state(), HOLD);
  EXPECT_TRUE(master.Emitted<Probe>());
  EXPECT_TRUE(master.Serves(ServingMode::kHeld));
  Driver slave(true);
  slave.Slave();
  slave.CloseLink(true);
  EXPECT_EQ(slave.state(), HOLD);
  EXPECT_TRUE(slave.Emitted<Probe>());
  EXPECT_TRUE(slave.Serves(ServingMode::kFollower));
  slave.Give(ProbeDone{ProbeDone::kAccepted});
  EXPECT_EQ(slave.state(), HOLD);
}

TEST(RoleMachineEvidence, AMasterWhoseSlaveIsDeadServesAlone) {
  Driver driver(true);
  driver.Master();
  driver.CloseLink(true);
  driver.Give(ProbeDone{ProbeDone::kRefused});
  EXPECT_EQ(driver.state(), SOLO);
  EXPECT_TRUE(driver.Serves(ServingMode::kAlone));
  EXPECT_FALSE(driver.Find<SetServing>()->drop_held);
  EXPECT_TRUE(driver.Find<DetachLink>()->keep_log);
  EXPECT_TRUE(driver.Said(ContractLine::kClose));
  EXPECT_TRUE(driver.Said(ContractLine::kListen));
}

TEST(RoleMachineEvidence, ASlaveWhoseMasterIsDeadPromotesBehindABarrier) {
  Driver driver(true);
  driver.Slave();
  const Epoch before = driver.status().epoch;
  driver.CloseLink(true);
  driver.Give(ProbeDone{ProbeDone::kRefused});
  EXPECT_TRUE(driver.Emitted<DetachLink>());
  EXPECT_TRUE(driver.Emitted<RunBarrier>());
  EXPECT_FALSE(driver.Emitted<Decide>());
  driver.Give(BarrierDone{driver.barrier_token() + 1});
  EXPECT_FALSE(driver.Emitted<Decide>());
  driver.Give(BarrierDone{driver.barrier_token()});
  ASSERT_TRUE(driver.Emitted<Decide>());
  EXPECT_GT(Compare(driver.Find<Decide>()->epoch, before), 0);
  EXPECT_EQ(driver.Find<Decide>()->epoch.minted_by().high(), 50u);
  EXPECT_TRUE(driver.Find<Decide>()->rerun_forwards);
  EXPECT_FALSE(driver.Emitted<DropData>());
  EXPECT_EQ(driver.state(), SOLO);
  EXPECT_TRUE(driver.Serves(ServingMode::kAlone));
  EXPECT_EQ(driver.status().generation.id(), 40u);
  driver.Give(FirstMutation{5});
  EXPECT_EQ(driver.status().generation.parent(), 40u);
  EXPECT_EQ(driver.status().generation.begin_position(), 5u);
}

TEST(RoleMachineEvidence, AJoinerWhoseSourceIsDeadDropsEverything) {
  Driver driver(true);
  driver.Join();
  driver.CloseLink(true);
  EXPECT_EQ(driver.state(), JOIN);
  driver.Give(ProbeDone{ProbeDone::kRefused});
  EXPECT_EQ(driver.state(), BOOT);
  EXPECT_TRUE(driver.Emitted<DropData>());
  EXPECT_FALSE(driver.Emitted<RunBarrier>());
}

TEST(RoleMachineEvidence, ProbesAgainWhileItHolds) {
  Driver driver(true);
  driver.Slave();
  driver.CloseLink(true);
  driver.Give(ProbeDone{ProbeDone::kAccepted});
  driver.Give(Tick{driver.now() + 100, driver.now() + 100, 0});
  EXPECT_TRUE(driver.Emitted<Probe>());
  driver.Give(ProbeDone{ProbeDone::kRefused});
  EXPECT_TRUE(driver.Emitted<RunBarrier>());
}

TEST(RoleMachineEvidence, AProbeNobodyAskedForProvesNothing) {
  Driver driver(true);
  driver.Slave();
  driver.Give(ProbeDone{ProbeDone::kRefused});
  EXPECT_EQ(driver.state(), SLAVE);
}

// ---------------------------------------------------------------- E2, reborn

TEST(RoleMachineEvidence, ANewIncarnationOfThePeerEndsTheHold) {
  Driver driver(true);
  driver.Slave();
  driver.CloseLink(true);
  driver.Open(2, false);
  driver.Greet(2, driver.Reborn());
  EXPECT_TRUE(driver.Emitted<RunBarrier>());
  EXPECT_TRUE(driver.Emitted<CloseConnection>());  // our Hello was a slave's
  EXPECT_FALSE(driver.Emitted<SendVerdict>());
}

TEST(RoleMachineEvidence, ANewIncarnationCountsWhenTheOldLinkIsSilentForThreeHeartbeats) {
  Driver driver(true);
  driver.Master();
  driver.Hear(SLAVE);
  driver.Pass(200);
  driver.Open(2, false);
  driver.Greet(2, driver.Reborn());
  EXPECT_EQ(driver.state(), MASTER);
  ASSERT_TRUE(driver.Emitted<CloseConnection>());
  EXPECT_FALSE(driver.Emitted<SendVerdict>());  // no refusal: it is to ask again
  driver.Pass(300);
  driver.Open(3, false);
  driver.Greet(3, driver.Reborn());
  EXPECT_EQ(driver.state(), SOLO);
  EXPECT_TRUE(driver.Find<DetachLink>()->reset);
}

TEST(RoleMachineEvidence, AThirdNodeIsNoEvidence) {
  Driver driver(true);
  driver.Slave();
  driver.CloseLink(true);
  Hello third = driver.Reborn();
  third.set_node_id(9);
  driver.Open(2, false);
  driver.Greet(2, third);
  EXPECT_EQ(driver.state(), HOLD);
  EXPECT_FALSE(driver.Emitted<RunBarrier>());
}

// ---------------------------------------------------------------- E3, goodbye

TEST(RoleMachineEvidence, GoodbyeOfTheMasterPromotes) {
  Driver driver(true);
  driver.Slave();
  driver.Give(driver.LastGoodbye());
  EXPECT_TRUE(driver.Emitted<RunBarrier>());
}

TEST(RoleMachineEvidence, GoodbyeOfTheSlaveIsSolo) {
  Driver driver(true);
  driver.Master();
  driver.Give(driver.LastGoodbye());
  EXPECT_EQ(driver.state(), SOLO);
}

TEST(RoleMachineEvidence, GoodbyeToAJoinerDropsItsCopy) {
  Driver driver(true);
  driver.Join();
  driver.Give(driver.LastGoodbye());
  EXPECT_EQ(driver.state(), BOOT);
  EXPECT_TRUE(driver.Emitted<DropData>());
}

// ---------------------------------------------------------------- E5, silence

TEST(RoleMachineEvidence, ASilentSlaveIsSuspectedThenLeft) {
  Driver driver(true);
  driver.Master();
  driver.Hear(SLAVE);
  driver.Pass(300);
  EXPECT_EQ(driver.state(), MASTER);
  driver.Pass(200);
  EXPECT_EQ(driver.state(), HOLD);
  EXPECT_TRUE(driver.Serves(ServingMode::kHeld));
  driver.Pass(200);
  EXPECT_EQ(driver.state(), HOLD);
  driver.Pass(200);
  EXPECT_EQ(driver.state(), SOLO);
}

TEST(RoleMachineEvidence, ASilentMasterIsReplacedAfterPromoteAfter) {
  Driver driver(true);
  driver.Slave();
  driver.Hear(MASTER);
  driver.Pass(1000);
  EXPECT_EQ(driver.state(), HOLD);
  EXPECT_EQ(driver.barrier_token(), 0u);
  driver.Pass(200);
  EXPECT_NE(driver.barrier_token(), 0u);
}

TEST(RoleMachineEvidence, WhoIsHeardAgainIsTrustedAgain) {
  Driver driver(true);
  driver.Master();
  driver.Pass(500);
  EXPECT_EQ(driver.state(), HOLD);
  driver.Hear(SLAVE);
  EXPECT_EQ(driver.state(), MASTER);
  EXPECT_TRUE(driver.Serves(ServingMode::kPaired));
}

TEST(RoleMachineEvidence, HeartbeatsWithAnOldEchoAreSilence) {
  Driver driver(true);
  driver.Slave();
  for (int64_t age_ms = 100; age_ms <= 1300; age_ms += 100) {  // only our way is cut
    driver.Give(HeartbeatReceived{age_ms, MASTER});
    driver.Give(Tick{driver.now() + 100, driver.now() + 100, 0});
  }
  EXPECT_NE(driver.barrier_token(), 0u);
}

TEST(RoleMachineEvidence, ASleepOfOurOwnIsNotSilenceOfThePeer) {
  Driver driver(true);
  driver.Slave();
  driver.Hear(MASTER);
  driver.Give(HeartbeatReceived{5000, MASTER});  // read first after SIGCONT
  driver.Give(Tick{driver.now() + 100, driver.now() + 5000, 0});
  EXPECT_EQ(driver.state(), SLAVE);
}

TEST(RoleMachineEvidence, AJoinerWaitsStartWaitForItsSource) {
  Driver driver(true);
  driver.Join();
  driver.CloseLink(false);
  driver.Give(ProbeDone{ProbeDone::kSilent});
  driver.Pass(2800);
  EXPECT_EQ(driver.state(), JOIN);
  driver.Pass(400);
  EXPECT_EQ(driver.state(), BOOT);
}

// ---------------------------------------------------------------- back after a blip

Hello SlaveHello(const Driver& driver) {
  Hello hello = driver.Empty();
  hello.set_state(HOLD);
  *hello.mutable_epoch() = driver.status().epoch;
  *hello.mutable_generation() = driver.status().generation;
  hello.set_position(5);
  hello.set_acknowledged_position(5);
  return hello;
}

TEST(RoleMachineEvidence, AResumedMasterHoldsUntilTheSlaveIsInSyncAgain) {
  Driver driver(true);
  driver.Master();
  driver.CloseLink(false);
  driver.Open(2, true);
  driver.Greet(2, SlaveHello(driver));
  driver.Agree(2);
  ASSERT_TRUE(driver.Emitted<AttachLink>());
  EXPECT_EQ(driver.Find<AttachLink>()->verdict.copy(), COPY_RESUME);
  EXPECT_EQ(driver.state(), HOLD);
  EXPECT_TRUE(driver.Serves(ServingMode::kHeld));
  driver.Hear(HOLD);
  EXPECT_EQ(driver.state(), HOLD);
  driver.Give(CaughtUp{});
  driver.ConfirmServing();
  driver.Give(InSyncAcked{});
  EXPECT_EQ(driver.state(), MASTER);
}

TEST(RoleMachineEvidence, AMasterFeedsAlonePeerOnlyOnceThePeerSaysThatItJoins) {
  Driver driver(true);
  driver.Master();
  driver.CloseLink(false);
  driver.Open(2, true);
  Hello theirs = SlaveHello(driver);
  theirs.set_position(9);  // beyond ours: it takes a snapshot
  driver.Greet(2, theirs);
  driver.Agree(2);
  EXPECT_EQ(driver.state(), HOLD);
  EXPECT_TRUE(driver.Serves(ServingMode::kHeld));
  driver.Hear(JOIN);
  EXPECT_EQ(driver.state(), FEED);
  EXPECT_TRUE(driver.Serves(ServingMode::kAlone));
}

TEST(RoleMachineEvidence, AResumedSlaveStaysPromotable) {
  Driver driver(true);
  driver.Slave();
  driver.CloseLink(false);
  Hello master = driver.WithData();
  master.set_state(HOLD);
  master.set_position(8);
  master.set_acknowledged_position(5);
  driver.Open(2, true);
  driver.Greet(2, master);
  driver.Agree(2);
  ASSERT_TRUE(driver.Emitted<AttachLink>());
  EXPECT_EQ(driver.state(), HOLD);
  driver.Give(ConnectionClosed{2, true, driver.now()});
  driver.Give(ProbeDone{ProbeDone::kRefused});
  EXPECT_TRUE(driver.Emitted<RunBarrier>());
}

TEST(RoleMachineEvidence, ASlaveBehindAMasterThatAnsweredAloneJoins) {
  Driver driver(true);
  driver.Slave();
  driver.CloseLink(false);
  Hello master = driver.WithData();
  master.set_position(8);
  master.set_acknowledged_position(8);
  driver.Open(2, true);
  driver.Greet(2, master);
  driver.Agree(2);
  EXPECT_EQ(driver.Find<AttachLink>()->verdict.copy(), COPY_RESUME);
  EXPECT_EQ(driver.state(), JOIN);
  EXPECT_TRUE(driver.Serves(ServingMode::kHeld));
  EXPECT_FALSE(driver.Emitted<DropData>());
}

TEST(RoleMachineEvidence, AThawedMasterDropsWhatItHeldAndFollows) {
  Driver driver(true);
  driver.Master();
  driver.Give(ConnectionClosed{1, true, driver.now() + 5000});
  Hello promoted = SlaveHello(driver);
  promoted.set_state(SOLO);
  promoted.set_serving(true);
  promoted.mutable_epoch()->set_number(driver.status().epoch.number() + 1);
  driver.Open(2, false);
  driver.Greet(2, promoted);
  driver.Agree(2);
  EXPECT_EQ(driver.state(), JOIN);
  EXPECT_TRUE(driver.Serves(ServingMode::kClosed));
  EXPECT_TRUE(driver.Find<SetServing>()->drop_held);
  EXPECT_TRUE(driver.Emitted<DropData>());
}

// ---------------------------------------------------------------- E6, no progress

TEST(RoleMachineEvidence, AStuckSlaveIsOutdatedAndLeftOnlyWhenItSaysSo) {
  Driver driver(true);
  driver.Master();
  driver.Stuck(2000);
  EXPECT_EQ(driver.state(), MASTER);
  driver.Stuck(2100);
  EXPECT_EQ(driver.state(), HOLD);
  EXPECT_TRUE(driver.Serves(ServingMode::kHeld));
  driver.Hear(SLAVE);
  EXPECT_EQ(driver.state(), HOLD);
  driver.Give(OutdatedAcked{});
  EXPECT_EQ(driver.state(), SOLO);
  EXPECT_TRUE(driver.Find<DetachLink>()->reset);
  EXPECT_TRUE(driver.Find<DetachLink>()->keep_log);
}

TEST(RoleMachineEvidence, ASlowJoinerHoldsNobodyUp) {
  Driver driver(true);
  driver.Feed();
  driver.Stuck(5000);
  EXPECT_EQ(driver.state(), FEED);
  EXPECT_TRUE(driver.Serves(ServingMode::kAlone));
}

// ---------------------------------------------------------------- the planned end

TEST(RoleMachineStop, AMasterSaysGoodbyeWhenTheSlaveHasEverything) {
  Driver driver(true);
  driver.Master();
  driver.Give(StopRequested{15});
  driver.HandOver();
  EXPECT_FALSE(driver.Emitted<SendGoodbye>());
  EXPECT_TRUE(driver.Serves(ServingMode::kClosed));
  driver.ConfirmServing();
  ASSERT_TRUE(driver.Emitted<SendGoodbye>());
  EXPECT_TRUE(driver.Find<SendGoodbye>()->was_master);
  EXPECT_TRUE(driver.Said(ContractLine::kCleanupComplete));
  EXPECT_EQ(driver.Find<Exit>()->code, 0);
}

TEST(RoleMachineStop, AMasterWithAHungSlaveLeavesAfterDrainLimitWithoutGoodbye) {
  Driver driver(true);
  driver.Master();
  driver.Give(StopRequested{15});
  driver.Pass(2000);
  EXPECT_FALSE(driver.Emitted<Exit>());
  driver.Give(Tick{driver.now() + 100, driver.now() + 100, 0});
  EXPECT_FALSE(driver.Emitted<SendGoodbye>());
  EXPECT_TRUE(driver.Emitted<Exit>());
}

TEST(RoleMachineStop, ASlaveStopsAnsweringBeforeItSaysGoodbye) {
  Driver driver(true);
  driver.Slave();
  driver.Give(StopRequested{15});
  EXPECT_TRUE(driver.Serves(ServingMode::kClosed));
  EXPECT_FALSE(driver.Emitted<SendGoodbye>());
  driver.ConfirmServing();
  ASSERT_TRUE(driver.Emitted<SendGoodbye>());
  EXPECT_FALSE(driver.Find<SendGoodbye>()->was_master);
  EXPECT_TRUE(driver.Emitted<Exit>());
}

TEST(RoleMachineStop, AloneItExitsAtOnce) {
  Driver driver(false);
  driver.Boot();
  driver.Give(StopRequested{2});
  EXPECT_EQ(driver.Find<Exit>()->code, 0);
  EXPECT_TRUE(driver.Said(ContractLine::kCleanupComplete));
}

TEST(RoleMachineStop, ASecondSignalDoesNotWait) {
  Driver driver(true);
  driver.Master();
  driver.Give(StopRequested{15});
  driver.Give(StopRequested{15});
  EXPECT_TRUE(driver.Emitted<Exit>());
  EXPECT_FALSE(driver.Emitted<SendGoodbye>());
}

TEST(RoleMachineStop, ASourceMayStillGetItsJoinerInSync) {
  Driver driver(true);
  driver.Feed();
  driver.Give(StopRequested{15});
  driver.Give(CaughtUp{});
  driver.ConfirmServing();
  EXPECT_TRUE(driver.Emitted<SendInSync>());
  driver.Give(InSyncAcked{});
  driver.ConfirmServing();
  EXPECT_TRUE(driver.Emitted<DrainLink>());
}

}  // namespace
}  // namespace twincached::replication
