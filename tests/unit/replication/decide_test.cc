#include "proto/replication/decide.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>

namespace twincached::replication {
namespace {

Hello HelloOf(uint64_t node) {
  Hello hello;
  hello.set_protocol_min(kProtocolMin);
  hello.set_protocol_max(kProtocolMax);
  hello.set_node_id(node);
  hello.set_cluster_id(1);
  hello.mutable_incarnation()->set_high(node);
  hello.mutable_incarnation()->set_low(7);
  hello.set_memory_bytes_max(64);
  hello.set_item_bytes_max(1);
  hello.set_slot_seed(node * 11);
  return hello;
}

// Serves alone in `epoch`, generation `generation`, everything up to `position` answered.
Hello Serving(uint64_t node, uint64_t epoch, uint64_t generation, uint64_t position) {
  Hello hello = HelloOf(node);
  hello.set_state(SOLO);
  hello.set_serving(true);
  hello.mutable_epoch()->set_number(epoch);
  *hello.mutable_epoch()->mutable_minted_by() = hello.incarnation();
  hello.mutable_generation()->set_id(generation);
  hello.set_position(position);
  hello.set_acknowledged_position(position);
  return hello;
}

Hello Slave(const Hello& master, uint64_t node, uint64_t position) {
  Hello hello = HelloOf(node);
  hello.set_state(HOLD);
  *hello.mutable_epoch() = master.epoch();
  *hello.mutable_generation() = master.generation();
  hello.set_position(position);
  hello.set_acknowledged_position(position);
  return hello;
}

bool Is(const Incarnation& incarnation, const Hello& hello) {
  return Compare(incarnation, hello.incarnation()) == 0;
}

TEST(Decide, RefusesAnotherCluster) {
  Hello other = HelloOf(2);
  other.set_cluster_id(9);
  EXPECT_NE(DecideRoles(HelloOf(1), other).refusal(), "");
}

TEST(Decide, RefusesWithoutACommonProtocol) {
  Hello newer = HelloOf(2);
  newer.set_protocol_min(kProtocolMax + 1);
  newer.set_protocol_max(kProtocolMax + 2);
  EXPECT_NE(DecideRoles(HelloOf(1), newer).refusal(), "");
}

TEST(Decide, RefusesEqualNamesAndItself) {
  Hello same_name = HelloOf(2);
  same_name.set_node_id(1);
  EXPECT_NE(DecideRoles(HelloOf(1), same_name).refusal(), "");
  Hello itself = HelloOf(1);
  itself.set_node_id(5);
  EXPECT_NE(DecideRoles(HelloOf(1), itself).refusal(), "");
}

TEST(Decide, RefusesATargetThatCannotHoldWhatTheSourceMay) {
  const Hello source = Serving(1, 1, 10, 5);
  Hello small = HelloOf(2);
  small.set_memory_bytes_max(63);
  EXPECT_NE(DecideRoles(source, small).refusal(), "");
  small.set_memory_bytes_max(64);
  small.set_item_bytes_max(0);
  EXPECT_NE(DecideRoles(source, small).refusal(), "");
  Hello small_source = source;
  small_source.set_memory_bytes_max(63);
  EXPECT_EQ(DecideRoles(small_source, HelloOf(2)).refusal(), "");
}

TEST(Decide, OfTwoEmptyNodesTheServingOneIsSource) {
  const Verdict verdict = DecideRoles(Serving(1, 1, 0, 0), HelloOf(2));
  EXPECT_TRUE(Is(verdict.source(), HelloOf(1)));
  EXPECT_EQ(verdict.slot_seed(), 11u);
}

TEST(Decide, OfTwoEmptyNodesTheGreaterIncarnationIsSource) {
  EXPECT_TRUE(Is(DecideRoles(HelloOf(1), HelloOf(2)).source(), HelloOf(2)));
  const Hello a = Serving(1, 1, 0, 0), b = Serving(2, 1, 0, 0);
  EXPECT_TRUE(Is(DecideRoles(a, b).source(), b));
}

TEST(Decide, APairOfEmptyNodesBeginsAGeneration) {
  const Verdict verdict = DecideRoles(HelloOf(1), HelloOf(2));
  EXPECT_FALSE(IsEmpty(verdict.generation()));
  EXPECT_EQ(verdict.generation().parent(), 0u);
}

TEST(Decide, AnEmptyNodeIsTargetEvenWhenItServes) {
  const Hello reborn_master = Serving(1, 9, 0, 0);
  const Hello survivor = Slave(Serving(1, 1, 10, 5), 2, 5);
  const Verdict verdict = DecideRoles(reborn_master, survivor);
  EXPECT_TRUE(Is(verdict.source(), survivor));
  EXPECT_EQ(verdict.copy(), COPY_SNAPSHOT);
}

TEST(Decide, ASlaveResumesFromTheLog) {
  const Hello master = Serving(1, 3, 10, 50);
  const Verdict verdict = DecideRoles(Slave(master, 2, 40), master);
  EXPECT_TRUE(Is(verdict.source(), master));
  EXPECT_EQ(verdict.copy(), COPY_RESUME);
  EXPECT_EQ(verdict.resume_position(), 40u);
  EXPECT_EQ(verdict.generation().id(), 10u);
}

TEST(Decide, ASlaveTakesASnapshotWhenTheLogDoesNotReachBack) {
  Hello master = Serving(1, 3, 10, 50);
  master.set_log_begin_position(41);
  EXPECT_EQ(DecideRoles(Slave(master, 2, 40), master).copy(), COPY_SNAPSHOT);
  master.set_log_begin_position(40);
  EXPECT_EQ(DecideRoles(Slave(master, 2, 40), master).copy(), COPY_RESUME);
}

TEST(Decide, ATailThatNobodyAcknowledgedLoses) {
  Hello thawed = Serving(1, 1, 10, 53);
  thawed.set_state(HOLD);
  thawed.set_acknowledged_position(50);
  Hello promoted = Serving(2, 2, 10, 50);
  const Verdict verdict = DecideRoles(thawed, promoted);
  EXPECT_TRUE(Is(verdict.source(), promoted));
  EXPECT_EQ(verdict.copy(), COPY_SNAPSHOT);
  EXPECT_EQ(verdict.epoch().number(), 2u);
}

TEST(Decide, ATailThatClientsWereToldOfWinsOverOneWithout) {
  const Hello alone = Serving(1, 1, 10, 53);
  const Hello promoted = Serving(2, 2, 10, 50);
  const Verdict verdict = DecideRoles(alone, promoted);
  EXPECT_TRUE(Is(verdict.source(), alone));
  EXPECT_EQ(verdict.epoch().number(), 3u);
  EXPECT_TRUE(Is(verdict.epoch().minted_by(), alone));
}

TEST(Decide, ATargetThatServesNeverResumes) {
  const Hello old_master = Serving(1, 1, 10, 50);
  const Hello promoted = Serving(2, 2, 10, 50);
  EXPECT_EQ(DecideRoles(old_master, promoted).copy(), COPY_SNAPSHOT);
}

Hello ChildOf(const Hello& parent, uint64_t node, uint64_t begin, uint64_t position) {
  Hello child = Serving(node, parent.epoch().number() + 1, 77, position);
  child.mutable_generation()->set_parent(parent.generation().id());
  child.mutable_generation()->set_begin_position(begin);
  child.set_client_mutations_acknowledged(position - begin);
  return child;
}

TEST(Decide, TheChildIsSourceWhenTheParentAnsweredNothingPastTheFork) {
  const Hello master = Serving(1, 1, 10, 50);
  const Hello child = ChildOf(master, 2, 50, 60);
  Verdict verdict = DecideRoles(Slave(master, 1, 50), child);
  EXPECT_TRUE(Is(verdict.source(), child));
  EXPECT_EQ(verdict.copy(), COPY_RESUME);
  EXPECT_EQ(verdict.resume_position(), 50u);
  verdict = DecideRoles(Slave(master, 1, 51), child);
  EXPECT_EQ(verdict.copy(), COPY_SNAPSHOT);
}

TEST(Decide, OfTwoThatBothAnsweredTheOneThatAnsweredMoreIsSource) {
  const Hello parent = Serving(1, 1, 10, 70);
  EXPECT_TRUE(Is(DecideRoles(parent, ChildOf(parent, 2, 50, 60)).source(), parent));
  EXPECT_TRUE(Is(DecideRoles(parent, ChildOf(parent, 2, 50, 90)).source(), HelloOf(2)));
  EXPECT_EQ(DecideRoles(parent, ChildOf(parent, 2, 50, 90)).copy(), COPY_SNAPSHOT);
}

TEST(Decide, ANodeThatIsNotInSyncIsNeverSource) {
  Hello joiner = Slave(Serving(1, 1, 10, 50), 2, 40);
  joiner.set_state(JOIN);
  const Hello reborn = HelloOf(1);
  const Verdict verdict = DecideRoles(joiner, reborn);
  EXPECT_TRUE(Is(verdict.source(), reborn));
  EXPECT_EQ(verdict.copy(), COPY_SNAPSHOT);
}

TEST(Decide, AJoinerMayResume) {
  const Hello master = Serving(1, 1, 10, 50);
  Hello joiner = Slave(master, 2, 40);
  joiner.set_state(JOIN);
  EXPECT_EQ(DecideRoles(joiner, master).copy(), COPY_RESUME);
}

TEST(Decide, ASourceThatDoesNotServeMintsItsEpoch) {
  Hello booting = HelloOf(2);
  booting.mutable_epoch()->set_number(5);  // of a master that is gone
  booting.mutable_epoch()->mutable_minted_by()->set_high(99);
  const Verdict verdict = DecideRoles(booting, HelloOf(1));
  EXPECT_TRUE(Is(verdict.source(), booting));
  EXPECT_EQ(verdict.epoch().number(), 6u);
  EXPECT_TRUE(Is(verdict.epoch().minted_by(), booting));
}

// ---------------------------------------------------------------- for all Hellos

Hello RandomHello(std::mt19937_64* random, uint64_t node) {
  const auto below = [random](uint64_t limit) { return (*random)() % limit; };
  Hello hello = HelloOf(node);
  if (below(50) == 0) hello.set_cluster_id(2);
  if (below(50) == 0) hello.set_protocol_min(3);
  hello.set_node_id(1 + below(4));
  hello.mutable_incarnation()->set_high(below(3));
  hello.mutable_incarnation()->set_low(below(3));
  hello.set_state(static_cast<State>(below(7)));
  hello.set_serving(below(2) == 0);
  hello.mutable_epoch()->set_number(below(4));
  hello.mutable_epoch()->mutable_minted_by()->set_low(below(3));
  hello.mutable_generation()->set_id(below(4));
  hello.mutable_generation()->set_parent(below(4));
  hello.mutable_generation()->set_begin_position(below(6));
  hello.set_position(below(8));
  hello.set_acknowledged_position(below(8));
  hello.set_log_begin_position(below(8));
  hello.set_client_mutations_acknowledged(below(4));
  hello.set_memory_bytes_max(60 + below(5));
  hello.set_item_bytes_max(1 + below(2));
  return hello;
}

TEST(Decide, IsMirroredTotalAndNamesTheTwo) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 100'000; ++i) {
    const Hello a = RandomHello(&random, 1), b = RandomHello(&random, 2);
    const Verdict forth = DecideRoles(a, b), back = DecideRoles(b, a);
    ASSERT_TRUE(SameVerdict(forth, back)) << a.DebugString() << b.DebugString();
    if (!forth.refusal().empty()) continue;
    ASSERT_NE(Is(forth.source(), a), Is(forth.source(), b));
    ASSERT_TRUE(Is(forth.target(), Is(forth.source(), a) ? b : a));
    ASSERT_NE(forth.copy(), COPY_NONE);
    ASSERT_FALSE(IsEmpty(forth.generation()));
  }
}

TEST(Decide, NeverMakesAnEmptyNodeTheSourceOfOneInSyncWithData) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 100'000; ++i) {
    const Hello a = RandomHello(&random, 1), b = RandomHello(&random, 2);
    const Verdict verdict = DecideRoles(a, b);
    if (!verdict.refusal().empty()) continue;
    const Hello& source = Is(verdict.source(), a) ? a : b;
    const Hello& target = Is(verdict.source(), a) ? b : a;
    const bool target_counts = !IsEmpty(target.generation()) && target.state() != JOIN;
    if (target_counts) {
      ASSERT_FALSE(IsEmpty(source.generation()));
    }
  }
}

TEST(Decide, OnlyNodesOfOneSizeAndOfThisVersionMayTurn) {
  const Hello a = HelloOf(1);
  EXPECT_EQ(RefusalOfTurn(a, HelloOf(2)), "");
  Hello larger = HelloOf(2);
  larger.set_memory_bytes_max(65);
  EXPECT_NE(RefusalOfTurn(a, larger), "");
  EXPECT_EQ(RefusalOfTurn(a, larger), RefusalOfTurn(larger, a));
  Hello longer = HelloOf(2);
  longer.set_item_bytes_max(2);
  EXPECT_NE(RefusalOfTurn(a, longer), "");
  EXPECT_NE(RefusalOfTurn(longer, a), "");
  Hello older = HelloOf(2);
  older.set_protocol_max(kProtocolOfSwitchover - 1);
  EXPECT_NE(RefusalOfTurn(a, older), "");
  EXPECT_NE(RefusalOfTurn(older, a), "");
}

TEST(Decide, TheEpochIsAboveTheTargetsAndTheSourceMayServeInIt) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 100'000; ++i) {
    const Hello a = RandomHello(&random, 1), b = RandomHello(&random, 2);
    const Verdict verdict = DecideRoles(a, b);
    if (!verdict.refusal().empty()) continue;
    const Hello& source = Is(verdict.source(), a) ? a : b;
    const Hello& target = Is(verdict.source(), a) ? b : a;
    ASSERT_GT(Compare(verdict.epoch(), target.epoch()), 0);
    const bool kept = Compare(verdict.epoch(), source.epoch()) == 0;
    ASSERT_TRUE(kept ? source.serving() : Is(verdict.epoch().minted_by(), source));
    if (!kept) {
      ASSERT_GT(Compare(verdict.epoch(), source.epoch()), 0);
    }
  }
}

}  // namespace
}  // namespace twincached::replication
