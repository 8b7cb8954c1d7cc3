// LoadRunner: drives the connections of a load, on one thread, with one epoll.
//
// What it is: the loop that starts batches when they are due, moves bytes when sockets are ready,
// and marks the begin and the end of the measured time. What it is not: the counting of replies
// (ReplyRecorder) or their printing (load_report).
//
// Closed loop (rate 0): a connection's next batch is due the moment the last one is answered.
// Open loop: each connection's batches are due at fixed times, evenly spread over the connections;
// a batch that could not start in time still counts its latency from when it was due, so a stall
// of the server shows in full.
//
// Bounds: after the measured time outstanding replies are awaited for kDrainLimitNs at most and
// then count as errors.
#pragma once

#include <signal.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <queue>
#include <string>
#include <utility>
#include <vector>

#include "tests/bench/load_connection.h"
#include "tests/bench/load_options.h"
#include "tests/bench/process_usage.h"
#include "tests/bench/reply_recorder.h"
#include "tests/bench/request_text.h"

namespace twincached::bench {

constexpr uint64_t kDrainLimitNs = 5000000000;

// What was used up to one moment.
struct UsageMark {
  uint64_t at_ns = 0;
  uint64_t replies = 0;
  uint64_t own_cpu_ns = 0;
  std::vector<ProcessUsage> servers;  // one per --pid
};

class LoadRunner {
 public:
  // All of them outlive the runner. `*stop` non-zero ends the measured time early.
  LoadRunner(const LoadOptions* options, ReplyRecorder* recorder,
             const volatile sig_atomic_t* stop);
  ~LoadRunner();
  LoadRunner(const LoadRunner&) = delete;
  LoadRunner& operator=(const LoadRunner&) = delete;

  // Opens all connections. False with one line in `*error`.
  bool Connect(std::string* error);

  // Asks until `source` is at its end and everything is answered.
  void RunToEnd(RequestSource* source);

  // Asks for warmup_seconds unrecorded, then for seconds recorded, then drains. False with one
  // line in `*error` when a server's usage cannot be read.
  bool RunMeasured(RequestSource* source, std::string* error);

  // The begin and the end of the measured time.
  const UsageMark& begin() const { return begin_; }
  const UsageMark& end() const { return end_; }

 private:
  enum class Phase { kWarmup, kMeasured, kDraining };
  using DueBatch = std::pair<uint64_t, size_t>;  // when, connection

  void StartAll(uint64_t now_ns);
  void RunLoop(uint64_t phase_end_ns);
  void RunOnce(uint64_t wake_ns);
  void StartDue();
  void HandleEvent(uint32_t events, size_t index);
  void AfterProgress(size_t index);
  void StartBatch(size_t index, uint64_t due_ns);
  void WatchFor(size_t index, uint32_t events);
  void Drain();
  bool Mark(UsageMark* mark, std::string* error) const;
  size_t Waiting() const;
  bool AllFailed() const;

  // Borrowed.
  const LoadOptions* const options_;
  ReplyRecorder* const recorder_;
  const volatile sig_atomic_t* const stop_;
  RequestSource* source_ = nullptr;
  // Fixed at construction.
  const RequestText text_;
  uint64_t interval_ns_ = 0;  // between batches of one connection; 0: closed loop
  // Owned here.
  int epoll_fd_ = -1;
  std::vector<std::unique_ptr<LoadConnection>> connections_;
  std::vector<uint32_t> watched_;
  std::priority_queue<DueBatch, std::vector<DueBatch>, std::greater<DueBatch>> due_;
  Phase phase_ = Phase::kWarmup;
  UsageMark begin_;
  UsageMark end_;
};

}  // namespace twincached::bench
