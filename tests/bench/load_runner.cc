#include "tests/bench/load_runner.h"

#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "proto/check.h"

namespace twincached::bench {
namespace {

constexpr int kEventsMax = 256;
constexpr double kNsPerSecond = 1e9;
// The longest sleep, so that a stop that came just before it is seen.
constexpr uint64_t kSleepNsMax = 100000000;
constexpr uint64_t kNever = UINT64_MAX;

uint64_t ToNs(double seconds) { return static_cast<uint64_t>(seconds * kNsPerSecond); }

uint64_t IntervalNs(const LoadOptions& options) {
  if (options.rate == 0) return 0;
  const double requests_per_round = static_cast<double>(options.connections) * options.pipeline;
  return std::max<uint64_t>(1, ToNs(requests_per_round / options.rate));
}

}  // namespace

LoadRunner::LoadRunner(const LoadOptions* options, ReplyRecorder* recorder,
                       const volatile sig_atomic_t* stop)
    : options_(options),
      recorder_(recorder),
      stop_(stop),
      text_(options->key_bytes, options->value_bytes),
      interval_ns_(IntervalNs(*options)) {}

LoadRunner::~LoadRunner() {
  if (epoll_fd_ != -1) close(epoll_fd_);
}

bool LoadRunner::Connect(std::string* error) {
  prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
  epoll_fd_ = epoll_create1(EPOLL_CLOEXEC);
  CHECK_NE(epoll_fd_, -1);
  for (int i = 0; i < options_->connections; ++i) {
    auto connection = std::make_unique<LoadConnection>(&text_, recorder_, options_->pipeline);
    const uint16_t port = options_->ports[static_cast<size_t>(i) % options_->ports.size()];
    if (!connection->Connect(options_->host, port, error)) return false;
    connections_.push_back(std::move(connection));
    watched_.push_back(0);
    WatchFor(connections_.size() - 1, EPOLLIN);
  }
  return true;
}

void LoadRunner::RunToEnd(RequestSource* source) {
  source_ = source;
  phase_ = Phase::kWarmup;
  StartAll(MonotonicNs());
  while (Waiting() > 0 && *stop_ == 0) RunOnce(kNever);
}

bool LoadRunner::RunMeasured(RequestSource* source, std::string* error) {
  source_ = source;
  phase_ = Phase::kWarmup;
  const uint64_t start_ns = MonotonicNs();
  StartAll(start_ns);
  RunLoop(start_ns + ToNs(options_->warmup_seconds));
  phase_ = Phase::kMeasured;
  recorder_->StartRecording();
  if (!Mark(&begin_, error)) return false;
  RunLoop(begin_.at_ns + ToNs(options_->seconds));
  if (!Mark(&end_, error)) return false;
  Drain();
  return true;
}

void LoadRunner::StartAll(uint64_t now_ns) {
  for (size_t i = 0; i < connections_.size(); ++i) {
    if (interval_ns_ == 0) {
      StartBatch(i, now_ns);
    } else {
      due_.emplace(now_ns + interval_ns_ * i / connections_.size(), i);
    }
  }
}

void LoadRunner::RunLoop(uint64_t phase_end_ns) {
  while (*stop_ == 0 && MonotonicNs() < phase_end_ns && !AllFailed()) RunOnce(phase_end_ns);
}

void LoadRunner::Drain() {
  phase_ = Phase::kDraining;
  const uint64_t limit_ns = MonotonicNs() + kDrainLimitNs;
  while (Waiting() > 0 && MonotonicNs() < limit_ns) RunOnce(limit_ns);
  for (const auto& connection : connections_) {
    if (connection->state() == LoadConnection::State::kFailed) continue;
    if (connection->state() != LoadConnection::State::kIdle) connection->Fail("no reply came");
  }
}

void LoadRunner::RunOnce(uint64_t wake_ns) {
  if (!due_.empty() && phase_ != Phase::kDraining) wake_ns = std::min(wake_ns, due_.top().first);
  const uint64_t now_ns = MonotonicNs();
  const uint64_t sleep_ns = wake_ns <= now_ns ? 0 : std::min(wake_ns - now_ns, kSleepNsMax);
  const timespec timeout = {0, static_cast<long>(sleep_ns)};
  epoll_event events[kEventsMax];
  const int count = epoll_pwait2(epoll_fd_, events, kEventsMax, &timeout, nullptr);
  CHECK(count >= 0 || errno == EINTR);
  for (int i = 0; i < count; ++i) HandleEvent(events[i].events, events[i].data.u64);
  StartDue();
}

void LoadRunner::StartDue() {
  if (due_.empty() || phase_ == Phase::kDraining) return;
  const uint64_t now_ns = MonotonicNs();
  while (!due_.empty() && due_.top().first <= now_ns) {
    const DueBatch batch = due_.top();
    due_.pop();
    StartBatch(batch.second, batch.first);
  }
}

void LoadRunner::HandleEvent(uint32_t events, size_t index) {
  LoadConnection& connection = *connections_[index];
  if (connection.state() == LoadConnection::State::kFailed) return;
  if ((events & EPOLLOUT) != 0) connection.Send();
  const uint32_t readable = EPOLLIN | EPOLLHUP | EPOLLERR;
  if ((events & readable) != 0 && connection.state() != LoadConnection::State::kFailed) {
    connection.Receive();
  }
  AfterProgress(index);
}

// A connection that has its replies gets its next batch, at once or when that is due.
void LoadRunner::AfterProgress(size_t index) {
  LoadConnection& connection = *connections_[index];
  if (connection.state() == LoadConnection::State::kIdle) {
    if (phase_ == Phase::kDraining) return;
    if (interval_ns_ == 0) return StartBatch(index, MonotonicNs());
    const uint64_t due_ns = connection.due_ns() + interval_ns_;
    if (due_ns > MonotonicNs()) {
      due_.emplace(due_ns, index);
      return;
    }
    return StartBatch(index, due_ns);
  }
  const bool blocked = connection.state() == LoadConnection::State::kBlocked;
  WatchFor(index, blocked ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

void LoadRunner::StartBatch(size_t index, uint64_t due_ns) {
  LoadConnection& connection = *connections_[index];
  if (connection.state() != LoadConnection::State::kIdle) return;
  connection.StartBatch(source_, due_ns);
  const bool blocked = connection.state() == LoadConnection::State::kBlocked;
  WatchFor(index, blocked ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

void LoadRunner::WatchFor(size_t index, uint32_t events) {
  const int fd = connections_[index]->fd();
  if (fd == -1 || watched_[index] == events) return;
  epoll_event event = {};
  event.events = events;
  event.data.u64 = index;
  const int operation = watched_[index] == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
  CHECK_EQ(epoll_ctl(epoll_fd_, operation, fd, &event), 0);
  watched_[index] = events;
}

bool LoadRunner::Mark(UsageMark* mark, std::string* error) const {
  mark->servers.clear();
  for (const int pid : options_->server_pids) {
    ProcessUsage usage;
    if (!ReadProcessUsage(pid, &usage)) {
      *error = absl::StrCat("cannot read the CPU time of process ", pid);
      return false;
    }
    mark->servers.push_back(usage);
  }
  mark->at_ns = MonotonicNs();
  mark->replies = recorder_->replies();
  mark->own_cpu_ns = OwnCpuNs();
  return true;
}

size_t LoadRunner::Waiting() const {
  return static_cast<size_t>(
      std::count_if(connections_.begin(), connections_.end(), [](const auto& connection) {
        return connection->state() == LoadConnection::State::kWaiting ||
               connection->state() == LoadConnection::State::kBlocked;
      }));
}

bool LoadRunner::AllFailed() const {
  return std::all_of(connections_.begin(), connections_.end(), [](const auto& connection) {
    return connection->state() == LoadConnection::State::kFailed;
  });
}

}  // namespace twincached::bench
