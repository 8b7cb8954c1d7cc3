// Two role machines that swap their roles on purpose, in virtual time, also cut in the middle.
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "tests/unit/replication/role_machine_world.h"

namespace twincached::replication {
namespace {

constexpr int64_t kHealMs = 10'000;

// A pair in sync, from this seed.
class Pair {
 public:
  explicit Pair(uint64_t seed) : world(seed, OptionsOf(seed)) {
    world.Start(0);
    world.Start(1);
    AwaitSync();
    world.Run(static_cast<int64_t>(world.Random(300)));
  }

  bool AwaitSync() {
    for (int64_t waited_ms = 0; waited_ms < kHealMs && !world.Paired(); waited_ms += 10) {
      world.Run(10);
    }
    return world.Paired();
  }
  int master() const { return world.state(0) == MASTER ? 0 : 1; }
  // Everything that was acknowledged, on whoever lives.
  bool LostNothing() const {
    for (const int node : {0, 1}) {
      if (world.alive(node) && !world.HasAllAcknowledged(node)) return false;
    }
    return true;
  }

  World world;

 private:
  static World::Options OptionsOf(uint64_t seed) {
    World::Options options;
    options.one_host = seed % 2 == 1;
    options.ack_pair = seed % 5 != 0;
    return options;
  }
};

TEST(RoleMachinePairSwitch, SwapsRolesWhicheverNodeIsAskedWithoutLeavingThePair) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Pair pair(seed);
    ASSERT_TRUE(pair.world.Paired());
    const size_t trace_before = pair.world.trace().size();
    for (int round = 0; round < 10; ++round) {
      const int master = pair.master();
      const int asked = static_cast<int>(pair.world.Random(2));
      pair.world.Switch(asked);
      pair.world.Run(40);
      ASSERT_TRUE(pair.world.Paired()) << pair.world.trace();
      ASSERT_EQ(pair.master(), 1 - master) << pair.world.trace();
      ASSERT_EQ(pair.world.answers(asked).size(), pair.world.asked(asked));
      ASSERT_EQ(pair.world.answers(asked).back(), "");
      ASSERT_EQ(pair.world.machine(0).status().epoch.number(),
                pair.world.machine(1).status().epoch.number());
      pair.world.Run(static_cast<int64_t>(pair.world.Random(400)));
    }
    pair.world.Run(100);
    if (seed % 5 != 0) {  // with --ack=local the newest is still on its way
      EXPECT_TRUE(pair.LostNothing()) << pair.world.trace();
    }
    const std::string trace = pair.world.trace().substr(trace_before);
    for (const char* state : {"-> SOLO", "-> HOLD", "-> JOIN", "-> FEED"}) {
      EXPECT_EQ(trace.find(state), std::string::npos) << trace;
    }
    ASSERT_EQ(pair.world.failure(), "") << pair.world.trace();
    ASSERT_FALSE(HasFailure());
  }
}

// One fault, a few messages into the switchover.
void Break(World* world, int node) {
  switch (world->Random(5)) {
    case 0:
      return world->Kill(node);
    case 1:
      return world->ResetLink();
    case 2:
      world->Freeze(node);
      world->Run(static_cast<int64_t>(world->Random(250)));
      return world->Thaw(node);
    case 3:
      world->Freeze(node);
      world->Run(static_cast<int64_t>(world->Random(6000)));
      return world->Thaw(node);
    default:
      return world->Stop(node);
  }
}

TEST(RoleMachinePairSwitch, CutInTheMiddleLosesNothingAndAnswersTheOperator) {
  for (uint64_t seed = 1; seed <= 2000; ++seed) {
    if (seed % 5 == 0) continue;  // --ack=local promises less
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Pair pair(seed);
    const int asked = static_cast<int>(pair.world.Random(2));
    pair.world.Switch(asked);
    pair.world.Run(static_cast<int64_t>(pair.world.Random(15)));
    const int node = static_cast<int>(pair.world.Random(2));
    Break(&pair.world, node);
    pair.world.Run(4000);
    ASSERT_TRUE(pair.LostNothing()) << pair.world.trace();
    if (pair.world.alive(asked)) {
      ASSERT_EQ(pair.world.answers(asked).size(), 1u) << pair.world.trace();
    }
    for (const int each : {0, 1}) {
      if (!pair.world.alive(each)) pair.world.Start(each);
    }
    ASSERT_TRUE(pair.AwaitSync()) << pair.world.trace();
    pair.world.Run(300);
    ASSERT_TRUE(pair.LostNothing()) << pair.world.trace();
    ASSERT_EQ(pair.world.failure(), "") << pair.world.trace();
  }
}

// Both sides alive and apart: whoever serves in the end, it ends.
TEST(RoleMachinePairSwitch, CutOffInTheMiddleHeals) {
  for (uint64_t seed = 1; seed <= 500; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Pair pair(seed);
    const int asked = static_cast<int>(pair.world.Random(2));
    pair.world.Switch(asked);
    pair.world.Run(static_cast<int64_t>(pair.world.Random(15)));
    pair.world.Cut(static_cast<int>(pair.world.Random(2)));
    if (pair.world.Random(2) == 0) pair.world.Cut(static_cast<int>(pair.world.Random(2)));
    pair.world.Run(static_cast<int64_t>(pair.world.Random(5000)));
    pair.world.Heal();
    pair.world.Run(2500);
    ASSERT_EQ(pair.world.answers(asked).size(), 1u) << pair.world.trace();
    ASSERT_TRUE(pair.AwaitSync()) << pair.world.trace();
    ASSERT_EQ(pair.world.failure(), "") << pair.world.trace();
  }
}

}  // namespace
}  // namespace twincached::replication
