#include "tests/unit/actors/actor_fixture.h"

#include <caf/actor_registry.hpp>
#include <caf/atom.hpp>
#include <caf/exit_reason.hpp>

#include "net/poller.h"

namespace twincached {

namespace {

// As a node does (node.cc): CAF's own threads sleep.
caf::actor_system_config& Configure(caf::actor_system_config* config) {
  config->set("scheduler.max-threads", size_t{1});
  config->set("scheduler.policy", caf::atom("sharing"));
  return *config;
}

}  // namespace

ActorTest::ActorTest()
    : system_(Configure(&config_)),
      unit_(std::make_unique<CoreUnit>(
          &system_, 0, std::make_unique<net::EventLoop>(std::move(*net::NewEpollPoller())))) {}

void ActorTest::TearDown() {
  for (const caf::actor& actor : actors_) {
    caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
  }
  EXPECT_TRUE(RunUntil([this] { return system_.registry().running() == 0; }));
  actors_.clear();
  unit_->Stop();
}

void ActorTest::Wire(const Wiring& wiring) {
  const auto wired = std::make_shared<const Wiring>(wiring);
  for (const auto& actor : wired->listeners) Send(actor, WiringPtr(wired));
  for (const auto& actor : wired->stores) Send(actor, WiringPtr(wired));
  Send(wired->link, WiringPtr(wired));
  Send(wired->supervisor, WiringPtr(wired));
  Settle();
}

void ActorTest::Settle() {
  for (int i = 0; i < 8; ++i) {
    unit_->loop().Wake();
    unit_->RunIteration();
  }
}

bool ActorTest::RunUntil(const std::function<bool()>& done) {
  for (int i = 0; i < 500 && !done(); ++i) {
    unit_->loop().AddTimer(10, [] {});
    unit_->RunIteration();
  }
  return done();
}

}  // namespace twincached
