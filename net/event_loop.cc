#include "net/event_loop.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <utility>
#include <vector>

#include "net/clock.h"
#include "net/completions.h"
#include "net/polled_connection.h"
#include "net/ready_list.h"
#include "net/ring_connection.h"
#include "net/socket.h"
#include "net/socket_acceptor.h"
#include "net/socket_dialer.h"
#include "net/stream_connection.h"
#include "net/timer_heap.h"
#include "proto/check.h"

namespace twincached::net {
namespace {

// Makes a sleeping loop return. A wake-up is a flag; the eventfd is written only when the loop
// sleeps or has said that it is about to. The loop says so first and looks at the flag then, the
// waker sets the flag first and looks then: one of the two sees the other.
class Waker final : private PollTarget {
 public:
  explicit Waker(Poller* poller) : poller_(poller), fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    CHECK_GE(fd_, 0);
    poller_->Add(fd_, kReadable, this);
  }
  ~Waker() override {
    poller_->Remove(fd_, this);
    close(fd_);
  }

  // Any thread.
  void Wake() {
    if (woken_.exchange(true)) return;  // whoever set it wakes the loop
    if (!sleeping_.load()) return;
    const uint64_t one = 1;
    CHECK_EQ(write(fd_, &one, sizeof(one)), ssize_t{sizeof(one)});
  }

  // The loop's thread. False: do not sleep.
  bool GoToSleep() {
    sleeping_.store(true);
    return !woken_.load();
  }
  // Returns whether Wake() was called since the last time; what its callers did before is visible.
  bool WakeUp() {
    if (sleeping_.load(std::memory_order_relaxed)) sleeping_.store(false);
    return woken_.load(std::memory_order_relaxed) && woken_.exchange(false);
  }
  // Times that the eventfd was seen; not among the things a Poll() delivered.
  size_t TakeEvents() { return std::exchange(events_, 0); }

 private:
  void OnReady(uint32_t /*events*/) override {
    uint64_t count;
    const ssize_t bytes = read(fd_, &count, sizeof(count));
    CHECK(bytes > 0 || errno == EAGAIN);
    ++events_;
  }

  Poller* const poller_;  // borrowed: of the same loop
  const int fd_;
  size_t events_ = 0;
  std::atomic<bool> woken_{false};
  std::atomic<bool> sleeping_{false};
};

}  // namespace

struct EventLoop::State {
  explicit State(std::unique_ptr<Poller> loop_poller)
      : poller(std::move(loop_poller)), waker(poller.get()) {
    connections.poller = poller.get();
  }

  // Reads the clock when this Poll() has not yet: handlers run inside the poller's Wait().
  int64_t NowUs() {
    if (now_us == 0) now_us = MonotonicUs();
    return now_us;
  }
  int TimeoutMs(int timeout_ms) const;
  size_t DeliverDue();
  size_t RunPosted();

  const std::unique_ptr<Poller> poller;
  Waker waker;
  ConnectionContext connections;
  ReadyList due;  // those of connections.ready that this Poll() delivers
  TimerHeap timers;
  int64_t now_us = MonotonicUs();  // 0: to be read

  std::mutex posted_mutex;
  std::vector<std::function<void()>> posted;   // guarded by posted_mutex
  std::vector<std::function<void()>> running;  // of the loop's thread
};

// How long may be slept; rounded up, since waking early would mean to sleep again.
int EventLoop::State::TimeoutMs(int timeout_ms) const {
  if (!due.empty()) return 0;
  const int64_t earliest_us = timers.EarliestUs();
  if (timeout_ms == 0 || earliest_us == INT64_MAX) return timeout_ms;
  const int64_t left_ms = std::max<int64_t>(0, (earliest_us - MonotonicUs() + 999) / 1000);
  const int64_t bound_ms = timeout_ms < 0 ? INT32_MAX : timeout_ms;
  return static_cast<int>(std::min(left_ms, bound_ms));
}

size_t EventLoop::State::DeliverDue() {
  size_t count = 0;
  while (ReadyNode* node = due.TakeFirst()) {
    node->OnDue();
    ++count;
  }
  return count;
}

size_t EventLoop::State::RunPosted() {
  {
    const std::lock_guard<std::mutex> lock(posted_mutex);
    running.swap(posted);
  }
  for (std::function<void()>& work : running) {
    work();
    work = nullptr;
  }
  const size_t count = running.size();
  running.clear();
  return count;
}

EventLoop::EventLoop(std::unique_ptr<Poller> poller)
    : state_(std::make_unique<State>(std::move(poller))) {}

EventLoop::~EventLoop() { CHECK_EQ(state_->connections.connections, 0u); }

size_t EventLoop::Poll(int timeout_ms) {
  State& state = *state_;
  if (!state.connections.ready.empty()) state.due.TakeAll(state.connections.ready);
  timeout_ms = state.TimeoutMs(timeout_ms);
  if (timeout_ms != 0 && !state.waker.GoToSleep()) timeout_ms = 0;
  state.now_us = 0;
  size_t count = state.poller->Wait(timeout_ms) - state.waker.TakeEvents();
  const bool woken = state.waker.WakeUp();
  count += state.DeliverDue();
  count += state.timers.RunDue(state.NowUs());
  if (woken) count += state.RunPosted();
  return count;
}

void EventLoop::Wake() { state_->waker.Wake(); }

void EventLoop::Post(std::function<void()> work) {
  {
    const std::lock_guard<std::mutex> lock(state_->posted_mutex);
    state_->posted.push_back(std::move(work));
  }
  Wake();
}

int64_t EventLoop::now_ms() const { return now_us() / 1000; }

int64_t EventLoop::now_us() const { return state_->NowUs(); }

TimerId EventLoop::AddTimer(int64_t delay_ms, std::function<void()> work) {
  return state_->timers.Add(MonotonicUs() + delay_ms * 1000, std::move(work));
}

void EventLoop::CancelTimer(TimerId id) { state_->timers.Cancel(id); }

absl::StatusOr<std::unique_ptr<Acceptor>> EventLoop::Listen(const Address& address, bool reuse_port,
                                                            std::function<void(int fd)> on_accept) {
  ListenOptions options;
  options.reuse_port = reuse_port;
  const absl::StatusOr<int> fd = ListenTcp(address, options);
  if (!fd.ok()) return fd.status();
  return Accept(*fd, std::move(on_accept));
}

std::unique_ptr<Acceptor> EventLoop::Accept(int listen_fd, std::function<void(int fd)> on_accept) {
  return std::make_unique<SocketAcceptor>(this, listen_fd, std::move(on_accept));
}

std::unique_ptr<Dialer> EventLoop::Dial(const Address& address, int64_t timeout_ms,
                                        std::function<void(absl::StatusOr<int> fd)> on_done) {
  return std::make_unique<SocketDialer>(this, address, timeout_ms, std::move(on_done));
}

std::unique_ptr<Connection> EventLoop::Adopt(int fd, ConnectionHandler* handler) {
  ConnectionContext* context = &state_->connections;
  if (context->poller->completions() != nullptr) {
    return std::make_unique<RingConnection>(fd, handler, context);
  }
  return std::make_unique<PolledConnection>(fd, handler, context);
}

void EventLoop::SendAll() {
  Completions* completions = state_->poller->completions();
  if (completions != nullptr) completions->SendAll();
}

Poller& EventLoop::poller() { return *state_->poller; }

}  // namespace twincached::net
