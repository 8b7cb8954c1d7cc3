#include "tests/bench/load_report.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tests/bench/json_text.h"

namespace twincached::bench {
namespace {

double Us(uint64_t ns) { return static_cast<double>(ns) / 1000; }

double ElapsedNs(const LoadResult& result) {
  return static_cast<double>(result.end.at_ns - result.begin.at_ns);
}

uint64_t Replies(const LoadResult& result) { return result.end.replies - result.begin.replies; }

double Throughput(const LoadResult& result) {
  const double elapsed_ns = ElapsedNs(result);
  return elapsed_ns == 0 ? 0 : static_cast<double>(Replies(result)) * 1e9 / elapsed_ns;
}

double UsPerReply(const LoadResult& result, uint64_t cpu_ns) {
  const uint64_t replies = Replies(result);
  return replies == 0 ? 0 : Us(cpu_ns) / static_cast<double>(replies);
}

double Busy(const LoadResult& result, uint64_t cpu_ns) {
  const double elapsed_ns = ElapsedNs(result);
  return elapsed_ns == 0 ? 0 : static_cast<double>(cpu_ns) / elapsed_ns;
}

uint64_t ServerCpuNs(const LoadResult& result, size_t server) {
  return result.end.servers[server].cpu_ns - result.begin.servers[server].cpu_ns;
}

uint64_t OwnCpu(const LoadResult& result) {
  return result.end.own_cpu_ns - result.begin.own_cpu_ns;
}

std::string TextLatency(absl::string_view name, const LatencyHistogram& latency) {
  return absl::StrFormat(
      "%-6s %10d replies, us: p50 %.1f  p90 %.1f  p99 %.1f  p99.9 %.1f  max %.1f\n", name,
      latency.count(), Us(latency.PercentileNs(50)), Us(latency.PercentileNs(90)),
      Us(latency.PercentileNs(99)), Us(latency.PercentileNs(99.9)), Us(latency.max_ns()));
}

std::string JsonLatency(const LatencyHistogram& latency) {
  return absl::StrFormat(R"({"count":%d,"mean_us":%.1f,"p50_us":%.1f,"p90_us":%.1f,"p99_us":%.1f,)"
                         R"("p999_us":%.1f,"max_us":%.1f})",
                         latency.count(), Us(latency.MeanNs()), Us(latency.PercentileNs(50)),
                         Us(latency.PercentileNs(90)), Us(latency.PercentileNs(99)),
                         Us(latency.PercentileNs(99.9)), Us(latency.max_ns()));
}

LatencyHistogram AllLatencies(const ReplyRecorder& replies) {
  LatencyHistogram all = replies.gets();
  all.Merge(replies.sets());
  return all;
}

}  // namespace

std::string TextReport(const LoadResult& result) {
  const ReplyRecorder& replies = result.replies;
  std::string text =
      absl::StrFormat("%.0f requests/s over %.2f s\n", Throughput(result), ElapsedNs(result) / 1e9);
  absl::StrAppend(&text, TextLatency("get", replies.gets()), TextLatency("set", replies.sets()),
                  TextLatency("all", AllLatencies(replies)));
  absl::StrAppendFormat(&text, "misses %d, errors %d\n", replies.misses(), replies.errors());
  if (replies.errors() > 0) absl::StrAppend(&text, "first error: ", replies.first_error(), "\n");
  for (size_t i = 0; i < result.end.servers.size(); ++i) {
    const uint64_t cpu_ns = ServerCpuNs(result, i);
    absl::StrAppendFormat(&text, "server %d: %.3f us CPU per request, busy %.0f %%, RSS %.1f MiB\n",
                          result.options.server_pids[i], UsPerReply(result, cpu_ns),
                          100 * Busy(result, cpu_ns),
                          static_cast<double>(result.end.servers[i].resident_bytes) / (1 << 20));
  }
  absl::StrAppendFormat(&text, "load: %.3f us CPU per request, busy %.0f %%\n",
                        UsPerReply(result, OwnCpu(result)), 100 * Busy(result, OwnCpu(result)));
  if (replies.trace_is_full()) absl::StrAppend(&text, "the trace is full: later replies lack\n");
  return text;
}

std::string JsonReport(const LoadResult& result) {
  const ReplyRecorder& replies = result.replies;
  std::string json = absl::StrFormat(R"({"seconds":%.4f,"requests":%d,"requests_per_second":%.1f)",
                                     ElapsedNs(result) / 1e9, Replies(result), Throughput(result));
  absl::StrAppend(&json, R"(,"get":)", JsonLatency(replies.gets()), R"(,"set":)",
                  JsonLatency(replies.sets()), R"(,"all":)", JsonLatency(AllLatencies(replies)));
  absl::StrAppendFormat(&json, R"(,"misses":%d,"errors":%d,"first_error":%s)", replies.misses(),
                        replies.errors(), QuotedJson(replies.first_error()));
  absl::StrAppendFormat(&json, R"(,"load_cpu_us":%.4f,"load_busy":%.4f,"servers":[)",
                        UsPerReply(result, OwnCpu(result)), Busy(result, OwnCpu(result)));
  for (size_t i = 0; i < result.end.servers.size(); ++i) {
    const uint64_t cpu_ns = ServerCpuNs(result, i);
    absl::StrAppendFormat(&json, R"(%s{"pid":%d,"cpu_us":%.4f,"busy":%.4f,"resident_bytes":%d})",
                          i == 0 ? "" : ",", result.options.server_pids[i],
                          UsPerReply(result, cpu_ns), Busy(result, cpu_ns),
                          result.end.servers[i].resident_bytes);
  }
  absl::StrAppend(&json, R"(],"trace_full":)", replies.trace_is_full() ? "true" : "false", "}");
  return json;
}

}  // namespace twincached::bench
