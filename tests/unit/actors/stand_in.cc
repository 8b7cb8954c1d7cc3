#include "tests/unit/actors/stand_in.h"

#include "actors/pinned.h"

namespace twincached {
namespace {

template <class Handle>
class Recorder;

template <class... Messages>
class Recorder<
    caf::typed_actor<caf::typed_mpi<caf::detail::type_list<Messages>, caf::output_tuple<void>>...>>
    final : public pinned<caf::typed_actor<caf::reacts_to<Messages>...>> {
 public:
  using Handle = caf::typed_actor<caf::reacts_to<Messages>...>;

  Recorder(caf::actor_config& config, CoreUnit* unit, std::shared_ptr<StandInLog<Handle>> log)
      : pinned<Handle>(config, unit), log_(std::move(log)) {}

  const char* name() const override { return "STAND-IN"; }
  void on_exit() override {
    pinned<Handle>::on_exit();
    *log_ = {};  // the wiring in it holds this actor's own handle
  }

 protected:
  typename Handle::behavior_type make_behavior() override {
    return {[this](const Messages& message) {
      std::get<std::vector<Messages>>(log_->heard).push_back(message);
    }...};
  }

 private:
  const std::shared_ptr<StandInLog<Handle>> log_;
};

}  // namespace

template <class Handle>
StandIn<Handle> SpawnStandIn(caf::actor_system& system, CoreUnit* unit) {
  StandIn<Handle> made;
  made.log = std::make_shared<StandInLog<Handle>>();
  made.actor = SpawnOn<Recorder<Handle>>(system, unit, made.log);
  return made;
}

template StandIn<listener_actor> SpawnStandIn(caf::actor_system&, CoreUnit*);
template StandIn<store_actor> SpawnStandIn(caf::actor_system&, CoreUnit*);
template StandIn<link_actor> SpawnStandIn(caf::actor_system&, CoreUnit*);
template StandIn<supervisor_actor> SpawnStandIn(caf::actor_system&, CoreUnit*);
template StandIn<warmer_actor> SpawnStandIn(caf::actor_system&, CoreUnit*);

}  // namespace twincached
