// What every actor of a node has in common: a core, and that a bug in it ends the node.
//
// The base of pinned (it runs on that core only) and roaming (it runs on any). A bug in a handler
// must crash the node, for the peer to take over, not silently drop a shard: exceptions and errors
// print one line and abort. What an actor leaves with its unit (hooks, timers) may be called after
// its end: each such callback goes through WhileRunning().
#pragma once

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <utility>

#include <caf/abstract_actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/actor_config.hpp>
#include <caf/actor_system.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "actors/core_unit.h"

namespace twincached {

[[noreturn]] inline void AbortActor(const char* name, const char* what) {
  std::fprintf(stderr, "twincached: bug in %s: %s\n", name, what);
  std::abort();
}

template <class Handle>
class core_actor : public Handle::base {
 public:
  using Base = typename Handle::base;

  core_actor(caf::actor_config& config, CoreUnit* unit) : Base(config), unit_(unit) {
    this->set_exception_handler([this](std::exception_ptr& error) -> caf::error {
      try {
        std::rethrow_exception(error);
      } catch (const std::exception& exception) {
        AbortActor(this->name(), exception.what());
      } catch (...) {
        AbortActor(this->name(), "unknown exception");
      }
    });
    this->set_error_handler(
        [this](caf::error& error) { AbortActor(this->name(), caf::to_string(error).c_str()); });
  }

  // Whoever overrides it calls it.
  void on_exit() override { running_.reset(); }

 protected:
  // A callback that does nothing once this actor has exited.
  template <class Callback>
  std::function<void()> WhileRunning(Callback callback) {
    return [running = std::weak_ptr<char>(running_), callback = std::move(callback)] {
      if (!running.expired()) callback();
    };
  }

  CoreUnit& unit() { return *unit_; }

 private:
  CoreUnit* const unit_;  // outlives the actor
  std::shared_ptr<char> running_ = std::make_shared<char>();
};

template <class Actor, class... Ts>
typename Actor::actor_hdl SpawnOn(caf::actor_system& system, CoreUnit* unit, Ts&&... arguments) {
  caf::actor_config config{unit};
  return system.spawn_impl<Actor, caf::no_spawn_options>(config, unit,
                                                         std::forward<Ts>(arguments)...);
}

// Returns when the actor has ended. Not from a core's thread. (A scoped_actor can wait as well, but
// CAF counts its references where ThreadSanitizer does not see it.)
template <class Handle>
void WaitForEndOf(const Handle& actor) {
  const auto ended = std::make_shared<std::promise<void>>();
  caf::actor_cast<caf::abstract_actor*>(actor)->attach_functor([ended] { ended->set_value(); });
  ended->get_future().wait();
}

}  // namespace twincached
