// An actor of somebody else's interface that writes down what it is sent.
//
// Its code is in stand_in.cc, for every interface there: CAF's templates for one actor take a
// compiler seconds, and every test has several.
#pragma once

#include <memory>
#include <tuple>
#include <utility>
#include <vector>

#include "actors/core_unit.h"
#include "actors/interfaces.h"

namespace twincached {

template <class Handle>
struct StandInLog;

// What was sent, by type, oldest first.
template <class... Messages>
struct StandInLog<caf::typed_actor<
    caf::typed_mpi<caf::detail::type_list<Messages>, caf::output_tuple<void>>...>> {
  std::tuple<std::vector<Messages>...> heard;
};

template <class Handle>
struct StandIn {
  Handle actor;
  std::shared_ptr<StandInLog<Handle>> log;

  // Everything of one type that it was sent.
  template <class Message>
  std::vector<Message>& Heard() {
    return std::get<std::vector<Message>>(log->heard);
  }
  template <class Message>
  std::vector<Message> Take() {
    return std::exchange(Heard<Message>(), {});
  }
};

template <class Handle>
StandIn<Handle> SpawnStandIn(caf::actor_system& system, CoreUnit* unit);

extern template StandIn<listener_actor> SpawnStandIn(caf::actor_system&, CoreUnit*);
extern template StandIn<store_actor> SpawnStandIn(caf::actor_system&, CoreUnit*);
extern template StandIn<link_actor> SpawnStandIn(caf::actor_system&, CoreUnit*);
extern template StandIn<supervisor_actor> SpawnStandIn(caf::actor_system&, CoreUnit*);
extern template StandIn<warmer_actor> SpawnStandIn(caf::actor_system&, CoreUnit*);

}  // namespace twincached
