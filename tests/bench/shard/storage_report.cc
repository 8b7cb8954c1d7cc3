#include "tests/bench/shard/storage_report.h"

#include <functional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace twincached::bench {
namespace {

constexpr size_t kSlowestShown = 5;

// One kind of call in one phase, as long as there were such calls.
struct Row {
  const CaseResult& result;
  const Phase& phase;
  Call call;
  const OperationRecorder& recorder;
};

void ForEachRow(const StorageResult& result, const std::function<void(const Row&)>& visit) {
  for (const CaseResult& one : result.cases) {
    for (const Phase& phase : one.phases) {
      for (size_t kind = 0; kind < kCallKinds; ++kind) {
        const Call call = static_cast<Call>(kind);
        if (phase.of(call).cpu().count() > 0) visit({one, phase, call, phase.of(call)});
      }
    }
  }
}

double Us(uint64_t ns) { return static_cast<double>(ns) / 1000; }

double MiB(uint64_t bytes) { return static_cast<double>(bytes) / (1 << 20); }

double PerItem(uint64_t bytes, const Phase& phase) {
  return phase.stats.items == 0
             ? 0
             : static_cast<double>(bytes) / static_cast<double>(phase.stats.items);
}

std::string OperationsTable(const StorageResult& result) {
  std::string text =
      "| workload | phase | call | count | mean us | p99 us | p99.9 us | max us | over limit | "
      "every round | max wall us |\n|---|---|---|--:|--:|--:|--:|--:|--:|--:|--:|\n";
  ForEachRow(result, [&text](const Row& row) {
    const LatencyHistogram& cpu = row.recorder.cpu();
    absl::StrAppendFormat(
        &text, "| %s | %s | %s | %d | %.2f | %.1f | %.1f | %.1f | %d | %d | %.0f |\n",
        LabelOf(row.result.setup), row.phase.name, NameOf(row.call), cpu.count(), Us(cpu.MeanNs()),
        Us(cpu.PercentileNs(99)), Us(cpu.PercentileNs(99.9)), Us(cpu.max_ns()),
        row.recorder.over_limit(), row.recorder.suspects().size(), Us(row.recorder.wall_max_ns()));
  });
  return text;
}

std::string MemoryTable(const StorageResult& result) {
  std::string text =
      "| workload | behind phase | stream ms | items | evicted | memory_bytes MiB | bound MiB | "
      "RSS MiB | memory_bytes per item | RSS per item |\n"
      "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|\n";
  for (const CaseResult& one : result.cases) {
    for (const Phase& phase : one.phases) {
      const ShardStats& stats = phase.stats;
      absl::StrAppendFormat(
          &text, "| %s | %s | %d | %d | %d | %.1f | %.1f | %.1f | %.1f | %.1f |\n",
          LabelOf(one.setup), phase.name, phase.virtual_ms, stats.items, stats.evictions,
          MiB(stats.memory_bytes), MiB(phase.memory_bytes_max), MiB(phase.resident_bytes),
          PerItem(stats.memory_bytes, phase), PerItem(phase.resident_bytes, phase));
    }
  }
  return text;
}

std::string SlowestTable(const StorageResult& result) {
  std::string text =
      "| workload | phase | call | number | thread CPU us | wall us | page faults | preempted |\n"
      "|---|---|---|--:|--:|--:|--:|--:|\n";
  ForEachRow(result, [&](const Row& row) {
    for (const OperationRecorder::Suspect& slow : row.recorder.Slowest(kSlowestShown)) {
      absl::StrAppendFormat(&text, "| %s | %s | %s | %d | %.0f | %.0f | %d | %d |\n",
                            LabelOf(row.result.setup), row.phase.name, NameOf(row.call),
                            slow.number, Us(slow.operation.cpu_ns), Us(slow.operation.wall_ns),
                            slow.operation.minor_faults, slow.operation.preemptions);
    }
  });
  return text;
}

std::string JsonRow(const Row& row) {
  const LatencyHistogram& cpu = row.recorder.cpu();
  return absl::StrFormat(
      R"({"call":"%s","count":%d,"mean_us":%.3f,"p99_us":%.3f,"p999_us":%.3f,"max_us":%.3f,)"
      R"("over_limit":%d,"over_limit_in_every_round":%d,"wall_max_us":%.3f})",
      NameOf(row.call), cpu.count(), Us(cpu.MeanNs()), Us(cpu.PercentileNs(99)),
      Us(cpu.PercentileNs(99.9)), Us(cpu.max_ns()), row.recorder.over_limit(),
      row.recorder.suspects().size(), Us(row.recorder.wall_max_ns()));
}

}  // namespace

std::string StorageTables(const StorageResult& result) {
  std::string text = absl::StrFormat(
      "Thread CPU time of one call; the clock's own %.2f us are subtracted from each. The same "
      "clock around nothing: at most %.1f us.\n\n",
      Us(result.clock.typical_ns), Us(result.clock.max_ns));
  absl::StrAppend(&text, OperationsTable(result), "\n", MemoryTable(result));
  const uint64_t over = OverLimit(result);
  if (over == 0) {
    absl::StrAppend(&text, "\nNo call took more than ", result.limit_us, " us in every round.\n");
    return text;
  }
  absl::StrAppend(&text, "\n", over, " calls took more than ", result.limit_us,
                  " us in every round (of ", result.rounds,
                  "). The slowest of each kind, each in its best round; page faults\n",
                  "and preemptions are those of all calls that were executed together with it:\n\n",
                  SlowestTable(result));
  return text;
}

std::string StorageJson(const StorageResult& result) {
  std::string json = absl::StrFormat(
      R"({"clock_us":%.3f,"clock_max_us":%.3f,"limit_us":%d,"rounds":%d,"over_limit":%d,)"
      R"("phases":[)",
      Us(result.clock.typical_ns), Us(result.clock.max_ns), result.limit_us, result.rounds,
      OverLimit(result));
  const char* before_phase = "";
  for (const CaseResult& one : result.cases) {
    for (const Phase& phase : one.phases) {
      absl::StrAppendFormat(&json,
                            R"(%s{"workload":"%s","phase":"%s","stream_ms":%d,"items":%d,)"
                            R"("evictions":%d,"memory_bytes":%d,"memory_bytes_max":%d,)"
                            R"("resident_bytes":%d,"calls":[)",
                            before_phase, LabelOf(one.setup), phase.name, phase.virtual_ms,
                            phase.stats.items, phase.stats.evictions, phase.stats.memory_bytes,
                            phase.memory_bytes_max, phase.resident_bytes);
      before_phase = ",";
      const char* before_row = "";
      ForEachRow(result, [&](const Row& row) {
        if (&row.phase != &phase) return;
        absl::StrAppend(&json, before_row, JsonRow(row));
        before_row = ",";
      });
      absl::StrAppend(&json, "]}");
    }
  }
  return json + "]}";
}

uint64_t OverLimit(const StorageResult& result) {
  uint64_t over = 0;
  ForEachRow(result, [&over](const Row& row) { over += row.recorder.suspects().size(); });
  return over;
}

}  // namespace twincached::bench
