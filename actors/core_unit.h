// One thread of the server: an event loop that is also what CAF runs actors on.
//
// What it is: the place where a core's LISTENER (and on core 0 LINK and SUPERVISOR) live, and where
// STOREs run that its actors sent mail to. An iteration reads every ready socket, runs the
// after-poll hooks (batches leave), runs actors until none has work, runs the before-sleep hooks
// (frames leave), and sleeps when there is nothing left to do. What it is not: CAF's scheduler. No
// actor of ours ever runs on a thread of CAF's. Bounds: kTurnsPerIteration.
//
// Invariants:
// 1. CAF's mailboxes of pinned actors are touched by the owning thread only; another thread hands
//    its message over in the mutexed inbox (so ThreadSanitizer sees every hand-over, and a wake-up
//    is paid only by a sleeper).
// 2. Messages from one sender arrive in the order in which they were sent, also when the sender
//    changes threads in between (roaming.h): what is in the inbox comes before what its own thread
//    delivers.
// 3. After Stop() nothing is accepted any more: a late message is dropped.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include <caf/execution_unit.hpp>
#include <caf/resumable.hpp>
#include <caf/scheduled_actor.hpp>

#include "net/event_loop.h"

namespace twincached {

class CoreUnit final : public caf::execution_unit {
 public:
  CoreUnit(caf::actor_system* system, uint32_t core, std::unique_ptr<net::EventLoop> loop);
  ~CoreUnit() override;
  CoreUnit(const CoreUnit&) = delete;
  CoreUnit& operator=(const CoreUnit&) = delete;

  // Before any actor is spawned here.
  void set_system(caf::actor_system* system) { system_ = system; }
  // Runs iterations on the calling thread until Stop().
  void Run();
  // One iteration; it sleeps only while no actor has work. For whoever is the thread himself.
  // Returns whether anything was done.
  bool RunIteration();
  // An actor can run, or a message from another thread has come.
  bool HasWork();
  // Thread-safe.
  void Stop();

  // The unit of the calling thread; this one where that is no unit's. Thread-safe.
  CoreUnit& Nearest();

  // Puts a message into the mailbox of an actor pinned here. Thread-safe.
  void Deliver(caf::scheduled_actor* target, caf::mailbox_element_ptr element);
  // Gives it a turn. Thread-safe.
  void RunSoon(caf::resumable* job);
  // Calls `work` on this unit's thread: at once when that is the calling one. Thread-safe.
  void Do(std::function<void()> work);
  // CAF calls it, on this thread (or before Run()).
  void exec_later(caf::resumable* job) override;

  // Hooks live as long as the unit. Own thread or before Run().
  void AddAfterPoll(std::function<void()> hook) { after_poll_.push_back(std::move(hook)); }
  void AddBeforeSleep(std::function<void()> hook) { before_sleep_.push_back(std::move(hook)); }

  uint32_t core() const { return core_; }
  net::EventLoop& loop() { return *loop_; }

 private:
  struct Parcel {
    caf::strong_actor_ptr target;  // keeps it alive until delivered
    caf::scheduled_actor* actor;
    caf::mailbox_element_ptr element;
  };

  // Lets `put` add something to the inbox; dropped once stopped.
  template <class Put>
  void PutIntoInbox(Put put);
  void DrainInbox();
  void RunJobs(size_t turns_max);
  bool OnOwnThread() const;

  const uint32_t core_;
  const std::unique_ptr<net::EventLoop> loop_;
  std::vector<std::function<void()>> after_poll_;
  std::vector<std::function<void()>> before_sleep_;
  std::deque<caf::resumable*> jobs_;  // each holds one reference
  std::atomic<bool> stopped_{false};
  struct Inbox {
    std::vector<Parcel> parcels;
    std::vector<std::function<void()>> works;
    bool empty() const { return parcels.empty() && works.empty(); }
  };
  std::mutex mutex_;
  Inbox inbox_;                        // guarded by mutex_
  std::atomic<bool> has_mail_{false};  // of inbox_; changes with mutex_ held
  Inbox draining_;
};

}  // namespace twincached
