#include "tests/bench/reply_recorder.h"

#include <cinttypes>
#include <cstdio>

#include "proto/check.h"

namespace twincached::bench {

ReplyRecorder::ReplyRecorder(bool trace) : tracing_(trace) {
  if (tracing_) trace_.reserve(kTraceRecordsMax);
}

void ReplyRecorder::Right(ReplyOutcome outcome, uint64_t due_ns, uint64_t now_ns) {
  if (!recording_) return;
  DCHECK_LE(due_ns, now_ns);
  const bool is_set = outcome == ReplyOutcome::kStored;
  (is_set ? sets_ : gets_).Record(now_ns - due_ns);
  if (outcome == ReplyOutcome::kMiss) ++misses_;
  if (tracing_ && trace_.size() < kTraceRecordsMax) {
    trace_.push_back({now_ns, now_ns - due_ns, is_set ? RequestKind::kSet : RequestKind::kGet});
  }
}

void ReplyRecorder::Wrong(uint64_t count, absl::string_view reason) {
  if (count > 0 && errors_ == 0) first_error_ = std::string(reason);
  errors_ += count;
}

bool ReplyRecorder::WriteTrace(const std::string& path) const {
  FILE* file = std::fopen(path.c_str(), "we");
  if (file == nullptr) return false;
  for (const TraceRecord& record : trace_) {
    std::fprintf(file, "%" PRIu64 " %s %" PRIu64 "\n", record.completed_ns,
                 record.kind == RequestKind::kSet ? "set" : "get", record.latency_ns);
  }
  const bool written = std::ferror(file) == 0;
  return std::fclose(file) == 0 && written;
}

}  // namespace twincached::bench
