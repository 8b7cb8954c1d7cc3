#include "net/ring_polls.h"

#include <poll.h>

#include <utility>

#include "proto/check.h"

namespace twincached::net {

void RingPolls::Add(int fd, uint32_t interest, PollTarget* target) {
  CHECK_GE(fd, 0);
  CHECK_LE(static_cast<uint32_t>(fd), RingRequest::kNumberMax);
  if (static_cast<size_t>(fd) >= registrations_.size()) registrations_.resize(fd + 1);
  Registration& registration = registrations_[fd];
  CHECK(registration.target == nullptr);
  registration.target = target;
  registration.interest = interest;
  AskAgain(fd);
}

void RingPolls::Change(int fd, uint32_t interest, PollTarget* target) {
  Registration& registration = registrations_.at(fd);
  CHECK(registration.target == target);
  registration.interest = interest;
  if (!registration.armed || registration.asked != interest) AskAgain(fd);
}

void RingPolls::Remove(int fd, PollTarget* target) {
  Registration& registration = registrations_.at(fd);
  CHECK(registration.target == target);
  registration.target = nullptr;
  registration.due = false;
  const RingRequest request = RequestOf(fd);
  ++registration.generation;
  if (std::exchange(registration.armed, false)) ring_->CancelNow(request);
}

void RingPolls::AskAgain(int fd) {
  if (!std::exchange(registrations_[fd].due, true)) due_.push_back(fd);
}

void RingPolls::HandOver() {
  for (const int fd : due_) {
    Registration& registration = registrations_[fd];
    if (!std::exchange(registration.due, false)) continue;
    if (registration.armed) {
      if (registration.asked == registration.interest) continue;
      ring_->Cancel(RequestOf(fd));
      ++registration.generation;
    }
    uint32_t events = 0;
    if (registration.interest & kReadable) events |= POLLIN;
    if (registration.interest & kWritable) events |= POLLOUT;
    io_uring_prep_poll_add(ring_->NextEntry(RequestOf(fd)), fd, events);
    registration.asked = registration.interest;
    registration.armed = true;
  }
  due_.clear();
}

size_t RingPolls::Deliver(const RingCompletion& completion) {
  const int fd = static_cast<int>(completion.request.number);
  Registration& registration = registrations_[fd];
  if (registration.target == nullptr || registration.generation != completion.request.generation) {
    return 0;
  }
  registration.armed = false;
  AskAgain(fd);
  const int events = completion.result;
  const bool broken = events < 0 || (events & (POLLERR | POLLHUP)) != 0;
  uint32_t ready = 0;
  if (events & POLLIN) ready |= kReadable;
  if (events & POLLOUT) ready |= kWritable;
  ready = broken ? registration.interest : ready & registration.interest;
  if (ready == 0 && !broken) return 0;  // what it asked for was changed meanwhile
  registration.target->OnReady(ready);
  return 1;
}

}  // namespace twincached::net
