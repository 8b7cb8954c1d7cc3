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
#include <tuple>
#include <utility>
#include <vector>

#include <caf/actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/actor_registry.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/atom.hpp>
#include <caf/exit_reason.hpp>
#include <caf/send.hpp>

#include "actors/core_unit.h"
#include "actors/interfaces.h"
#include "actors/pinned.h"
#include "gtest/gtest.h"
#include "net/event_loop.h"
#include "net/poller.h"

namespace twincached {

template <class Handle>
class Recorder;

// An actor that writes down what it is sent, by type, oldest first.
template <class... Messages>
class Recorder<
    caf::typed_actor<caf::typed_mpi<caf::detail::type_list<Messages>, caf::output_tuple<void>>...>>
    final : public pinned<caf::typed_actor<caf::reacts_to<Messages>...>> {
 public:
  using Handle = caf::typed_actor<caf::reacts_to<Messages>...>;
  using Log = std::tuple<std::vector<Messages>...>;

  Recorder(caf::actor_config& config, CoreUnit* unit, std::shared_ptr<Log> log)
      : pinned<Handle>(config, unit), log_(std::move(log)) {}

  const char* name() const override { return "STAND-IN"; }
  void on_exit() override {
    pinned<Handle>::on_exit();
    *log_ = Log();  // the wiring in it holds this actor's own handle
  }

 protected:
  typename Handle::behavior_type make_behavior() override {
    return {[this](const Messages& message) {
      std::get<std::vector<Messages>>(*log_).push_back(message);
    }...};
  }

 private:
  const std::shared_ptr<Log> log_;
};

template <class Handle>
struct StandIn {
  Handle actor;
  std::shared_ptr<typename Recorder<Handle>::Log> log;

  // Everything of one type that it was sent.
  template <class Message>
  std::vector<Message>& Heard() {
    return std::get<std::vector<Message>>(*log);
  }
  template <class Message>
  std::vector<Message> Take() {
    return std::exchange(Heard<Message>(), {});
  }
};

class ActorTest : public testing::Test {
 protected:
  ActorTest()
      : system_(Configure(&config_)),
        unit_(std::make_unique<CoreUnit>(
            &system_, 0, std::make_unique<net::EventLoop>(std::move(*net::NewEpollPoller())))) {}

  void TearDown() override {
    for (const caf::actor& actor : actors_) {
      caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
    }
    EXPECT_TRUE(RunUntil([this] { return system_.registry().running() == 0; }));
    actors_.clear();
    unit_->Stop();
  }

  template <class Actor, class... Ts>
  typename Actor::actor_hdl Spawn(Ts&&... arguments) {
    auto handle = SpawnPinned<Actor>(system_, unit_.get(), std::forward<Ts>(arguments)...);
    actors_.push_back(caf::actor_cast<caf::actor>(handle));
    return handle;
  }
  template <class Handle>
  StandIn<Handle> MakeStandIn() {
    StandIn<Handle> made;
    made.log = std::make_shared<typename Recorder<Handle>::Log>();
    made.actor = Spawn<Recorder<Handle>>(made.log);
    return made;
  }

  template <class Handle, class Message>
  void Send(const Handle& to, Message message) {
    caf::anon_send(to, std::move(message));
  }
  // Tells every actor who is who; then Settle().
  void Wire(const Wiring& wiring) {
    const auto wired = std::make_shared<const Wiring>(wiring);
    for (const auto& actor : wired->listeners) Send(actor, WiringPtr(wired));
    for (const auto& actor : wired->stores) Send(actor, WiringPtr(wired));
    Send(wired->link, WiringPtr(wired));
    Send(wired->supervisor, WiringPtr(wired));
    Settle();
  }

  // Some iterations that do not sleep: what was sent has been handled, and what came of it.
  void Settle() {
    for (int i = 0; i < 8; ++i) {
      unit_->loop().Wake();
      unit_->RunIteration();
    }
  }
  // Iterations that sleep while nothing happens; false when it did not come true in some seconds.
  bool RunUntil(const std::function<bool()>& done) {
    for (int i = 0; i < 500 && !done(); ++i) {
      unit_->loop().AddTimer(10, [] {});
      unit_->RunIteration();
    }
    return done();
  }

  net::EventLoop& loop() { return unit_->loop(); }

 private:
  // As a node does (node.cc): CAF's own threads sleep.
  static caf::actor_system_config& Configure(caf::actor_system_config* config) {
    config->set("scheduler.max-threads", size_t{1});
    config->set("scheduler.policy", caf::atom("sharing"));
    return *config;
  }

  caf::actor_system_config config_;
  caf::actor_system system_;
  std::unique_ptr<CoreUnit> unit_;
  std::vector<caf::actor> actors_;
};

}  // namespace twincached
