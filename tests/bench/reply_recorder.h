// ReplyRecorder: what came of the requests: latencies by kind, hits, misses, errors, a trace.
//
// What it is: the one place where replies are counted. What it is not: a judge of replies
// (ScanReply is) or a clock (times are arguments).
// Owned by main, written by the connections of one load runner, on one thread.
//
// Errors count from the first request on; everything else only between StartRecording and the end,
// so that a warm-up leaves no mark. A reply allocates nothing; the trace is reserved beforehand.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "tests/bench/latency_histogram.h"
#include "tests/bench/reply_scan.h"

namespace twincached::bench {

// Enough for 2,000 replies per second over half an hour; a trace that is full says so.
constexpr size_t kTraceRecordsMax = 4000000;

class ReplyRecorder {
 public:
  // With `trace`, every recorded reply's time is kept, up to kTraceRecordsMax.
  explicit ReplyRecorder(bool trace);

  // From now on replies are recorded; before, they only keep the load going.
  void StartRecording() { recording_ = true; }

  // One right reply (kStored, kHit, kMiss) that was complete at `now_ns` and due at `due_ns`.
  void Right(ReplyOutcome outcome, uint64_t due_ns, uint64_t now_ns);

  // `count` requests failed for the same reason; the first reason is kept.
  void Wrong(uint64_t count, absl::string_view reason);

  // Writes the trace; false when the file cannot be written.
  bool WriteTrace(const std::string& path) const;

  uint64_t replies() const { return gets_.count() + sets_.count(); }
  const LatencyHistogram& gets() const { return gets_; }
  const LatencyHistogram& sets() const { return sets_; }
  uint64_t misses() const { return misses_; }
  uint64_t errors() const { return errors_; }
  const std::string& first_error() const { return first_error_; }
  bool trace_is_full() const { return trace_.size() == kTraceRecordsMax; }

 private:
  struct TraceRecord {
    uint64_t completed_ns;
    uint64_t latency_ns;
    RequestKind kind;
  };

  // Fixed at construction.
  bool tracing_;
  // Owned here.
  bool recording_ = false;
  std::vector<TraceRecord> trace_;
  // Counters.
  LatencyHistogram gets_;
  LatencyHistogram sets_;
  uint64_t misses_ = 0;
  uint64_t errors_ = 0;
  std::string first_error_;
};

}  // namespace twincached::bench
