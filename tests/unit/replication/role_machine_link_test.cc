// What comes with a link, and with its end.
#include <gtest/gtest.h>

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

}  // namespace
}  // namespace twincached::replication
