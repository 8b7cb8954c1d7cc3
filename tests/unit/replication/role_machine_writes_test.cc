// --solo-writes=refuse: when clients' writes are taken, and whose connections are reset.
#include <gtest/gtest.h>

#include "absl/types/variant.h"
#include "tests/unit/replication/role_machine_driver.h"

namespace twincached::replication {
namespace {

Driver Refusing() { return Driver(true, true, true); }

// Whether the last event's effects order it.
bool Takes(const Driver& driver) {
  return driver.Emitted<SetWrites>() && driver.Find<SetWrites>()->taken;
}
bool Refuses(const Driver& driver) {
  return driver.Emitted<SetWrites>() && !driver.Find<SetWrites>()->taken;
}

template <typename First, typename Second>
bool InThisOrder(const Driver& driver) {
  for (const Effect& effect : driver.effects()) {
    if (absl::holds_alternative<First>(effect)) return driver.Emitted<Second>();
    if (absl::holds_alternative<Second>(effect)) return false;
  }
  return false;
}

TEST(RoleMachineWrites, AreTakenAlwaysUnlessRefused) {
  Driver driver(true);
  driver.Solo();
  EXPECT_FALSE(driver.Emitted<SetWrites>());
  driver.Feed();
  driver.Give(CaughtUp{});
  driver.ConfirmServing();
  EXPECT_FALSE(driver.Emitted<SetWrites>());
  driver.Give(InSyncAcked{});
  driver.Give(driver.LastGoodbye());
  EXPECT_EQ(driver.state(), SOLO);
  EXPECT_FALSE(driver.Emitted<SetWrites>());
  EXPECT_FALSE(driver.Find<SetServing>()->drop_writes);
}

TEST(RoleMachineWrites, AreRefusedByANodeThatBootsAlone) {
  Driver driver = Refusing();
  driver.Boot();
  for (int i = 0; i < 10; ++i) driver.Give(DialFailed{DialFailed::kRefused});
  ASSERT_EQ(driver.state(), SOLO);
  EXPECT_TRUE(Refuses(driver));
  EXPECT_TRUE((InThisOrder<SetWrites, SetServing>(driver)));
}

TEST(RoleMachineWrites, AreTakenWhenEveryListenerHolds) {
  Driver driver = Refusing();
  driver.Feed();
  EXPECT_FALSE(driver.Emitted<SetWrites>());
  driver.Give(CaughtUp{});
  EXPECT_FALSE(driver.Emitted<SetWrites>());  // some LISTENER may still answer at once
  driver.ConfirmServing();
  EXPECT_TRUE(Takes(driver));
  EXPECT_TRUE((InThisOrder<SetWrites, SendInSync>(driver)));
}

TEST(RoleMachineWrites, WithLocalAcknowledgementsAreTakenWhenTheSlaveIsInSync) {
  Driver driver(true, false, true);
  driver.Feed();
  driver.Give(CaughtUp{});
  driver.ConfirmServing();
  EXPECT_FALSE(driver.Emitted<SetWrites>());
  driver.Give(InSyncAcked{});
  EXPECT_TRUE(Takes(driver));
}

TEST(RoleMachineWrites, OfAMasterThatIsAloneNowAreReset) {
  Driver driver = Refusing();
  driver.Master();
  driver.CloseLink(false);
  EXPECT_FALSE(driver.Emitted<SetWrites>());  // HOLD: they wait
  driver.Give(ProbeDone{ProbeDone::kRefused});
  ASSERT_EQ(driver.state(), SOLO);
  EXPECT_TRUE(Refuses(driver));
  EXPECT_TRUE(driver.Find<SetServing>()->drop_writes);
  EXPECT_FALSE(driver.Find<SetServing>()->drop_held);
}

TEST(RoleMachineWrites, OfAJoinerThatLeavesBeforeInSyncAreNobodys) {
  Driver driver = Refusing();
  driver.Feed();
  driver.Give(CaughtUp{});
  driver.CloseLink(false);
  ASSERT_EQ(driver.state(), SOLO);
  EXPECT_FALSE(driver.Emitted<SetWrites>());
  EXPECT_FALSE(driver.Find<SetServing>()->drop_writes);
}

TEST(RoleMachineWrites, TakenSinceInSyncAreResetWhenTheJoinerLeaves) {
  Driver driver = Refusing();
  driver.Feed();
  driver.Give(CaughtUp{});
  driver.ConfirmServing();
  driver.CloseLink(false);
  driver.Give(ProbeDone{ProbeDone::kRefused});
  ASSERT_EQ(driver.state(), SOLO);
  EXPECT_TRUE(Refuses(driver));
  EXPECT_TRUE(driver.Find<SetServing>()->drop_writes);
}

TEST(RoleMachineWrites, ThatADeadMasterDidNotAnswerAreRefused) {
  Driver driver = Refusing();
  driver.Slave();
  driver.CloseLink(true);
  driver.Give(ProbeDone{ProbeDone::kRefused});
  driver.Give(BarrierDone{driver.barrier_token()});
  ASSERT_EQ(driver.state(), SOLO);
  EXPECT_TRUE(Refuses(driver));
  EXPECT_TRUE((InThisOrder<SetWrites, Decide>(driver)));
  EXPECT_FALSE(driver.Find<SetServing>()->drop_writes);
}

TEST(RoleMachineWrites, ThatASilentMasterDidNotAnswerAreReset) {
  Driver driver = Refusing();
  driver.Slave();
  driver.Pass(1200);
  driver.Give(BarrierDone{driver.barrier_token()});
  ASSERT_EQ(driver.state(), SOLO);
  EXPECT_TRUE(Refuses(driver));
  EXPECT_TRUE(driver.Find<SetServing>()->drop_writes);
}

TEST(RoleMachineWrites, AreTakenByWhoTakesOver) {
  Driver driver = Refusing();
  driver.Slave();
  driver.CloseLink(true);
  driver.Give(ProbeDone{ProbeDone::kRefused});
  driver.Give(BarrierDone{driver.barrier_token()});
  ASSERT_TRUE(Refuses(driver));  // and again the slave of somebody, who hands over
  Hello winner = driver.WithData();
  winner.set_client_mutations_acknowledged(100);
  winner.mutable_epoch()->set_number(9);
  driver.Open(3, false);
  driver.Greet(3, winner);
  driver.ConfirmServing();
  driver.Open(4, false);
  driver.Greet(4, winner);
  driver.Agree(4);
  driver.Give(InSyncApplied{});
  ASSERT_EQ(driver.state(), SLAVE);
  driver.Give(driver.SwitchoverGoodbye());
  EXPECT_EQ(driver.state(), MASTER);
  EXPECT_TRUE(Takes(driver));
  EXPECT_TRUE((InThisOrder<SetWrites, Decide>(driver)));
}

TEST(RoleMachineWrites, AreTakenThroughoutAHandoverThatDoesNotHappen) {
  Driver driver = Refusing();
  driver.Master();
  driver.Give(SwitchoverReceived{});
  driver.ConfirmServing();
  driver.CloseLink(false);
  EXPECT_EQ(driver.state(), HOLD);
  EXPECT_FALSE(driver.Emitted<SetWrites>());
}

}  // namespace
}  // namespace twincached::replication
