#include "actors/core_unit.h"

#include <caf/actor_cast.hpp>
#include <caf/actor_control_block.hpp>
#include <caf/mailbox_element.hpp>

#include <limits>

namespace twincached {

namespace {

thread_local CoreUnit* current_unit = nullptr;

// Messages one actor may handle before the others get their turn.
constexpr size_t kMessagesPerTurn = 64;
// Turns before sockets get theirs: other cores may have a STORE run here without end.
constexpr size_t kTurnsPerIteration = 256;

}  // namespace

CoreUnit::CoreUnit(caf::actor_system* system, uint32_t core, std::unique_ptr<net::EventLoop> loop)
    : caf::execution_unit(system), core_(core), loop_(std::move(loop)) {}

CoreUnit::~CoreUnit() {
  for (caf::resumable* job : jobs_) caf::intrusive_ptr_release(job);
}

bool CoreUnit::OnOwnThread() const { return current_unit == this; }

void CoreUnit::Run() {
  while (!stopped_.load(std::memory_order_acquire)) RunIteration();
  current_unit = this;
  DrainInbox();
  RunJobs(std::numeric_limits<size_t>::max());
  current_unit = nullptr;
}

bool CoreUnit::RunIteration() {
  current_unit = this;
  bool worked = loop_->Poll(jobs_.empty() ? -1 : 0) > 0;
  for (const auto& hook : after_poll_) hook();
  worked = worked || !jobs_.empty();
  RunJobs(kTurnsPerIteration);
  for (const auto& hook : before_sleep_) hook();
  current_unit = nullptr;
  return worked;
}

bool CoreUnit::HasWork() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return !jobs_.empty() || !inbox_.empty();
}

void CoreUnit::Stop() {
  stopped_.store(true, std::memory_order_release);
  loop_->Wake();
}

CoreUnit& CoreUnit::Nearest() { return current_unit == nullptr ? *this : *current_unit; }

void CoreUnit::Deliver(caf::scheduled_actor* target, caf::mailbox_element_ptr element) {
  if (OnOwnThread()) {
    if (has_mail_.load(std::memory_order_acquire)) DrainInbox();
    target->caf::scheduled_actor::enqueue(std::move(element), this);
    return;
  }
  PutIntoInbox([&](Inbox* inbox) {
    inbox->parcels.push_back(
        {caf::actor_cast<caf::strong_actor_ptr>(target), target, std::move(element)});
  });
}

void CoreUnit::RunSoon(caf::resumable* job) {
  caf::intrusive_ptr<caf::resumable> kept(job);
  if (OnOwnThread()) {
    jobs_.push_back(kept.release());
    return;
  }
  PutIntoInbox([this, &kept](Inbox* inbox) {
    inbox->works.push_back([this, kept]() mutable { jobs_.push_back(kept.release()); });
  });
}

void CoreUnit::Do(std::function<void()> work) {
  if (OnOwnThread()) return work();
  PutIntoInbox([&work](Inbox* inbox) { inbox->works.push_back(std::move(work)); });
}

template <class Put>
void CoreUnit::PutIntoInbox(Put put) {
  bool first = false;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (stopped_.load(std::memory_order_relaxed)) return;
    first = inbox_.empty();
    put(&inbox_);
    has_mail_.store(true, std::memory_order_release);
  }
  if (first) loop_->Post([this] { DrainInbox(); });
}

void CoreUnit::DrainInbox() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::swap(draining_, inbox_);
    has_mail_.store(false, std::memory_order_relaxed);
  }
  for (Parcel& parcel : draining_.parcels) {
    parcel.actor->caf::scheduled_actor::enqueue(std::move(parcel.element), this);
  }
  draining_.parcels.clear();
  for (std::function<void()>& work : draining_.works) work();
  draining_.works.clear();
}

void CoreUnit::exec_later(caf::resumable* job) { jobs_.push_back(job); }

void CoreUnit::RunJobs(size_t turns_max) {
  for (size_t turns = 0; turns < turns_max && !jobs_.empty(); ++turns) {
    caf::resumable* job = jobs_.front();
    jobs_.pop_front();
    switch (job->resume(this, kMessagesPerTurn)) {
      case caf::resumable::resume_later:
        jobs_.push_back(job);
        break;
      case caf::resumable::done:
      case caf::resumable::awaiting_message:
      case caf::resumable::shutdown_execution_unit:
        caf::intrusive_ptr_release(job);
        break;
    }
  }
}

}  // namespace twincached
