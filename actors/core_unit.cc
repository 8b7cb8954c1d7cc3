#include "actors/core_unit.h"

#include <caf/actor_cast.hpp>
#include <caf/actor_control_block.hpp>
#include <caf/mailbox_element.hpp>

namespace twincached {

namespace {

thread_local const CoreUnit* current_unit = nullptr;

// Messages one actor may handle before the others get their turn.
constexpr size_t kMessagesPerTurn = 64;

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
  RunJobs();
  current_unit = nullptr;
}

bool CoreUnit::RunIteration() {
  current_unit = this;
  bool worked = loop_->Poll(jobs_.empty() ? -1 : 0) > 0;
  for (const auto& hook : after_poll_) hook();
  worked = worked || !jobs_.empty();
  RunJobs();
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

void CoreUnit::Deliver(caf::scheduled_actor* target, caf::mailbox_element_ptr element) {
  if (OnOwnThread()) {
    target->caf::scheduled_actor::enqueue(std::move(element), this);
    return;
  }
  bool first = false;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (stopped_.load(std::memory_order_relaxed)) return;
    first = inbox_.empty();
    inbox_.push_back({caf::actor_cast<caf::strong_actor_ptr>(target), target, std::move(element)});
  }
  if (first) loop_->Post([this] { DrainInbox(); });
}

void CoreUnit::DrainInbox() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    draining_.swap(inbox_);
  }
  for (Parcel& parcel : draining_) {
    parcel.actor->caf::scheduled_actor::enqueue(std::move(parcel.element), this);
  }
  draining_.clear();
}

void CoreUnit::exec_later(caf::resumable* job) { jobs_.push_back(job); }

void CoreUnit::RunJobs() {
  while (!jobs_.empty()) {
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
