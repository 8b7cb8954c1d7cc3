// An actor that runs on whichever core brings it mail, on cores with threads of their own.
#include "actors/roaming.h"

#include <algorithm>
#include <atomic>
#include <future>
#include <memory>
#include <mutex>
#include <thread>
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
#include <caf/typed_actor.hpp>

#include "actors/pinned.h"
#include "gtest/gtest.h"
#include "net/event_loop.h"
#include "net/poller.h"

namespace twincached {
namespace {

// The `number`th thing that core `from` says.
struct Word {
  uint32_t from = 0;
  uint64_t number = 0;
};
// Says so many words to the roamer, one when the last one has been answered.
struct Talk {
  uint64_t words = 0;
};
// The `number`th word of all that the roamer heard.
struct Heard {
  Word word;
  uint64_t number = 0;
};
struct TimerDue {};

}  // namespace
}  // namespace twincached

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(twincached::Word)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(twincached::Talk)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(twincached::Heard)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(twincached::TimerDue)

namespace twincached {
namespace {

using roamer_actor = caf::typed_actor<caf::reacts_to<Word>, caf::reacts_to<TimerDue>>;
using talker_actor = caf::typed_actor<caf::reacts_to<Talk>, caf::reacts_to<Heard>>;
using witness_actor = caf::typed_actor<caf::reacts_to<Heard>>;

// What the actors saw. Everything but the atomics is one actor's, until it has ended.
struct Record {
  std::vector<talker_actor> talkers;  // by core; filled before anybody talks
  witness_actor witness;

  std::atomic<int> running{0};
  std::atomic<bool> met_itself{false};
  std::vector<std::thread::id> ran_on;  // of the roamer, by word
  std::vector<uint64_t> newest;         // by who said it
  bool out_of_order = false;
  std::promise<std::thread::id> timer;

  uint64_t witnessed = 0;
  bool witnessed_out_of_order = false;
};

class Roamer final : public roaming<roamer_actor> {
 public:
  Roamer(caf::actor_config& config, CoreUnit* unit, std::shared_ptr<Record> record)
      : roaming(config, unit), record_(std::move(record)) {}

 protected:
  behavior_type make_behavior() override {
    return {[this](const Word& word) { Hear(word); },
            [this](const TimerDue&) {
              AtHomeAfter(
                  0, [record = record_] { record->timer.set_value(std::this_thread::get_id()); });
            }};
  }

 private:
  void Hear(const Word& word) {
    if (record_->running.fetch_add(1) != 0) record_->met_itself = true;
    record_->ran_on.push_back(std::this_thread::get_id());
    record_->newest.resize(std::max<size_t>(record_->newest.size(), word.from + 1));
    record_->out_of_order |= word.number != ++record_->newest[word.from];
    const Heard heard{word, ++heard_};
    if (record_->witness) send(record_->witness, heard);
    if (word.from < record_->talkers.size()) send(record_->talkers[word.from], heard);
    record_->running.fetch_sub(1);
  }

  const std::shared_ptr<Record> record_;
  uint64_t heard_ = 0;
};

// Stays on its core and talks to the roamer.
class Talker final : public pinned<talker_actor> {
 public:
  Talker(caf::actor_config& config, CoreUnit* unit, roamer_actor roamer)
      : pinned(config, unit), roamer_(std::move(roamer)) {}
  void on_exit() override {
    pinned::on_exit();
    roamer_ = nullptr;
  }

 protected:
  behavior_type make_behavior() override {
    return {[this](const Talk& talk) {
              left_ = talk.words;
              Say();
            },
            [this](const Heard&) { Say(); }};
  }

 private:
  void Say() {
    if (left_-- == 0) return quit();
    send(roamer_, Word{unit().core(), ++said_});
  }

  roamer_actor roamer_;
  uint64_t left_ = 0;
  uint64_t said_ = 0;
};

// Stays on core 0 and hears everything that the roamer heard.
class Witness final : public pinned<witness_actor> {
 public:
  Witness(caf::actor_config& config, CoreUnit* unit, std::shared_ptr<Record> record)
      : pinned(config, unit), record_(std::move(record)) {}

 protected:
  behavior_type make_behavior() override {
    return {[this](const Heard& heard) {
      record_->witnessed_out_of_order |= heard.number != ++record_->witnessed;
    }};
  }

 private:
  const std::shared_ptr<Record> record_;
};

class RoamingTest : public testing::Test {
 protected:
  static constexpr uint32_t kCores = 3;

  RoamingTest() : system_(Configure(&config_)) {
    for (uint32_t core = 0; core < kCores; ++core) {
      units_.push_back(std::make_unique<CoreUnit>(
          &system_, core, std::make_unique<net::EventLoop>(*net::NewEpollPoller())));
    }
    roamer_ = SpawnOn<Roamer>(system_, units_[0].get(), record_);
  }

  void SpawnTalkers() {
    for (auto& unit : units_) {
      record_->talkers.push_back(SpawnOn<Talker>(system_, unit.get(), roamer_));
    }
  }
  // The cores begin to run.
  void Run() {
    for (auto& unit : units_) {
      threads_.emplace_back([core = unit.get()] { core->Run(); });
    }
  }
  template <class Handle>
  void End(const Handle& actor) {
    caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
    WaitForEndOf(actor);
  }

  // The core has run everything that was sent to it before, and what came of that there.
  void PassIteration(uint32_t core) {
    for (int i = 0; i < 2; ++i) {
      std::promise<void> polled;
      units_[core]->loop().Post([&polled] { polled.set_value(); });
      polled.get_future().wait();
    }
  }

  void TearDown() override {
    End(roamer_);
    system_.await_all_actors_done();
    for (auto& unit : units_) unit->Stop();
    for (std::thread& thread : threads_) thread.join();
    record_->talkers.clear();
    record_->witness = nullptr;
    roamer_ = nullptr;
    units_.clear();
  }

  static caf::actor_system_config& Configure(caf::actor_system_config* config) {
    config->set("scheduler.max-threads", size_t{1});
    config->set("scheduler.policy", caf::atom("sharing"));
    return *config;
  }

  caf::actor_system_config config_;
  caf::actor_system system_;
  std::vector<std::unique_ptr<CoreUnit>> units_;
  std::vector<std::thread> threads_;
  const std::shared_ptr<Record> record_ = std::make_shared<Record>();
  roamer_actor roamer_;
};

TEST_F(RoamingTest, RunsOnTheCoreOfWhoeverBringsItMail) {
  SpawnTalkers();
  Run();
  // Its first turn, at home, is over before that core's timers are due.
  caf::anon_send(roamer_, TimerDue{});
  record_->timer.get_future().wait();
  caf::anon_send(record_->talkers[1], Talk{3});
  WaitForEndOf(record_->talkers[1]);
  caf::anon_send(record_->talkers[2], Talk{2});
  WaitForEndOf(record_->talkers[2]);
  End(record_->talkers[0]);
  End(roamer_);
  const std::thread::id one = threads_[1].get_id();
  const std::thread::id two = threads_[2].get_id();
  EXPECT_EQ(record_->ran_on, (std::vector<std::thread::id>{one, one, one, two, two}));
}

TEST_F(RoamingTest, RunsAtHomeForThreadsThatAreNoCore) {
  Run();
  caf::anon_send(roamer_, Word{0, 1});
  End(roamer_);
  EXPECT_EQ(record_->ran_on, std::vector<std::thread::id>{threads_[0].get_id()});
}

TEST_F(RoamingTest, IsRunByOneThreadAtATimeAndMissesNothing) {
  constexpr uint64_t kWords = 20000;
  SpawnTalkers();
  record_->witness = SpawnOn<Witness>(system_, units_[0].get(), record_);
  Run();
  for (const talker_actor& talker : record_->talkers) caf::anon_send(talker, Talk{kWords});
  for (const talker_actor& talker : record_->talkers) WaitForEndOf(talker);
  End(roamer_);
  End(record_->witness);
  EXPECT_FALSE(record_->met_itself);
  EXPECT_FALSE(record_->out_of_order);
  EXPECT_EQ(record_->newest, std::vector<uint64_t>(kCores, kWords));
  // What it said on one core and then on another came in that order.
  EXPECT_EQ(record_->witnessed, kWords * kCores);
  EXPECT_FALSE(record_->witnessed_out_of_order);
}

TEST_F(RoamingTest, ItsTimersAreTheHomeCores) {
  Run();
  std::future<std::thread::id> timer = record_->timer.get_future();
  caf::anon_send(roamer_, TimerDue{});
  EXPECT_EQ(timer.get(), threads_[0].get_id());
}

TEST_F(RoamingTest, DropsWhatComesAfterItsEnd) {
  Run();
  End(roamer_);
  caf::anon_send(roamer_, Word{0, 1});
  EXPECT_TRUE(record_->ran_on.empty());
}

TEST_F(RoamingTest, WaitsWhileItIsHeld) {
  SpawnTalkers();
  auto* roamer = static_cast<Roamer*>(caf::actor_cast<caf::abstract_actor*>(roamer_));
  roamer->Hold();
  Run();
  caf::anon_send(record_->talkers[1], Talk{1});
  PassIteration(1);  // said, and turned away
  EXPECT_TRUE(record_->ran_on.empty());
  roamer->LetGo();
  WaitForEndOf(record_->talkers[1]);
  End(record_->talkers[0]);
  End(record_->talkers[2]);
  End(roamer_);
  EXPECT_EQ(record_->ran_on.size(), 1u);
}

}  // namespace
}  // namespace twincached
