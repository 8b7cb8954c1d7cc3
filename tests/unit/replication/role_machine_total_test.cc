// Every event in every state: an answer each time, and nothing that its state forbids.
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/types/variant.h"
#include "tests/unit/replication/role_machine_driver.h"

namespace twincached::replication {
namespace {

using Way = std::function<void(Driver*)>;

// A way into every state, and into the phases that differ within one.
std::vector<std::pair<std::string, Way>> Ways() {
  return {
      {"BOOT", [](Driver* d) { d->Boot(); }},
      {"BOOT with a candidate", [](Driver* d) { d->Boot(), d->Open(1, true); }},
      {"SOLO", [](Driver* d) { d->Solo(); }},
      {"SOLO in a handshake",
       [](Driver* d) { d->Solo(), d->Open(1, false), d->Greet(1, d->Empty()); }},
      {"FEED", [](Driver* d) { d->Feed(); }},
      {"FEED confirming", [](Driver* d) { d->Feed(), d->Give(CaughtUp{}); }},
      {"FEED with InSync sent",
       [](Driver* d) { d->Feed(), d->Give(CaughtUp{}), d->ConfirmServing(); }},
      {"MASTER", [](Driver* d) { d->Master(); }},
      {"HOLD as master, link open", [](Driver* d) { d->Master(), d->Pass(400); }},
      {"HOLD as master, no link", [](Driver* d) { d->Master(), d->CloseLink(true); }},
      {"HOLD as master, outdated", [](Driver* d) { d->Master(), d->Stuck(2100); }},
      {"JOIN", [](Driver* d) { d->Join(); }},
      {"JOIN without a link", [](Driver* d) { d->Join(), d->CloseLink(true); }},
      {"SLAVE", [](Driver* d) { d->Slave(); }},
      {"JOIN, outdated", [](Driver* d) { d->Slave(), d->Give(OutdatedReceived{"slow"}); }},
      {"HOLD as slave, link open", [](Driver* d) { d->Slave(), d->Pass(400); }},
      {"HOLD as slave, no link", [](Driver* d) { d->Slave(), d->CloseLink(false); }},
      {"HOLD, promoting",
       [](Driver* d) { d->Slave(), d->CloseLink(true), d->Give(ProbeDone{ProbeDone::kRefused}); }},
      {"MASTER, to queue", [](Driver* d) { d->Master(), d->Give(SwitchoverReceived{}); }},
      {"MASTER, draining",
       [](Driver* d) { d->Master(), d->Give(SwitchoverReceived{}), d->ConfirmServing(); }},
      {"MASTER, yielding",
       [](Driver* d) {
         d->Master(), d->Give(SwitchoverReceived{}), d->ConfirmServing(), d->Give(Drained{});
       }},
      {"SLAVE, awaiting",
       [](Driver* d) { d->Master(), d->Give(SwitchoverReceived{}), d->HandOver(); }},
      {"HOLD, awaiting",
       [](Driver* d) {
         d->Master(), d->Give(SwitchoverReceived{}), d->HandOver(), d->CloseLink(false);
       }},
      {"SLAVE, asking", [](Driver* d) { d->Slave(), d->Give(SwitchoverAsked{}); }},
      {"MASTER, took over", [](Driver* d) { d->Slave(), d->Give(d->SwitchoverGoodbye()); }},
      {"SLAVE, handed over",
       [](Driver* d) {
         d->Master(), d->Give(SwitchoverReceived{}), d->HandOver();
         d->Give(VerdictReceived{1, d->TakeoverVerdict()});
       }},
      {"MASTER, stopping", [](Driver* d) { d->Master(), d->Give(StopRequested{15}); }},
      {"SLAVE, stopping", [](Driver* d) { d->Slave(), d->Give(StopRequested{15}); }},
      {"FEED, stopping", [](Driver* d) { d->Feed(), d->Give(StopRequested{15}); }},
      {"gone", [](Driver* d) { d->Solo(), d->Give(StopRequested{15}); }},
  };
}

std::vector<Event> Events(const Driver& driver) {
  Hello third = driver.Empty();
  third.set_node_id(77);
  Verdict refusal;
  refusal.set_refusal("no");
  std::vector<Event> events = {Started{},
                               ConnectionOpened{9, true},
                               ConnectionOpened{9, false},
                               ConnectionClosed{9, true},
                               ConnectionClosed{1, true},
                               ConnectionClosed{1, false},
                               ConnectionClosed{1, false, 1 << 20},
                               DialFailed{DialFailed::kRefused},
                               DialFailed{DialFailed::kSilent},
                               DialFailed{DialFailed::kUnresolved},
                               NotReadyReceived{1},
                               NotReadyReceived{9},
                               VerdictReceived{1, Verdict{}},
                               VerdictReceived{9, Verdict{}},
                               VerdictReceived{1, refusal},
                               VerdictReceived{1, driver.TakeoverVerdict()},
                               HeartbeatReceived{1, JOIN},
                               HeartbeatReceived{1, SLAVE},
                               HeartbeatReceived{5000, MASTER},
                               ProbeDone{ProbeDone::kRefused},
                               ProbeDone{ProbeDone::kAccepted},
                               ProbeDone{ProbeDone::kSilent},
                               CaughtUp{},
                               InSyncAcked{},
                               InSyncApplied{},
                               StreamBroken{"a gap"},
                               OutdatedReceived{"slow"},
                               OutdatedAcked{},
                               driver.LastGoodbye(),
                               driver.SwitchoverGoodbye(),
                               SwitchoverAsked{},
                               SwitchoverReceived{},
                               SwitchoverReceived{"no"},
                               StopRequested{15},
                               Drained{},
                               FirstMutation{3},
                               EpochUsedUp{driver.status().epoch.number()},
                               LimitsChanged{"limits"}};
  for (const uint64_t token : {uint64_t{0}, driver.serving_token(), driver.barrier_token()}) {
    events.push_back(ServingConfirmed{token});
    events.push_back(BarrierDone{token});
  }
  for (const ConnectionId id : {1, 9}) {
    for (const Hello& theirs : {driver.Empty(), driver.Reborn(), third, driver.OurHello()}) {
      events.push_back(HelloReceived{static_cast<ConnectionId>(id), driver.OurHello(), theirs});
    }
  }
  for (const int64_t step : {100, 800, 3100}) {
    events.push_back(Tick{driver.now() + step, driver.now() + step, 0});
    events.push_back(Tick{driver.now() + step, driver.now() + step, 2100});
  }
  return events;
}

bool Alone(const RoleStatus& status) {
  return status.serving == ServingMode::kAlone && status.decides;
}

// What may follow whatever happened.
void ExpectAllowed(const RoleStatus& before, const Driver& driver) {
  const RoleStatus& after = driver.status();
  if (before.state == JOIN && after.state == SOLO) {
    EXPECT_TRUE(driver.Emitted<DropData>());
  }
  if (driver.Emitted<RunBarrier>()) {
    EXPECT_TRUE(!before.decides && (before.state == SLAVE || before.state == HOLD));
  }
  if (Alone(after) && !Alone(before)) {
    EXPECT_TRUE(after.state == SOLO || after.state == FEED);
  }
  if (before.decides && !after.decides) {
    EXPECT_TRUE(driver.Emitted<Follow>());
  }
  if (!before.decides && after.decides) {
    EXPECT_TRUE(driver.Emitted<Decide>());
    EXPECT_GT(Compare(after.epoch, before.epoch), 0);
  }
  EXPECT_GE(after.epoch.number(), before.epoch.number());
}

TEST(RoleMachineTotal, AnswersEveryEventInEveryState) {
  for (const bool has_peer : {true, false}) {
    for (const auto& way : Ways()) {
      Driver probe(has_peer);
      way.second(&probe);
      const size_t count = Events(probe).size();
      for (size_t i = 0; i < count; ++i) {
        Driver driver(has_peer);
        way.second(&driver);
        const RoleStatus before = driver.status();
        driver.Give(Events(driver)[i]);
        SCOPED_TRACE(testing::Message() << way.first << ", event " << i);
        ExpectAllowed(before, driver);
        ASSERT_FALSE(HasFailure());
      }
    }
  }
}

TEST(RoleMachineTotal, AnswersEveryPairOfEventsInEveryState) {
  for (const auto& way : Ways()) {
    Driver probe(true);
    way.second(&probe);
    const size_t count = Events(probe).size();
    for (size_t i = 0; i < count; ++i) {
      for (size_t j = 0; j < count; ++j) {
        Driver driver(true);
        way.second(&driver);
        const State state = driver.state();
        driver.Give(Events(driver)[i]);
        if (driver.effects().empty() && driver.state() == state) break;  // as if it had not been
        const RoleStatus before = driver.status();
        driver.Give(Events(driver)[j]);
        SCOPED_TRACE(testing::Message() << way.first << ", events " << i << " " << j);
        ExpectAllowed(before, driver);
        ASSERT_FALSE(HasFailure());
      }
    }
  }
}

TEST(RoleMachineTotal, EveryWayLeadsWhereItsNameSays) {
  for (const auto& way : Ways()) {
    if (way.first == "gone") continue;
    Driver driver(true);
    way.second(&driver);
    const std::string name = State_Name(driver.status().state);
    EXPECT_EQ(way.first.substr(0, name.size()), name) << way.first;
  }
}

}  // namespace
}  // namespace twincached::replication
