// An actor without a core: the base of the STORE. It runs on whichever core brings it mail.
//
// CAF's own rule, an actor runs on the unit of whoever wakes it, without CAF's threads: who sends
// it a message while nobody runs it has it in his core's run queue. So a command batch for another
// core's shard wakes nobody and waits for nobody who sleeps. It has a home core all the same: for
// its timers, and for mail from threads that are no core.
//
// Invariants:
// 1. At most one thread runs it. Who runs it runs all mail that comes meanwhile; a message is never
//    in the inbox with nobody to run it.
// 2. Messages of one sender are handled in the order in which they were sent, wherever that was.
// 3. CAF's mailbox is touched by whoever runs it only; the inbox is mutexed, so ThreadSanitizer
//    sees every hand-over from core to core.
#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "actors/core_actor.h"
#include "proto/check.h"

namespace twincached {

template <class Handle>
class roaming : public core_actor<Handle> {
 public:
  using Base = core_actor<Handle>;
  using Base::Base;

  // Any thread.
  void enqueue(caf::mailbox_element_ptr element, caf::execution_unit*) override {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (ended_) return;
      inbox_.push_back(std::move(element));
      if (running_) return;
    }
    this->unit().Nearest().RunSoon(this);
  }
  using Base::enqueue;

  // Until LetGo() it is as if a thread ran it that does not get on: for the simulator, whose cores
  // stop nowhere else in the middle of an iteration. REQUIRES: nobody runs it.
  void Hold() {
    const std::lock_guard<std::mutex> lock(mutex_);
    CHECK(!running_);
    running_ = true;
  }
  void LetGo() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      running_ = false;
    }
    this->unit().RunSoon(this);
  }

  // By a core's run queue; there may be several that have it, and one that runs it.
  caf::resumable::resume_result resume(caf::execution_unit* unit, size_t messages_max) override {
    if (!Begin()) return caf::resumable::awaiting_message;
    for (caf::mailbox_element_ptr& element : taken_) this->mailbox().push_back(std::move(element));
    taken_.clear();
    return End(Base::resume(unit, messages_max));
  }

 protected:
  // Calls `work` on the home core, as long as this actor runs, delay_ms from now. It may not touch
  // this actor, which runs elsewhere: let it send a message.
  void AtHomeAfter(int64_t delay_ms, std::function<void()> work) {
    this->unit().Do([unit = &this->unit(), delay_ms, work = this->WhileRunning(std::move(work))] {
      unit->loop().AddTimer(delay_ms, work);
    });
  }

 private:
  // Takes the mail. False: another core runs it, or ran it already.
  bool Begin() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (running_ || ended_ || (inbox_.empty() && !unfinished_)) return false;
    running_ = true;
    taken_.swap(inbox_);
    return true;
  }

  // Whether it is to run again: what came while it ran, nobody else has in his queue.
  caf::resumable::resume_result End(caf::resumable::resume_result result) {
    if (result == caf::resumable::done) return Finish();
    const std::lock_guard<std::mutex> lock(mutex_);
    running_ = false;
    unfinished_ = result == caf::resumable::resume_later;
    return inbox_.empty() ? result : caf::resumable::resume_later;
  }

  caf::resumable::resume_result Finish() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      ended_ = true;
      taken_.swap(inbox_);
    }
    taken_.clear();  // without the lock: a message may own anything
    return caf::resumable::done;
  }

  std::mutex mutex_;
  std::vector<caf::mailbox_element_ptr> inbox_;  // guarded by mutex_
  bool running_ = false;                         // guarded by mutex_: a thread is in resume()
  bool unfinished_ = true;  // guarded by mutex_: CAF's mailbox has mail, or it never ran
  bool ended_ = false;      // guarded by mutex_: what comes is dropped
  std::vector<caf::mailbox_element_ptr> taken_;  // of whoever runs it
};

}  // namespace twincached
