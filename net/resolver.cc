#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "net/address.h"
#include "net/event_loop.h"

namespace twincached::net {

// Shared by the resolver, its thread and what the thread posted, so that none of them needs another
// to be alive: a look-up can take half a minute, and nobody waits for it. Callbacks never leave the
// loop's thread.
struct Resolver::State {
  struct Request {
    uint64_t id;
    HostPort host_port;
  };

  // Of the loop's thread.
  std::map<uint64_t, std::function<void(absl::StatusOr<Address>)>> callbacks;
  uint64_t last_id = 0;
  bool has_thread = false;

  std::mutex mutex;  // guards what follows
  std::condition_variable changed;
  EventLoop* loop = nullptr;  // nullptr: the resolver is gone
  std::deque<Request> waiting;

  static void Answer(const std::shared_ptr<State>& state, uint64_t id,
                     absl::StatusOr<Address> result) {
    const std::lock_guard<std::mutex> lock(state->mutex);
    if (state->loop == nullptr) return;
    state->loop->Post([state, id, result = std::move(result)] {
      auto found = state->callbacks.extract(id);
      if (!found.empty()) found.mapped()(result);
    });
  }

  static void Run(const std::shared_ptr<State>& state) {
    for (;;) {
      std::unique_lock<std::mutex> lock(state->mutex);
      state->changed.wait(lock, [&] { return state->loop == nullptr || !state->waiting.empty(); });
      if (state->loop == nullptr) return;
      const Request request = std::move(state->waiting.front());
      state->waiting.pop_front();
      lock.unlock();
      Answer(state, request.id, ResolveBlocking(request.host_port));
    }
  }
};

Resolver::Resolver(EventLoop* loop) : state_(std::make_shared<State>()) { state_->loop = loop; }

Resolver::~Resolver() {
  state_->callbacks.clear();
  const std::lock_guard<std::mutex> lock(state_->mutex);
  state_->loop = nullptr;
  state_->changed.notify_all();
}

void Resolver::Resolve(const HostPort& host_port,
                       std::function<void(absl::StatusOr<Address>)> on_done) {
  const uint64_t id = ++state_->last_id;
  state_->callbacks.emplace(id, std::move(on_done));
  absl::StatusOr<Address> literal = ParseAddress(host_port);
  if (literal.ok()) return State::Answer(state_, id, std::move(literal));
  const std::lock_guard<std::mutex> lock(state_->mutex);
  state_->waiting.push_back({id, host_port});
  if (!state_->has_thread) std::thread([state = state_] { State::Run(state); }).detach();
  state_->has_thread = true;
  state_->changed.notify_one();
}

}  // namespace twincached::net
