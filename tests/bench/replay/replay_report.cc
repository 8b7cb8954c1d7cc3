#include "tests/bench/replay/replay_report.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tests/bench/json_text.h"

namespace twincached::bench {

double HitRatio(const TargetCounts& counts) {
  const uint64_t all = counts.hits + counts.misses;
  return all == 0 ? 0 : static_cast<double>(counts.hits) / static_cast<double>(all);
}

std::string TextReport(const ReplayResult& result) {
  const PlayLength& length = result.options.length;
  std::string text =
      absl::StrFormat("%s: %d requests after a warm-up of %d, %d keys, seed %d, %.1f s\n",
                      result.options.shape->name, length.requests - length.warm_up, length.warm_up,
                      result.options.keys, result.options.seed, result.seconds);
  for (size_t i = 0; i < result.counts.size(); ++i) {
    const TargetCounts& counts = result.counts[i];
    absl::StrAppendFormat(&text, "%s: hit ratio %.2f %%, %d hits, %d misses, %d sets refused\n",
                          result.options.targets[i].ToString(), 100 * HitRatio(counts), counts.hits,
                          counts.misses, counts.refused);
    if (counts.refused > 0) absl::StrAppend(&text, "first: ", counts.first_refusal, "\n");
  }
  return text;
}

std::string JsonReport(const ReplayResult& result) {
  const PlayLength& length = result.options.length;
  std::string json = absl::StrFormat(
      R"({"trace":%s,"keys":%d,"requests":%d,"warm_up":%d,"batch":%d,"seed":%d,"seconds":%.3f,)"
      R"("targets":[)",
      QuotedJson(result.options.shape->name), result.options.keys, length.requests, length.warm_up,
      length.batch, result.options.seed, result.seconds);
  for (size_t i = 0; i < result.counts.size(); ++i) {
    const TargetCounts& counts = result.counts[i];
    absl::StrAppendFormat(
        &json,
        R"(%s{"target":%s,"hit_ratio":%.6f,"hits":%d,"misses":%d,"stored":%d,"refused":%d,)"
        R"("first_refusal":%s})",
        i == 0 ? "" : ",", QuotedJson(result.options.targets[i].ToString()), HitRatio(counts),
        counts.hits, counts.misses, counts.stored, counts.refused,
        QuotedJson(counts.first_refusal));
  }
  absl::StrAppend(&json, "]}");
  return json;
}

}  // namespace twincached::bench
