// What a node does on its way to a link, as source and as target. Evidence has a file of its own.
#include "proto/replication/role_machine.h"

#include <gtest/gtest.h>

#include "tests/unit/replication/role_machine_driver.h"

namespace twincached::replication {
namespace {

// ---------------------------------------------------------------- timers

TEST(CheckTimers, AcceptsTheDefaults) { EXPECT_EQ(CheckTimers(Timers{}), ""); }

TEST(CheckTimers, NamesTheTwoThatAreInTheWrongOrder) {
  Timers timers;
  timers.suspect_after = 299;
  EXPECT_NE(CheckTimers(timers).find("suspect_after"), std::string::npos);
  timers = Timers{};
  timers.read_hold = timers.suspect_after;
  EXPECT_NE(CheckTimers(timers).find("read_hold"), std::string::npos);
  timers = Timers{};
  timers.solo_after = timers.read_hold;
  EXPECT_NE(CheckTimers(timers).find("solo_after"), std::string::npos);
  timers = Timers{};
  timers.promote_after = timers.solo_after;
  EXPECT_NE(CheckTimers(timers).find("promote_after"), std::string::npos);
}

// ---------------------------------------------------------------- BOOT

TEST(RoleMachineBoot, WithoutAPeerServesAloneAtOnceAndNeedsNoTicks) {
  Driver driver(false);
  driver.Boot();
  EXPECT_EQ(driver.state(), SOLO);
  EXPECT_TRUE(driver.Said(ContractLine::kListen));
  EXPECT_TRUE(driver.Serves(ServingMode::kAlone));
  ASSERT_TRUE(driver.Emitted<Decide>());
  EXPECT_EQ(driver.Find<Decide>()->epoch.number(), 1u);
  EXPECT_FALSE(driver.Emitted<Dial>());
  EXPECT_FALSE(driver.machine().NeedsTicks());
  driver.Open(1, false);
  EXPECT_TRUE(driver.machine().NeedsTicks());
  driver.Give(ConnectionClosed{1, true});
  EXPECT_FALSE(driver.machine().NeedsTicks());
}

TEST(RoleMachineBoot, DialsThePeerAtOnce) {
  Driver driver(true);
  driver.Boot();
  EXPECT_EQ(driver.state(), BOOT);
  EXPECT_TRUE(driver.Said(ContractLine::kConnect));
  ASSERT_TRUE(driver.Emitted<Dial>());
  EXPECT_EQ(driver.Find<Dial>()->after_ms, 0);
}

TEST(RoleMachineBoot, AsksAgainFor200MsWhenRefusedThenServesAlone) {
  Driver driver(true);
  driver.Boot();
  int64_t waited_ms = 0;
  while (driver.state() == BOOT) {
    driver.Give(DialFailed{DialFailed::kRefused});
    if (driver.state() != BOOT) break;
    ASSERT_TRUE(driver.Emitted<Dial>());
    waited_ms += driver.Find<Dial>()->after_ms;
    ASSERT_LE(waited_ms, 220);
  }
  EXPECT_GE(waited_ms, 180);
  EXPECT_EQ(driver.state(), SOLO);
  EXPECT_TRUE(driver.Said(ContractLine::kClose));
  EXPECT_TRUE(driver.Said(ContractLine::kListen));
  EXPECT_TRUE(driver.Emitted<Dial>());  // for ever
}

TEST(RoleMachineBoot, WaitsStartWaitForAPeerThatIsSilent) {
  Driver driver(true);
  driver.Boot();
  driver.Give(DialFailed{DialFailed::kSilent});
  driver.Pass(2900);
  EXPECT_EQ(driver.state(), BOOT);
  driver.Pass(200);
  EXPECT_EQ(driver.state(), SOLO);
}

TEST(RoleMachineBoot, WaitsForAPeerThatIsNotReadyAndSaysSoOnce) {
  Driver driver(true);
  driver.Boot();
  int warnings = 0;
  ConnectionId id = 1;
  for (; id <= 10; ++id) {
    driver.Open(id, true);
    driver.Give(NotReadyReceived{id});
    if (driver.Emitted<Explain>() && driver.Find<Explain>()->warning) ++warnings;
    driver.Pass(1000);
    driver.Give(ConnectionClosed{id, true});
    ASSERT_EQ(driver.state(), BOOT);
  }
  EXPECT_EQ(warnings, 1);
  driver.Give(NotReadyReceived{id - 1});  // of a connection that is gone
  driver.Pass(Timers{}.start_wait);
  EXPECT_EQ(driver.state(), SOLO);
}

TEST(RoleMachineBoot, WaitsForANameThatDoesNotResolve) {
  Driver driver(true);
  driver.Boot();
  for (int i = 0; i < 20; ++i) driver.Give(DialFailed{DialFailed::kUnresolved});
  EXPECT_EQ(driver.state(), BOOT);
  EXPECT_TRUE(driver.Emitted<Dial>());
}

TEST(RoleMachineBoot, ReachingItselfIsNeitherAnswerNorRefusal) {
  Driver driver(true);
  driver.Boot();
  for (ConnectionId id = 1; id < 40; id += 2) {
    driver.Open(id, true);
    driver.Open(id + 1, false);
    driver.Greet(id, driver.OurHello());
    EXPECT_TRUE(driver.Emitted<CloseConnection>());
    EXPECT_FALSE(driver.Emitted<SendVerdict>());
    driver.Greet(id + 1, driver.OurHello());
    ASSERT_EQ(driver.state(), BOOT);
  }
  driver.Pass(Timers{}.start_wait - 100);
  EXPECT_EQ(driver.state(), BOOT) << "the peer may hang";
  driver.Pass(200);
  EXPECT_EQ(driver.state(), SOLO);
}

TEST(RoleMachineBoot, DoesNotServeWhileThePeerIsKnocking) {
  Driver driver(true);
  driver.Boot();
  driver.Open(1, false);
  for (int i = 0; i < 20; ++i) driver.Give(DialFailed{DialFailed::kRefused});
  EXPECT_EQ(driver.state(), BOOT);
}

TEST(RoleMachineBoot, ExitsWhenTheOtherNodeRefusesIt) {
  Driver driver(true);
  driver.Boot();
  driver.Open(1, true);
  Hello stranger = driver.WithData();
  stranger.set_cluster_id(2);
  driver.Greet(1, stranger);
  EXPECT_TRUE(driver.Emitted<SendVerdict>());
  EXPECT_TRUE(driver.Emitted<Explain>());
  ASSERT_TRUE(driver.Emitted<Exit>());
  EXPECT_EQ(driver.Find<Exit>()->code, 1);
}

TEST(RoleMachineBoot, ExitsOnARefusingVerdict) {
  Driver driver(true);
  driver.Boot();
  driver.Open(1, true);
  driver.Greet(1, driver.WithData());
  Verdict refusal;
  refusal.set_refusal("it has another peer already");
  driver.Give(VerdictReceived{1, refusal});
  ASSERT_TRUE(driver.Emitted<Exit>());
  EXPECT_EQ(driver.Find<Exit>()->code, 1);
}

// ---------------------------------------------------------------- dialling

TEST(RoleMachineDial, BacksOffFromMinToMaxAndDialsForEver) {
  Driver driver(true);
  driver.Solo();
  int64_t last_ms = 0;
  for (int i = 0; i < 20; ++i) {
    driver.Give(DialFailed{DialFailed::kRefused});
    ASSERT_TRUE(driver.Emitted<Dial>());
    EXPECT_GE(driver.Find<Dial>()->after_ms, last_ms);
    last_ms = driver.Find<Dial>()->after_ms;
  }
  EXPECT_EQ(last_ms, Timers{}.redial_max);
}

TEST(RoleMachineDial, DialsAtOnceWhenTheLinkEnds) {
  Driver driver(true);
  driver.Slave();
  driver.CloseLink(true);
  ASSERT_TRUE(driver.Emitted<Dial>());
  EXPECT_EQ(driver.Find<Dial>()->after_ms, 0);
}

TEST(RoleMachineDial, StopsWhileALinkIsOpen) {
  Driver driver(true);
  driver.Boot();
  driver.Open(1, false);
  driver.Greet(1, driver.WithData());
  driver.Agree(1);
  EXPECT_EQ(driver.state(), JOIN);
  EXPECT_TRUE(driver.Emitted<StopDialling>());
  driver.Give(DialFailed{DialFailed::kRefused});
  EXPECT_FALSE(driver.Emitted<Dial>());
}

// ---------------------------------------------------------------- handshake

TEST(RoleMachineHandshake, BoundsTheCandidates) {
  Driver driver(false);
  driver.Boot();
  for (ConnectionId id = 1; id <= 4; ++id) {
    driver.Open(id, false);
    EXPECT_TRUE(driver.Emitted<SendHello>());
  }
  driver.Open(5, false);
  EXPECT_FALSE(driver.Emitted<SendHello>());
  EXPECT_TRUE(driver.Emitted<CloseConnection>());
}

TEST(RoleMachineHandshake, ClosesWhoSaysNothing) {
  Driver driver(false);
  driver.Boot();
  driver.Open(1, false);
  driver.Pass(900);
  EXPECT_FALSE(driver.Emitted<CloseConnection>());
  driver.Pass(300);
  EXPECT_FALSE(driver.machine().NeedsTicks());
}

TEST(RoleMachineHandshake, AServingNodeHoldsItsRepliesFromHelloToVerdict) {
  Driver driver(true);
  driver.Solo();
  driver.Give(FirstMutation{0});
  driver.Open(1, false);
  EXPECT_TRUE(driver.Serves(ServingMode::kAlone));
  driver.Greet(1, driver.Empty());
  EXPECT_TRUE(driver.Serves(ServingMode::kHeld));
  driver.Give(ConnectionClosed{1, true});
  EXPECT_TRUE(driver.Serves(ServingMode::kAlone));
  EXPECT_EQ(driver.state(), SOLO);
}

TEST(RoleMachineHandshake, AVerdictThatWasSleptOverClosesAndRedials) {
  for (const int64_t age_ms : {Timers{}.suspect_after, Timers{}.suspect_after + 1}) {
    Driver driver(true);
    driver.Boot();
    driver.Open(1, true);
    driver.Greet(1, driver.Empty());
    const Verdict verdict = driver.Find<SendVerdict>()->verdict;
    driver.Give(VerdictReceived{1, verdict, age_ms});
    const bool late = age_ms > Timers{}.suspect_after;
    EXPECT_EQ(driver.Emitted<AttachLink>(), !late);
    EXPECT_EQ(driver.Emitted<CloseConnection>(), late);
    EXPECT_EQ(driver.Emitted<Dial>(), late);
  }
}

TEST(RoleMachineHandshake, ADifferentVerdictClosesAndRedials) {
  Driver driver(true);
  driver.Solo();
  driver.Open(1, true);
  driver.Greet(1, driver.Empty());
  Verdict other;
  other.set_copy(COPY_RESUME);
  driver.Give(VerdictReceived{1, other});
  EXPECT_TRUE(driver.Emitted<CloseConnection>());
  EXPECT_TRUE(driver.Emitted<Explain>());
  EXPECT_FALSE(driver.Emitted<AttachLink>());
  EXPECT_TRUE(driver.Emitted<Dial>());
}

TEST(RoleMachineHandshake, AHelloThatIsNotTrueAnyMoreLeadsNowhere) {
  Driver driver(true);
  driver.Solo();
  driver.Open(1, false);
  const Hello said = driver.OurHello();
  driver.Give(FirstMutation{0});  // was empty when it said Hello, and is not now
  driver.Give(HelloReceived{1, said, driver.WithData()});
  EXPECT_FALSE(driver.Emitted<SendVerdict>());
  EXPECT_TRUE(driver.Emitted<CloseConnection>());
}

TEST(RoleMachineHandshake, ANodeThatIsToGiveUpItsDataSaysHelloAgainWhileItHolds) {
  Driver driver(true);
  driver.Solo();
  driver.Give(FirstMutation{0});
  driver.Open(1, false);
  driver.Greet(1, driver.WithData());
  EXPECT_FALSE(driver.Emitted<SendVerdict>());
  EXPECT_TRUE(driver.Serves(ServingMode::kHeld));
  driver.ConfirmServing();
  driver.Open(2, false);
  driver.Greet(2, driver.WithData());
  EXPECT_TRUE(driver.Emitted<SendVerdict>());
  driver.Agree(2);
  EXPECT_EQ(driver.state(), JOIN);
  EXPECT_TRUE(driver.Serves(ServingMode::kClosed));
  EXPECT_TRUE(driver.Find<SetServing>()->drop_held);
  EXPECT_TRUE(driver.Emitted<DropData>());
}

TEST(RoleMachineHandshake, KeepsTheConnectionDialledByTheSmallerIncarnation) {
  Driver driver(true);  // incarnation 50, the other 20: the one it dialled counts
  driver.Boot();
  driver.Open(1, true);
  driver.Open(2, false);
  driver.Greet(1, driver.WithData());
  driver.Greet(2, driver.WithData());
  driver.Agree(1);
  EXPECT_FALSE(driver.Emitted<AttachLink>());
  driver.Agree(2);
  ASSERT_TRUE(driver.Emitted<AttachLink>());
  EXPECT_EQ(driver.Find<AttachLink>()->connection, 2u);
  ASSERT_TRUE(driver.Emitted<CloseConnection>());
  EXPECT_EQ(driver.Find<CloseConnection>()->connection, 1u);
}

TEST(RoleMachineHandshake, FallsBackToTheOtherConnectionWhenTheBetterOneEnds) {
  Driver driver(true);
  driver.Boot();
  driver.Open(1, true);
  driver.Open(2, false);
  driver.Greet(1, driver.WithData());
  driver.Greet(2, driver.WithData());
  driver.Agree(1);
  driver.Give(ConnectionClosed{2, true});
  ASSERT_TRUE(driver.Emitted<AttachLink>());
  EXPECT_EQ(driver.Find<AttachLink>()->connection, 1u);
}

TEST(RoleMachineHandshake, RefusesAThirdNodeWhileItHasAPeer) {
  Driver driver(true);
  driver.Master();
  Hello third = driver.Empty();
  third.set_node_id(9);
  third.mutable_incarnation()->set_high(9);
  driver.Open(2, false);
  driver.Greet(2, third);
  ASSERT_TRUE(driver.Emitted<SendVerdict>());
  EXPECT_NE(driver.Find<SendVerdict>()->verdict.refusal(), "");
  EXPECT_EQ(driver.state(), MASTER);
  driver.CloseLink(true);
  driver.Open(3, false);
  driver.Greet(3, third);
  EXPECT_NE(driver.Find<SendVerdict>()->verdict.refusal(), "");
  EXPECT_EQ(driver.state(), HOLD);
}

TEST(RoleMachineHandshake, ARefusalDoesNotStopARunningNode) {
  Driver driver(true);
  driver.Solo();
  Hello stranger = driver.Empty();
  stranger.set_cluster_id(2);
  driver.Open(1, false);
  driver.Greet(1, stranger);
  EXPECT_TRUE(driver.Emitted<Explain>());
  EXPECT_EQ(driver.state(), SOLO);
  EXPECT_TRUE(driver.Serves(ServingMode::kAlone));
  driver.Open(2, false);
  driver.Greet(2, stranger);
  EXPECT_FALSE(driver.Emitted<Explain>());  // once per reason
}

// ---------------------------------------------------------------- as source

TEST(RoleMachineSource, FeedsAJoinerAndServesMeanwhile) {
  Driver driver(true);
  driver.Feed();
  EXPECT_EQ(driver.state(), FEED);
  EXPECT_TRUE(driver.Said(ContractLine::kAccept));
  EXPECT_TRUE(driver.Said(ContractLine::kMarugotoStart));
  ASSERT_TRUE(driver.Emitted<AttachLink>());
  EXPECT_TRUE(driver.Find<AttachLink>()->as_source);
  EXPECT_TRUE(driver.Serves(ServingMode::kAlone));
}

TEST(RoleMachineSource, SendsInSyncOnlyWhenEveryListenerHolds) {
  Driver driver(true);
  driver.Feed();
  driver.Give(CaughtUp{});
  EXPECT_TRUE(driver.Serves(ServingMode::kPaired));
  EXPECT_FALSE(driver.Emitted<SendInSync>());
  driver.Give(ServingConfirmed{driver.serving_token() - 1});
  EXPECT_FALSE(driver.Emitted<SendInSync>());
  driver.ConfirmServing();
  EXPECT_TRUE(driver.Emitted<SendInSync>());
  EXPECT_EQ(driver.state(), FEED);
  driver.Give(InSyncAcked{});
  EXPECT_EQ(driver.state(), MASTER);
}

TEST(RoleMachineSource, WithLocalAcknowledgementsAnswersAloneThroughout) {
  Driver driver(true, false);
  driver.Master();
  EXPECT_EQ(driver.state(), MASTER);
  EXPECT_TRUE(driver.Serves(ServingMode::kAlone));
  driver.CloseLink(true);
  EXPECT_EQ(driver.state(), HOLD);
  EXPECT_TRUE(driver.Serves(ServingMode::kAlone));
}

TEST(RoleMachineSource, LosingAJoinerBeforeInSyncIsSoloAtOnce) {
  Driver driver(true);
  driver.Feed();
  driver.Give(CaughtUp{});
  driver.CloseLink(false);
  EXPECT_EQ(driver.state(), SOLO);
  EXPECT_TRUE(driver.Serves(ServingMode::kAlone));
}

TEST(RoleMachineSource, LosingAJoinerAfterInSyncWasSentIsHold) {
  Driver driver(true);
  driver.Feed();
  driver.Give(CaughtUp{});
  driver.ConfirmServing();
  driver.CloseLink(false);
  EXPECT_EQ(driver.state(), HOLD);
  EXPECT_TRUE(driver.Serves(ServingMode::kHeld));
}

TEST(RoleMachineSource, TheFirstChangeServedAloneBeginsAGeneration) {
  Driver driver(true);
  driver.Solo();
  EXPECT_TRUE(IsEmpty(driver.status().generation));
  driver.Give(FirstMutation{0});
  const Generation first = driver.status().generation;
  EXPECT_FALSE(IsEmpty(first));
  driver.Give(FirstMutation{9});
  EXPECT_EQ(driver.status().generation.id(), first.id());
}

TEST(RoleMachineSource, APairOfEmptyNodesIsNotEmptyAfterwards) {
  Driver driver(true);
  driver.Solo();
  driver.Open(1, false);
  driver.Greet(1, driver.Empty());
  driver.Agree(1);
  EXPECT_FALSE(IsEmpty(driver.status().generation));
  EXPECT_FALSE(driver.Said(ContractLine::kMarugotoStart));
  const uint64_t id = driver.status().generation.id();
  driver.Give(FirstMutation{0});  // the pair goes on in the Verdict's
  EXPECT_EQ(driver.status().generation.id(), id);
}

// ---------------------------------------------------------------- as target

TEST(RoleMachineTarget, JoinsEmptyClosedAndFollowing) {
  Driver driver(true);
  driver.Join();
  EXPECT_EQ(driver.state(), JOIN);
  EXPECT_TRUE(driver.Emitted<DropData>());
  EXPECT_TRUE(driver.Emitted<Follow>());
  EXPECT_TRUE(driver.Said(ContractLine::kMarugotoCopying));
  EXPECT_TRUE(driver.Serves(ServingMode::kClosed));
  EXPECT_TRUE(IsEmpty(driver.status().generation));
}

TEST(RoleMachineTarget, IsSlaveWhenEveryStoreAppliedInSync) {
  Driver driver(true);
  driver.Slave();
  EXPECT_EQ(driver.state(), SLAVE);
  EXPECT_TRUE(driver.Said(ContractLine::kStart));
  EXPECT_TRUE(driver.Serves(ServingMode::kFollower));
  EXPECT_EQ(driver.status().generation.id(), 40u);
}

TEST(RoleMachineTarget, AGapDropsTheDataAndJoinsAgain) {
  Driver driver(true);
  driver.Slave();
  driver.Give(StreamBroken{"position 7 after 5"});
  EXPECT_EQ(driver.state(), JOIN);
  EXPECT_TRUE(driver.Emitted<DropData>());
  EXPECT_TRUE(driver.Find<DetachLink>()->reset);
  EXPECT_TRUE(driver.Emitted<Dial>());
  EXPECT_TRUE(driver.Serves(ServingMode::kClosed));
}

TEST(RoleMachineTarget, ConfirmsOutdatedOnlyWhenNobodyIsAnsweredAnyMore) {
  Driver driver(true);
  driver.Slave();
  driver.Give(OutdatedReceived{"slow"});
  EXPECT_EQ(driver.state(), JOIN);
  EXPECT_TRUE(driver.Serves(ServingMode::kHeld));
  EXPECT_FALSE(driver.Emitted<SendOutdatedAck>());
  driver.ConfirmServing();
  EXPECT_TRUE(driver.Emitted<SendOutdatedAck>());
}

TEST(RoleMachineTarget, AnOutdatedSlaveNeverPromotes) {
  Driver driver(true);
  driver.Slave();
  driver.Give(OutdatedReceived{"slow"});
  driver.ConfirmServing();
  driver.Give(InSyncApplied{});  // of before
  EXPECT_EQ(driver.state(), JOIN);
  driver.CloseLink(false);
  driver.Give(ProbeDone{ProbeDone::kRefused});
  EXPECT_FALSE(driver.Emitted<RunBarrier>());
  EXPECT_TRUE(driver.Emitted<DropData>());
  EXPECT_EQ(driver.state(), BOOT);
}

}  // namespace
}  // namespace twincached::replication
