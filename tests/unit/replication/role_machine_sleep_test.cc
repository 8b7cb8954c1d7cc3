// A node that slept, or has a core that hangs: what it may conclude of its peer.
#include <gtest/gtest.h>

#include <cstdint>

#include "tests/unit/replication/role_machine_driver.h"

namespace twincached::replication {
namespace {

// ---------------------------------------------------------------- found out at the end of the link

TEST(RoleMachineSleep, ASlaveThatSleptAndWasResetServesFromEmpty) {
  Driver driver(true);
  driver.Slave();
  driver.Hear(MASTER);
  driver.Give(ConnectionClosed{1, false, driver.now() + 5000});
  driver.Give(ProbeDone{ProbeDone::kRefused});
  driver.Give(BarrierDone{driver.barrier_token()});
  EXPECT_EQ(driver.state(), SOLO);
  EXPECT_TRUE(driver.Emitted<DropData>());
  EXPECT_TRUE(IsEmpty(driver.status().generation));
}

TEST(RoleMachineSleep, AnOrderlyEndProvesThatTheMasterNeverWentOnAlone) {
  Driver driver(true);
  driver.Slave();
  driver.Hear(MASTER);
  driver.Give(ConnectionClosed{1, true, driver.now() + 5000});
  driver.Give(ProbeDone{ProbeDone::kRefused});
  driver.Give(BarrierDone{driver.barrier_token()});
  EXPECT_EQ(driver.state(), SOLO);
  EXPECT_FALSE(driver.Emitted<DropData>());
}

TEST(RoleMachineSleep, AResetWithoutATimeIsJudgedAtTheNextTick) {
  for (const int64_t slept_ms : {0, 5000}) {
    Driver driver(true);
    driver.Slave();
    driver.Hear(MASTER);
    driver.Give(ConnectionClosed{1, false});
    driver.Give(ProbeDone{ProbeDone::kRefused});
    EXPECT_FALSE(driver.Emitted<RunBarrier>());
    driver.Give(Tick{driver.now() + 100, driver.now() + 100 + slept_ms, 0});
    EXPECT_TRUE(driver.Emitted<RunBarrier>());
    driver.Give(BarrierDone{driver.barrier_token()});
    EXPECT_EQ(driver.Emitted<DropData>(), slept_ms > 0);
  }
}

TEST(RoleMachineSleep, AMasterThatSleptWaitsForAPeerWhoseProcessLives) {
  Driver driver(true);
  driver.Master();
  driver.Hear(SLAVE);
  driver.Give(ConnectionClosed{1, true, driver.now() + 5000});
  for (int i = 0; i < 15; ++i) {
    driver.Give(ProbeDone{ProbeDone::kAccepted});
    driver.Pass(100);
  }
  EXPECT_EQ(driver.state(), HOLD);
  driver.Give(ProbeDone{ProbeDone::kRefused});
  EXPECT_EQ(driver.state(), SOLO);
}

// The slave may have promoted, answered alone, and died before the master was awake again.
TEST(RoleMachineSleep, AMasterThatSleptAndWasResetServesFromEmpty) {
  for (const int64_t slept_ms : {0, 5000}) {
    Driver driver(true);
    driver.Master();
    driver.Hear(SLAVE);
    const Epoch before = driver.status().epoch;
    driver.Give(ConnectionClosed{1, false, driver.now() + slept_ms});
    driver.Give(ProbeDone{ProbeDone::kRefused});
    EXPECT_EQ(driver.state(), SOLO);
    EXPECT_EQ(driver.Emitted<DropData>(), slept_ms > 0);
    EXPECT_EQ(Compare(driver.status().epoch, before) > 0, slept_ms > 0);
  }
}

// ---------------------------------------------------------------- found out by the clock

// What the peer did meanwhile may wait in the sockets: a tick comes between two reads.
TEST(RoleMachineSleep, AMasterThatWakesUpInHoldReadsBeforeItGoesOnAlone) {
  Driver driver(true);
  driver.Master();
  driver.Hear(SLAVE);
  driver.Pass(Timers{}.solo_after);
  driver.Sleep(5000);
  EXPECT_EQ(driver.state(), HOLD);
  driver.CloseLink(false);
  driver.Give(ProbeDone{ProbeDone::kAccepted});
  driver.Pass(Timers{}.solo_after);
  EXPECT_EQ(driver.state(), HOLD);
  driver.Give(ProbeDone{ProbeDone::kSilent});
  driver.Pass(100);
  EXPECT_EQ(driver.state(), SOLO);
}

TEST(RoleMachineSleep, NorDoesOneWhoseLinkHadEndedBefore) {
  Driver driver(true);
  driver.Master();
  driver.Hear(SLAVE);
  driver.CloseLink(false);
  driver.Give(ProbeDone{ProbeDone::kSilent});
  driver.Pass(Timers{}.solo_after - 100);
  driver.Sleep(5000);
  EXPECT_EQ(driver.state(), HOLD);
  driver.Give(ProbeDone{ProbeDone::kRefused});
  EXPECT_EQ(driver.state(), SOLO);
  EXPECT_TRUE(driver.Emitted<DropData>()) << "the slave may have taken over before it died";
}

TEST(RoleMachineSleep, ASlaveThatWakesUpInHoldReadsBeforeItTakesOver) {
  Driver driver(true);
  driver.Slave();
  driver.Hear(MASTER);
  driver.Pass(Timers{}.promote_after);
  driver.Sleep(5000);
  EXPECT_EQ(driver.barrier_token(), 0u);
  driver.Pass(Timers{}.promote_after - Timers{}.suspect_after + 100);
  EXPECT_NE(driver.barrier_token(), 0u);
}

TEST(RoleMachineSleep, WhoHearsItsPeerAfterwardsHasMissedNothing) {
  Driver driver(true);
  driver.Master();
  driver.Hear(SLAVE);
  driver.Sleep(5000);
  driver.Hear(SLAVE);
  EXPECT_EQ(driver.state(), MASTER);
  driver.Give(ConnectionClosed{1, false, driver.real_now()});
  driver.Give(ProbeDone{ProbeDone::kRefused});
  EXPECT_EQ(driver.state(), SOLO);
  EXPECT_FALSE(driver.Emitted<DropData>());
}

TEST(RoleMachineSleep, AShortOneChangesNothing) {
  Driver driver(true);
  driver.Master();
  driver.Hear(SLAVE);
  driver.Pass(Timers{}.solo_after - 100);
  driver.Sleep(Timers{}.suspect_after - 100);
  driver.Pass(100);
  EXPECT_EQ(driver.state(), SOLO);
}

// ---------------------------------------------------------------- a core of our own that hangs

constexpr int64_t kHangMs = 20'000;

TEST(RoleMachineMute, AJoinerDoesNotTakeItsOwnSilenceForItsMasters) {
  Driver driver(true);
  driver.Slave();
  driver.Give(OutdatedReceived{"it hangs"});
  driver.CloseLink(false);
  driver.Give(ProbeDone{ProbeDone::kAccepted});
  driver.PassMute(kHangMs);
  EXPECT_EQ(driver.state(), JOIN);
  driver.Pass(Timers{}.start_wait);
  EXPECT_EQ(driver.state(), JOIN);
  driver.Pass(200);
  EXPECT_EQ(driver.state(), BOOT);
  driver.PassMute(kHangMs);
  EXPECT_EQ(driver.state(), BOOT);
  driver.Pass(Timers{}.start_wait + 100);
  EXPECT_EQ(driver.state(), SOLO);
}

TEST(RoleMachineMute, ASlaveDoesNotTakeOver) {
  Driver driver(true);
  driver.Slave();
  driver.Hear(MASTER);
  driver.CloseLink(true);
  driver.Give(ProbeDone{ProbeDone::kAccepted});
  driver.PassMute(kHangMs);
  EXPECT_EQ(driver.state(), HOLD);
  EXPECT_EQ(driver.barrier_token(), 0u);
}

TEST(RoleMachineMute, WhoseMasterDiesMeanwhileServesFromEmpty) {
  for (const int64_t mute_ms : {100, 5000}) {
    Driver driver(true);
    driver.Slave();
    driver.Hear(MASTER);
    driver.CloseLink(true);
    driver.Give(ProbeDone{ProbeDone::kAccepted});
    driver.PassMute(mute_ms);
    driver.Give(ProbeDone{ProbeDone::kRefused});
    driver.Give(BarrierDone{driver.barrier_token()});
    EXPECT_EQ(driver.state(), SOLO);
    // It may have gone on alone before it died.
    EXPECT_EQ(driver.Emitted<DropData>(), mute_ms > Timers{}.solo_after);
  }
}

TEST(RoleMachineMute, WhoTakesOverFromADeadMasterKeepsTheDataHoweverLongItLasts) {
  Driver driver(true);
  driver.Slave();
  driver.Hear(MASTER);
  driver.CloseLink(true);
  driver.Give(ProbeDone{ProbeDone::kRefused});
  driver.PassMute(5000);
  EXPECT_EQ(driver.state(), HOLD);
  driver.Open(2, false);  // the master's next process
  EXPECT_TRUE(driver.Emitted<SendNotReady>());
  EXPECT_FALSE(driver.Emitted<SendHello>());
  driver.Give(BarrierDone{driver.barrier_token()});
  EXPECT_EQ(driver.state(), SOLO);
  EXPECT_FALSE(driver.Emitted<DropData>());
}

TEST(RoleMachineMute, AMasterWhoseSlaveMayHaveTakenOverAndDiedServesFromEmpty) {
  for (const int64_t mute_ms : {100, 5000}) {
    Driver driver(true);
    driver.Master();
    driver.Hear(SLAVE);
    driver.CloseLink(true);
    driver.Give(ProbeDone{ProbeDone::kAccepted});
    driver.PassMute(mute_ms);
    EXPECT_EQ(driver.state(), HOLD);
    driver.Give(ProbeDone{ProbeDone::kRefused});
    EXPECT_EQ(driver.state(), SOLO);
    EXPECT_EQ(driver.Emitted<DropData>(), mute_ms > Timers{}.promote_after);
  }
}

}  // namespace
}  // namespace twincached::replication
