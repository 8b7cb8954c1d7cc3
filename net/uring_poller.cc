#include "net/uring_poller.h"

#include <utility>
#include <vector>

#include "net/ring.h"
#include "net/ring_polls.h"
#include "net/ring_streams.h"

namespace twincached::net {
namespace {

class UringPoller final : public Poller {
 public:
  explicit UringPoller(std::unique_ptr<Ring> ring)
      : ring_(std::move(ring)), polls_(ring_.get()), streams_(ring_.get()) {}

  const char* name() const override { return "io_uring"; }
  Completions* completions() override { return &streams_; }

  void Add(int fd, uint32_t interest, PollTarget* target) override {
    polls_.Add(fd, interest, target);
  }
  void Change(int fd, uint32_t interest, PollTarget* target) override {
    polls_.Change(fd, interest, target);
  }
  void Remove(int fd, PollTarget* target) override { polls_.Remove(fd, target); }

  size_t Wait(int timeout_ms) override {
    if (!ring_->started()) ring_->Start();
    const bool all = streams_.HandOver();
    polls_.HandOver();
    ring_->Enter(all && ring_->arrived().empty() ? timeout_ms : 0);
    streams_.FinishSends();
    return Deliver();
  }

 private:
  size_t Deliver() {
    delivering_.swap(ring_->arrived());
    for (const RingCompletion& completion : delivering_) {
      if (completion.request.kind != RingKind::kPoll) streams_.Take(completion);
    }
    size_t count = streams_.Deliver();
    for (const RingCompletion& completion : delivering_) {
      if (completion.request.kind == RingKind::kPoll) count += polls_.Deliver(completion);
    }
    delivering_.clear();
    return count;
  }

  const std::unique_ptr<Ring> ring_;
  RingPolls polls_;
  RingStreams streams_;
  std::vector<RingCompletion> delivering_;  // by this Wait(); handlers may make others arrive
};

}  // namespace

absl::StatusOr<std::unique_ptr<Poller>> NewUringPoller() {
  auto ring = Ring::Create();
  if (!ring.ok()) return ring.status();
  return std::unique_ptr<Poller>(std::make_unique<UringPoller>(std::move(*ring)));
}

}  // namespace twincached::net
