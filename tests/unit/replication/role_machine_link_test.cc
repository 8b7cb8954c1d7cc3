// What comes with a link, and with its end.
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "absl/types/variant.h"
#include "tests/unit/replication/role_machine_driver.h"

namespace twincached::replication {
namespace {

// ---------------------------------------------------------------- different --ack

TEST(RoleMachineAck, ADifferenceIsWarnedOfOncePerLinkOnBothNodes) {
  Driver source(true, false);
  source.Solo();
  source.Give(FirstMutation{0});
  source.Open(1, false);
  source.Greet(1, source.Empty());
  EXPECT_FALSE(source.Emitted<Explain>());
  source.Agree(1);
  ASSERT_TRUE(source.Emitted<Explain>());
  EXPECT_TRUE(source.Find<Explain>()->warning);
  EXPECT_EQ(source.Find<Explain>()->text,
            "--ack differs: local here, pair at other; whichever is master applies its own");
  EXPECT_TRUE(source.status().peer_ack_pair);
  EXPECT_EQ(source.state(), FEED) << "it is legal";

  Driver target(true);
  target.Boot();
  Hello theirs = target.WithData();
  theirs.set_ack_pair(false);
  target.Open(1, false);
  target.Greet(1, theirs);
  target.Agree(1);
  EXPECT_EQ(target.Find<Explain>()->text,
            "--ack differs: pair here, local at other; whichever is master applies its own");
  EXPECT_FALSE(target.status().peer_ack_pair);
  EXPECT_EQ(target.state(), JOIN);
}

TEST(RoleMachineAck, EqualOnesAreNoNews) {
  Driver driver(true);
  driver.Boot();
  driver.Open(1, false);
  driver.Greet(1, driver.WithData());
  driver.Agree(1);
  for (const Effect& effect : driver.effects()) {
    const Explain* explain = absl::get_if<Explain>(&effect);
    EXPECT_TRUE(explain == nullptr || !explain->warning) << explain->text;
  }
}

// ---------------------------------------------------------------- what was read meanwhile

// A slave whose master answered alone meanwhile: it resumes on connection 2, and is not in sync.
void FallBehind(Driver* driver) {
  driver->Slave();
  driver->CloseLink(false);
  Hello master = driver->WithData();
  master.set_position(8);
  master.set_acknowledged_position(8);
  driver->Open(2, true);
  driver->Greet(2, master);
  driver->Agree(2);
  ASSERT_EQ(driver->state(), JOIN);
  ASSERT_TRUE(driver->Serves(ServingMode::kHeld));
}

TEST(RoleMachineReads, OfATimeOutOfSyncAreDroppedWhenItIsInSyncAgain) {
  Driver driver(true);
  FallBehind(&driver);
  driver.Give(InSyncApplied{});
  ASSERT_TRUE(driver.Emitted<SetServing>());
  EXPECT_EQ(driver.Find<SetServing>()->mode, ServingMode::kFollower);
  EXPECT_TRUE(driver.Find<SetServing>()->drop_held);
}

TEST(RoleMachineReads, OfAPairThatNeverPartedAreKept) {
  Driver driver(true);
  driver.Slave();
  driver.CloseLink(false);
  Hello master = driver.WithData();
  master.set_state(HOLD);
  driver.Open(2, true);
  driver.Greet(2, master);
  driver.Agree(2);
  driver.Give(InSyncApplied{});
  EXPECT_EQ(driver.state(), SLAVE);
  EXPECT_FALSE(driver.Emitted<SetServing>());
}

TEST(RoleMachineReads, OfATimeOutOfSyncAreDroppedByAPromotion) {
  for (const bool behind : {false, true}) {
    Driver driver(true);
    if (behind) {
      FallBehind(&driver);
      driver.Give(ConnectionClosed{2, true, driver.now()});
      driver.Give(InSyncApplied{});  // the link's last batches
    } else {
      driver.Slave();
      driver.CloseLink(true);
    }
    ASSERT_EQ(driver.state(), HOLD);
    driver.Give(ProbeDone{ProbeDone::kRefused});
    driver.Give(BarrierDone{driver.barrier_token()});
    ASSERT_EQ(driver.state(), SOLO);
    EXPECT_EQ(driver.Find<SetServing>()->mode, ServingMode::kAlone);
    EXPECT_EQ(driver.Find<SetServing>()->drop_held, behind);
    EXPECT_FALSE(driver.Emitted<DropData>()) << "what it has is all there is";
  }
}

TEST(RoleMachineReads, AreDroppedByAPromotionFromEmpty) {
  Driver driver(true);
  driver.Slave();
  driver.Hear(MASTER);
  driver.Give(ConnectionClosed{1, false, driver.now() + 5000});  // it slept, and was reset
  driver.Give(ProbeDone{ProbeDone::kRefused});
  driver.Give(BarrierDone{driver.barrier_token()});
  EXPECT_TRUE(driver.Emitted<DropData>());
  EXPECT_TRUE(driver.Find<SetServing>()->drop_held);
}

// ---------------------------------------------------------------- versions that run out

TEST(RoleMachineEpoch, AMasterEndsItsLinkToAgreeOnTheNextOne) {
  Driver driver(true);
  driver.Master();
  const uint64_t before = driver.status().epoch.number();
  driver.Give(EpochUsedUp{before});
  ASSERT_TRUE(driver.Emitted<CloseConnection>());
  EXPECT_FALSE(driver.Find<CloseConnection>()->reset);
  EXPECT_EQ(driver.state(), HOLD);
  EXPECT_EQ(driver.Find<Dial>()->after_ms, 0);
  Hello slave = driver.Empty();
  slave.set_state(HOLD);
  *slave.mutable_epoch() = driver.status().epoch;
  *slave.mutable_generation() = driver.status().generation;
  slave.set_position(5);
  driver.Open(2, true);
  driver.Greet(2, slave);
  driver.Agree(2);
  EXPECT_EQ(driver.Find<AttachLink>()->verdict.copy(), COPY_RESUME);
  ASSERT_TRUE(driver.Emitted<Decide>());
  EXPECT_EQ(driver.Find<Decide>()->epoch.number(), before + 1);
  driver.Give(CaughtUp{});
  driver.ConfirmServing();
  driver.Give(InSyncAcked{});
  driver.Give(EpochUsedUp{before});  // of another STORE, late
  EXPECT_EQ(driver.state(), MASTER);
}

TEST(RoleMachineEpoch, WhoServesAloneTakesOneThatNobodyPromotedInto) {
  Driver driver(true);
  driver.Solo();
  driver.Give(FirstMutation{0});
  const RoleStatus before = driver.status();
  driver.Give(EpochUsedUp{before.epoch.number()});
  ASSERT_TRUE(driver.Emitted<NextEpoch>());
  EXPECT_EQ(driver.Find<NextEpoch>()->epoch.number(), before.epoch.number() + 2);
  EXPECT_EQ(driver.status().epoch.number(), before.epoch.number() + 2);
  EXPECT_EQ(driver.status().epoch.minted_by().high(), 50u);
  EXPECT_EQ(driver.status().generation.id(), before.generation.id());
  driver.Give(EpochUsedUp{before.epoch.number()});
  EXPECT_FALSE(driver.Emitted<NextEpoch>());
}

TEST(RoleMachineEpoch, AJoinerIsNotDisturbed) {
  Driver driver(true);
  driver.Feed();
  driver.Give(EpochUsedUp{driver.status().epoch.number()});
  EXPECT_TRUE(driver.effects().empty());
  driver.Give(CaughtUp{});
  driver.ConfirmServing();
  driver.Give(InSyncAcked{});
  EXPECT_EQ(driver.state(), HOLD) << "as soon as it is the slave";
  EXPECT_TRUE(driver.Emitted<CloseConnection>());
}

TEST(RoleMachineEpoch, AFollowerTakesNone) {
  Driver driver(true);
  driver.Slave();
  driver.Give(EpochUsedUp{driver.status().epoch.number()});
  EXPECT_EQ(driver.state(), SLAVE);
  EXPECT_TRUE(driver.effects().empty());
}

// ---------------------------------------------------------------- links that come and go

// The wait before the dial that the last event led to.
int64_t DialAfter(const Driver& driver) {
  EXPECT_TRUE(driver.Emitted<Dial>());
  return driver.Emitted<Dial>() ? driver.Find<Dial>()->after_ms : -1;
}

// Connection `id`, dialled by us, becomes the link to `theirs`.
void Link(ConnectionId id, const Hello& theirs, Driver* driver) {
  driver->Open(id, true);
  driver->Greet(id, theirs);
  driver->Agree(id);
  ASSERT_TRUE(driver->Emitted<AttachLink>());
}

void Cut(ConnectionId id, Driver* driver) {
  driver->Give(ConnectionClosed{id, false, driver->now()});
}

// The pair as it is and fresh heartbeats.
void StayInSync(int64_t for_ms, Driver* driver) {
  for (int64_t passed = 0; passed < for_ms; passed += 100) {
    driver->Hear(driver->status().decides ? SLAVE : MASTER);
    driver->Pass(100);
  }
}

constexpr int64_t kInHoldMs = 20;
const std::vector<int64_t> kLongerAndLonger = {0, 100, 200, 400, 800, 1000, 1000};

TEST(RoleMachineFlapping, AJoinerThatNeverGetsInSyncIsNotCopiedToWithoutAPause) {
  Driver driver(true);
  driver.Join();
  ConnectionId id = 1;
  for (const int64_t wait_ms : kLongerAndLonger) {
    Cut(id, &driver);
    EXPECT_EQ(driver.state(), JOIN);
    EXPECT_EQ(DialAfter(driver), wait_ms);
    Link(++id, driver.WithData(), &driver);
    EXPECT_EQ(driver.Find<AttachLink>()->verdict.copy(), COPY_SNAPSHOT);
  }
}

TEST(RoleMachineFlapping, NorIsOneWhoseStreamBreaks) {
  Driver driver(true);
  driver.Join();
  ConnectionId id = 1;
  for (const int64_t wait_ms : kLongerAndLonger) {
    driver.Give(InSyncApplied{});
    driver.Give(StreamBroken{"a gap"});
    EXPECT_EQ(driver.state(), JOIN);
    EXPECT_EQ(DialAfter(driver), wait_ms);
    Link(++id, driver.WithData(), &driver);
  }
}

TEST(RoleMachineFlapping, ASourceDialsItsJoinerNoSooner) {
  Driver driver(true);
  driver.Feed();
  ConnectionId id = 1;
  for (const int64_t wait_ms : kLongerAndLonger) {
    Cut(id, &driver);
    EXPECT_EQ(driver.state(), SOLO);
    EXPECT_EQ(DialAfter(driver), wait_ms);
    Link(++id, driver.Empty(), &driver);
  }
}

TEST(RoleMachineFlapping, APairThatCanGoOnHardlyWaits) {
  Driver driver(true);
  driver.Slave();
  Hello master = driver.WithData();
  master.set_state(HOLD);
  ConnectionId id = 1;
  for (int cuts = 0; cuts < 8; ++cuts) {
    Cut(id, &driver);
    EXPECT_EQ(driver.state(), HOLD);
    EXPECT_EQ(DialAfter(driver), cuts == 0 ? 0 : kInHoldMs);
    Link(++id, master, &driver);
    driver.Give(InSyncApplied{});
    EXPECT_EQ(driver.state(), SLAVE);
  }
}

TEST(RoleMachineFlapping, NorAfterADialOrAHandshakeThatFailed) {
  Driver driver(true);
  driver.Master();
  Cut(1, &driver);
  EXPECT_EQ(driver.state(), HOLD);
  for (ConnectionId id = 2; id < 5; ++id) {
    driver.Give(DialFailed{DialFailed::kSilent});
    EXPECT_EQ(DialAfter(driver), kInHoldMs);
    driver.Open(id, true);
    Cut(id, &driver);
    EXPECT_EQ(DialAfter(driver), kInHoldMs);
  }
  EXPECT_EQ(driver.state(), HOLD);
}

TEST(RoleMachineFlapping, OnlyWhoWasInSyncForAWhileIsDialledAtOnceAgain) {
  Driver driver(true);
  driver.Slave();
  const int64_t settled_ms = Timers{}.settled_after;
  Cut(1, &driver);
  Hello master = driver.WithData();
  master.set_state(HOLD);
  Link(2, master, &driver);
  driver.Give(InSyncApplied{});
  StayInSync(settled_ms - 100, &driver);
  Cut(2, &driver);
  EXPECT_EQ(DialAfter(driver), kInHoldMs);
  Link(3, master, &driver);
  driver.Give(InSyncApplied{});
  StayInSync(settled_ms, &driver);
  Cut(3, &driver);
  EXPECT_EQ(DialAfter(driver), 0);
}

// ---------------------------------------------------------------- a handshake without an answer

TEST(RoleMachineHandshake, OneThatIsLostInHoldLeavesTimeForAnother) {
  Driver driver(true);
  driver.Master();
  driver.CloseLink(false);
  driver.Give(ProbeDone{ProbeDone::kAccepted});
  driver.Open(2, true);
  driver.Pass(Timers{}.suspect_after);
  EXPECT_FALSE(driver.Emitted<CloseConnection>());
  driver.Pass(100);
  EXPECT_TRUE(driver.Emitted<CloseConnection>());
  EXPECT_TRUE(driver.Emitted<Dial>());
  EXPECT_EQ(driver.state(), HOLD);
}

TEST(RoleMachineHandshake, OneOfANodeThatServesHasTheWholeHelloLimit) {
  Driver driver(true);
  driver.Solo();
  driver.Open(2, true);
  driver.Pass(Timers{}.hello_limit);
  EXPECT_FALSE(driver.Emitted<CloseConnection>());
  driver.Pass(100);
  EXPECT_TRUE(driver.Emitted<CloseConnection>());
}

// ---------------------------------------------------------------- what a fork costs

// A master that was replaced meets its successor, which began at position 5.
void MeetSuccessor(uint64_t answered_position, Driver* driver) {
  driver->Master();
  driver->CloseLink(false);
  Hello theirs = driver->WithData();
  theirs.mutable_epoch()->set_number(driver->status().epoch.number() + 1);
  theirs.mutable_generation()->set_parent(driver->status().generation.id());
  theirs.mutable_generation()->set_begin_position(5);
  Hello ours = driver->OurHello();
  ours.set_position(9);
  ours.set_acknowledged_position(answered_position);
  ours.set_client_mutations_acknowledged(3);  // before the pair was in sync
  driver->Open(2, true);
  driver->Give(HelloReceived{2, ours, theirs});
  driver->Agree(2);
  ASSERT_EQ(driver->state(), JOIN);
}

TEST(RoleMachineFork, WhatTheOtherNodeHasIsNotWarnedOf) {
  Driver driver(true);
  MeetSuccessor(5, &driver);
  for (const Effect& effect : driver.effects()) {
    const Explain* explain = absl::get_if<Explain>(&effect);
    EXPECT_TRUE(explain == nullptr || !explain->warning) << explain->text;
  }
}

TEST(RoleMachineFork, WhatItLacksIs) {
  Driver driver(true);
  MeetSuccessor(8, &driver);
  ASSERT_TRUE(driver.Emitted<Explain>());
  EXPECT_TRUE(driver.Find<Explain>()->warning);
  EXPECT_EQ(driver.Find<Explain>()->text,
            "split brain: other wins, 3 changes that this node acknowledged alone are dropped");
}

}  // namespace
}  // namespace twincached::replication
