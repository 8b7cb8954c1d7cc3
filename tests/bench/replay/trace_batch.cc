#include "tests/bench/replay/trace_batch.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "proto/check.h"

namespace twincached::bench {
namespace {

constexpr absl::string_view kGetVerb = "get";
constexpr size_t kValueBytesMax = std::max(kMixedValueBytesMax, kPlainValueBytesMax);

void AppendKey(uint32_t number, std::string* out) {
  const size_t begin = out->size();
  out->append(kTraceKeyBytes, '0');
  (*out)[begin] = 'k';
  for (char* digit = &out->back(); number > 0; number /= 10) {
    *digit-- = static_cast<char>('0' + number % 10);
  }
}

}  // namespace

TraceBatch::TraceBatch() : value_(kValueBytesMax, 'v') {}

void TraceBatch::Fill(TraceSource* source, size_t requests) {
  CHECK_GE(requests, 1u);
  CHECK_LE(requests, kBatchRequestsMax);
  requests_ = requests;
  distinct_.clear();
  asked_.clear();
  repeats_.clear();
  index_of_key_.clear();
  get_.assign(kGetVerb.data(), kGetVerb.size());
  for (size_t i = 0; i < requests; ++i) {
    const TraceRequest request = source->Next();
    const auto [entry, is_new] = index_of_key_.emplace(request.key, distinct_.size());
    if (!is_new) {
      ++repeats_[entry->second];
      continue;
    }
    distinct_.push_back(request);
    repeats_.push_back(1);
    get_.push_back(' ');
    AppendKey(request.key, &get_);
  }
  get_.append("\r\n");
  // The text does not move any more: now the keys can be views of it.
  for (size_t i = 0; i < distinct_.size(); ++i) {
    const size_t begin = kGetVerb.size() + i * (1 + kTraceKeyBytes) + 1;
    const auto key = absl::string_view(get_).substr(begin, kTraceKeyBytes);
    asked_.push_back({key, distinct_[i].value_bytes});
  }
}

void TraceBatch::AppendSet(size_t index, std::string* out) const {
  const TraceRequest& request = distinct_[index];
  DCHECK_LE(request.value_bytes, value_.size());
  const auto value = absl::string_view(value_).substr(0, request.value_bytes);
  absl::StrAppend(out, "set ", asked_[index].key, " 0 ", request.ttl_seconds, " ");
  absl::StrAppend(out, request.value_bytes, "\r\n", value, "\r\n");
}

}  // namespace twincached::bench
