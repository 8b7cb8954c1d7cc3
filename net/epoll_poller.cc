#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "net/poller.h"
#include "proto/check.h"

namespace twincached::net {
namespace {

// Events taken in one Wait(). More than this ready at once are taken in the next one: the kernel
// rotates its list.
constexpr int kEventsPerWait = 512;

// What is registered for a descriptor. An event carries the descriptor and the generation of its
// registration, so one that was removed, or removed and added again, earlier in the same Wait() is
// recognised and dropped.
struct Registration {
  PollTarget* target = nullptr;
  uint32_t interest = 0;
  uint32_t generation = 0;
};

class EpollPoller final : public Poller {
 public:
  explicit EpollPoller(int epoll_fd) : epoll_fd_(epoll_fd) {}
  ~EpollPoller() override { close(epoll_fd_); }

  const char* name() const override { return "epoll"; }

  void Add(int fd, uint32_t interest, PollTarget* target) override {
    CHECK_GE(fd, 0);
    if (static_cast<size_t>(fd) >= registrations_.size()) registrations_.resize(fd + 1);
    Registration& registration = registrations_[fd];
    CHECK(registration.target == nullptr);
    registration.target = target;
    registration.interest = interest;
    Control(EPOLL_CTL_ADD, fd);
  }

  void Change(int fd, uint32_t interest, PollTarget* target) override {
    Registration& registration = registrations_.at(fd);
    CHECK(registration.target == target);
    if (registration.interest == interest) return;
    registration.interest = interest;
    Control(EPOLL_CTL_MOD, fd);
  }

  void Remove(int fd, PollTarget* target) override {
    Registration& registration = registrations_.at(fd);
    CHECK(registration.target == target);
    Control(EPOLL_CTL_DEL, fd);
    registration.target = nullptr;
    ++registration.generation;
  }

  size_t Wait(int timeout_ms) override {
    const int ready = epoll_wait(epoll_fd_, events_.data(), kEventsPerWait, timeout_ms);
    if (ready < 0) {
      CHECK_EQ(errno, EINTR);
      return 0;
    }
    size_t count = 0;
    for (int i = 0; i < ready; ++i) count += Deliver(events_[i]);
    return count;
  }

 private:
  size_t Deliver(const epoll_event& event) {
    const Registration registration = registrations_[event.data.u64 & UINT32_MAX];
    if (registration.target == nullptr || registration.generation != event.data.u64 >> 32) return 0;
    uint32_t ready = 0;
    if (event.events & EPOLLIN) ready |= kReadable;
    if (event.events & EPOLLOUT) ready |= kWritable;
    const bool broken = (event.events & (EPOLLERR | EPOLLHUP)) != 0;
    ready = broken ? registration.interest : ready & registration.interest;
    if (ready == 0 && !broken) return 0;  // what it asked for was changed earlier in this Wait()
    registration.target->OnReady(ready);
    return 1;
  }

  void Control(int operation, int fd) {
    const Registration& registration = registrations_[fd];
    epoll_event event = {};
    if (registration.interest & kReadable) event.events |= EPOLLIN;
    if (registration.interest & kWritable) event.events |= EPOLLOUT;
    event.data.u64 = (uint64_t{registration.generation} << 32) | static_cast<uint32_t>(fd);
    CHECK_EQ(epoll_ctl(epoll_fd_, operation, fd, &event), 0);
  }

  const int epoll_fd_;
  std::vector<Registration> registrations_;  // by descriptor
  std::array<epoll_event, kEventsPerWait> events_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Poller>> NewEpollPoller() {
  const int fd = epoll_create1(EPOLL_CLOEXEC);
  if (fd < 0)
    return absl::ResourceExhaustedError(std::string("cannot create an epoll: ") +
                                        std::strerror(errno));
  return std::unique_ptr<Poller>(std::make_unique<EpollPoller>(fd));
}

}  // namespace twincached::net
