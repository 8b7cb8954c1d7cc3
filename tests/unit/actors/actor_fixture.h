// A core on the test's own thread, with the actor under test on it and stand-ins around it.
//
// What it is: a CoreUnit with a real event loop whose iterations the test drives by Settle(), and
// for every actor that is not under test one of the same interface that writes down what it is
// sent. So the test says what the others say and looks at what they hear, in their own messages.
// What it is not: a node, or a clock. There are no threads; nothing waits but RunUntil().
//
// In a test: Spawn<Actor>() what is real, StandIn<Handle>() what is not, Wire() them, then Send()
// and Settle(). The base ends every actor, so a test keeps handles as members or locals only.
#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include <caf/actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/send.hpp>

#include "actors/core_unit.h"
#include "actors/interfaces.h"
#include "actors/pinned.h"
#include "gtest/gtest.h"
#include "net/event_loop.h"
#include "tests/unit/actors/stand_in.h"

namespace twincached {

class ActorTest : public testing::Test {
 protected:
  ActorTest();
  void TearDown() override;

  template <class Actor, class... Ts>
  typename Actor::actor_hdl Spawn(Ts&&... arguments) {
    auto handle = SpawnOn<Actor>(system_, unit_.get(), std::forward<Ts>(arguments)...);
    actors_.push_back(caf::actor_cast<caf::actor>(handle));
    return handle;
  }
  template <class Handle>
  StandIn<Handle> MakeStandIn() {
    StandIn<Handle> made = SpawnStandIn<Handle>(system_, unit_.get());
    actors_.push_back(caf::actor_cast<caf::actor>(made.actor));
    return made;
  }

  template <class Handle, class Message>
  void Send(const Handle& to, Message message) {
    caf::anon_send(to, std::move(message));
  }
  // Tells every actor who is who; then Settle().
  void Wire(const Wiring& wiring);

  // Some iterations that do not sleep: what was sent has been handled, and what came of it.
  void Settle();
  // Iterations that sleep while nothing happens; false when it did not come true in some seconds.
  bool RunUntil(const std::function<bool()>& done);

  net::EventLoop& loop() { return unit_->loop(); }

 private:
  caf::actor_system_config config_;
  caf::actor_system system_;
  std::unique_ptr<CoreUnit> unit_;
  std::vector<caf::actor> actors_;
};

}  // namespace twincached
