// Readiness of descriptors by a ring: the contract of net/poller.h for whatever is not a
// connection.
//
// A one-shot poll is asked for again after each event, which makes it level-triggered. What is
// asked for between two Wait()s is written down and handed over in the next one, so that no entry
// names a descriptor that was closed meanwhile. Taking back a poll that is under way is a system
// call at once: the kernel holds the descriptor open that long.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "net/poller.h"
#include "net/ring.h"
#include "net/ring_request.h"

namespace twincached::net {

class RingPolls {
 public:
  explicit RingPolls(Ring* ring) : ring_(ring) {}

  void Add(int fd, uint32_t interest, PollTarget* target);
  void Change(int fd, uint32_t interest, PollTarget* target);
  void Remove(int fd, PollTarget* target);

  void HandOver();
  // How many targets were told: 0 or 1.
  size_t Deliver(const RingCompletion& completion);

 private:
  struct Registration {
    PollTarget* target = nullptr;
    uint32_t interest = 0;
    uint32_t asked = 0;       // interest of the poll under way
    uint32_t generation = 0;  // counts the polls that are of no interest any more
    bool armed = false;       // a poll is under way
    bool due = false;         // in due_
  };

  RingRequest RequestOf(int fd) const {
    return {RingKind::kPoll, static_cast<uint32_t>(fd), registrations_[fd].generation};
  }
  void AskAgain(int fd);

  Ring* const ring_;                         // borrowed: outlives *this
  std::vector<Registration> registrations_;  // by descriptor
  std::vector<int> due_;
};

}  // namespace twincached::net
