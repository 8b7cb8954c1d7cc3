// A data race on purpose, in the handlers of two CAF actors on two threads: the place where a
// suppression for CAF that is too wide would hide it. ThreadSanitizer must report it.
//
// The two handlers meet at a relaxed counter, which orders nothing, so that both really run at
// once and no lock inside CAF happens to order them.
#include <atomic>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>

namespace {

constexpr int kRounds = 1000;

std::atomic<int> arrived{0};
int raced = 0;

class Racer : public caf::event_based_actor {
 public:
  using caf::event_based_actor::event_based_actor;

  caf::behavior make_behavior() override {
    return {[this](int rounds) {
      arrived.fetch_add(1, std::memory_order_relaxed);
      while (arrived.load(std::memory_order_relaxed) < 2) {
      }
      for (int i = 0; i < rounds; ++i) raced = raced + 1;
      quit();
    }};
  }
};

}  // namespace

int main() {
  caf::actor_system_config config;
  config.set("scheduler.max-threads", 1);
  config.set("scheduler.policy", caf::atom("sharing"));
  caf::actor_system system{config};
  caf::anon_send(system.spawn<Racer, caf::detached>(), kRounds);
  caf::anon_send(system.spawn<Racer, caf::detached>(), kRounds);
  system.await_all_actors_done();
  return 0;
}
