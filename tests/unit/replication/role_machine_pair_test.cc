// Two role machines against each other in virtual time: what must hold whatever happens.
#include <gtest/gtest.h>

#include <cstdint>

#include "tests/unit/replication/role_machine_world.h"

namespace twincached::replication {
namespace {

constexpr int64_t kHealMs = 10'000;

// Until both are in sync, at most kHealMs; then a little longer, in which they must stay so.
void ExpectPairs(World* world) {
  world->Run(20);  // what was done to them has reached them
  for (int64_t waited_ms = 0; waited_ms < kHealMs && !world->Paired(); waited_ms += 10) {
    world->Run(10);
  }
  world->Run(500);
  EXPECT_TRUE(world->Paired()) << State_Name(world->state(0)) << " " << State_Name(world->state(1));
}

void ExpectNothingLost(const World& world) {
  EXPECT_TRUE(world.HasAllAcknowledged(0) && world.HasAllAcknowledged(1)) << world.trace();
}

// Kills, stops, freezes, cuts, resets, stalls, switches, starts in any order.
void AnyFault(World* world) {
  const int node = static_cast<int>(world->Random(2));
  switch (world->Random(11)) {
    case 0:
      return world->Kill(node);
    case 1:
      return world->Stop(node);
    case 2:
      return world->Freeze(node);
    case 3:
      return world->Thaw(node);
    case 4:
      return world->Cut(node);
    case 5:
      return world->Heal();
    case 6:
      return world->ResetLink();
    case 7:
      return world->StallApplying(node, world->Random(2) == 0);
    case 8:
      return world->UseUpEpoch(node);
    case 9:
      return world->Switch(node);
    default:
      if (!world->alive(node)) world->Start(node);
  }
}

void EndFaults(World* world) {
  world->Heal();
  for (int node : {0, 1}) {
    world->Thaw(node);
    world->StallApplying(node, false);
    if (!world->alive(node)) world->Start(node);
  }
  world->Run(3000);  // a stop asked for before may still be under way
  for (int node : {0, 1}) {
    if (!world->alive(node)) world->Start(node);
  }
}

World::Options OptionsOf(uint64_t seed) {
  World::Options options;
  options.one_host = seed % 2 == 1;
  options.log_is_short = seed % 3 == 0;
  options.first_has_peer = options.one_host || seed % 7 != 0;
  options.snapshot_ms = seed % 5 == 0 ? 700 : 30;
  return options;
}

TEST(RoleMachinePair, KeepsItsPromisesUnderAnyFaultsAndHealsAfterThem) {
  for (uint64_t seed = 1; seed <= 1000; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    World world(seed, OptionsOf(seed));
    world.Start(0);
    world.Run(static_cast<int64_t>(world.Random(50)));
    world.Start(1);
    for (int fault = 0; fault < 25; ++fault) {
      world.Run(static_cast<int64_t>(world.Random(world.Random(2) == 0 ? 60 : 3000)));
      AnyFault(&world);
    }
    EndFaults(&world);
    ExpectPairs(&world);
    ASSERT_EQ(world.failure(), "") << world.trace();
    ASSERT_FALSE(HasFailure()) << world.trace();
  }
}

// One fault at a time, the pair in sync before each.
void OneFault(World* world) {
  const int node = static_cast<int>(world->Random(2));
  const auto a_while = [&](int64_t below_ms) {
    world->Run(static_cast<int64_t>(world->Random(below_ms)));
  };
  switch (world->Random(7)) {
    case 0:
    case 1:
      world->Random(3) == 0 ? world->Stop(node) : world->Kill(node);
      a_while(4000);
      if (!world->alive(node)) return world->Start(node);
      world->Run(4000);
      return world->alive(node) ? void() : world->Start(node);
    case 2:
      world->Freeze(node);
      a_while(200);
      return world->Thaw(node);
    case 3:
      world->Freeze(node);
      a_while(8000);
      return world->Thaw(node);
    case 4:
      return world->ResetLink();
    case 5:
      return world->UseUpEpoch(node);
    default:
      world->StallApplying(node, true);
      a_while(6000);
      return world->StallApplying(node, false);
  }
}

TEST(RoleMachinePair, LosesNoAcknowledgedWriteToOneFaultAtATime) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    World::Options options = OptionsOf(seed);
    options.first_has_peer = true;  // without -x a restarted node serves clients from empty
    World world(seed, options);
    world.Start(0);
    world.Start(1);
    ExpectPairs(&world);
    for (int fault = 0; fault < 12 && !HasFailure(); ++fault) {
      world.Run(static_cast<int64_t>(world.Random(400)));
      OneFault(&world);
      ExpectPairs(&world);
      world.Run(100);
      ExpectNothingLost(world);
    }
    ASSERT_EQ(world.failure(), "") << world.trace();
    ASSERT_FALSE(HasFailure()) << world.trace();
  }
}

// A blip and a death right behind it: the slave was in sync and nobody answered alone since.
TEST(RoleMachinePair, LosesNoAcknowledgedWriteToAKillDuringAResume) {
  for (uint64_t seed = 1; seed <= 500; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    World world(seed, World::Options{});
    world.Start(0);
    world.Start(1);
    ExpectPairs(&world);
    world.ResetLink();
    world.Run(static_cast<int64_t>(world.Random(30)));
    const int node = static_cast<int>(world.Random(2));
    world.Kill(node);
    world.Run(3000);
    ASSERT_TRUE(world.HasAllAcknowledged(1 - node)) << world.trace();
    ASSERT_EQ(world.state(1 - node), SOLO);
    world.Start(node);
    ExpectPairs(&world);
    ASSERT_FALSE(HasFailure()) << world.trace();
  }
}

TEST(RoleMachinePair, DoesNotPreemptTheMasterWhenTheOldOneReturns) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    World world(seed, OptionsOf(seed));
    world.Start(0);
    world.Start(1);
    ExpectPairs(&world);
    const int master = world.state(0) == MASTER ? 0 : 1;
    world.Kill(master);
    world.Run(300 + static_cast<int64_t>(world.Random(3000)));
    ASSERT_EQ(world.state(1 - master), SOLO);
    world.Start(master);
    ExpectPairs(&world);
    ASSERT_EQ(world.state(1 - master), MASTER) << world.trace();
    ASSERT_FALSE(HasFailure()) << world.trace();
  }
}

TEST(RoleMachinePair, TakesOverWithinMillisecondsOfAKill) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    World world(seed, OptionsOf(seed));
    world.Start(0);
    world.Start(1);
    ExpectPairs(&world);
    const int master = world.state(0) == MASTER ? 0 : 1;
    world.Kill(master);
    world.Run(120);  // a reset link is judged at the next tick when its end bears no time
    ASSERT_EQ(world.state(1 - master), SOLO) << world.trace();
    ASSERT_EQ(world.serving(1 - master), ServingMode::kAlone);
  }
}

TEST(RoleMachinePair, TakesTheNextEpochWithoutAChangeOfRoleWhenVersionsRunOut) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    World world(seed, OptionsOf(seed));
    world.Start(0);
    world.Start(1);
    ExpectPairs(&world);
    const int master = world.state(0) == MASTER ? 0 : 1;
    const uint64_t before = world.machine(master).status().epoch.number();
    world.UseUpEpoch(master);
    world.Run(300);
    ExpectPairs(&world);
    ASSERT_EQ(world.state(master), MASTER) << world.trace();
    for (const int node : {0, 1}) {
      const RoleStatus& status = world.machine(node).status();
      ASSERT_EQ(status.epoch.number(), before + 1) << world.trace();
      ASSERT_EQ(status.promotions, 0u) << world.trace();
    }
    ExpectNothingLost(world);
    ASSERT_EQ(world.failure(), "") << world.trace();
    ASSERT_FALSE(HasFailure()) << world.trace();
  }
}

TEST(RoleMachinePair, ThawedMasterFollowsWhoTookOver) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    World world(seed, OptionsOf(seed));
    world.Start(0);
    world.Start(1);
    ExpectPairs(&world);
    const int master = world.state(0) == MASTER ? 0 : 1;
    world.Freeze(master);
    world.Run(5000);
    ASSERT_EQ(world.state(1 - master), SOLO);
    world.Thaw(master);
    ASSERT_NE(world.state(master), SOLO);
    ExpectPairs(&world);
    ASSERT_EQ(world.state(1 - master), MASTER) << world.trace();
    ExpectNothingLost(world);
    ASSERT_FALSE(HasFailure()) << world.trace();
  }
}

TEST(RoleMachinePair, HandsOverOnAStopWithoutLoss) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    World world(seed, OptionsOf(seed));
    world.Start(0);
    world.Start(1);
    ExpectPairs(&world);
    const int master = world.state(0) == MASTER ? 0 : 1;
    world.Stop(master);
    world.Run(200);
    ASSERT_EQ(world.exit_code(master), 0);
    ASSERT_EQ(world.state(1 - master), SOLO);
    ASSERT_TRUE(world.HasAllAcknowledged(1 - master)) << world.trace();
  }
}

}  // namespace
}  // namespace twincached::replication
