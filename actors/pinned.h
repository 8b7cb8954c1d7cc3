// An actor that never leaves its core: the base of LISTENER, LINK and SUPERVISOR.
//
// CAF schedules an actor on the unit of whoever wakes it; a pinned one overrides that and always
// runs on its own CoreUnit. Spawn it with SpawnOn.
#pragma once

#include <utility>

#include "actors/core_actor.h"

namespace twincached {

template <class Handle>
class pinned : public core_actor<Handle> {
 public:
  using core_actor<Handle>::core_actor;

  void enqueue(caf::mailbox_element_ptr element, caf::execution_unit*) override {
    this->unit().Deliver(this, std::move(element));
  }
  using core_actor<Handle>::enqueue;

 protected:
  net::EventLoop& loop() { return this->unit().loop(); }
};

}  // namespace twincached
