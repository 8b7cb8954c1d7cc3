#include "proto/memcache/stats_writer.h"

#include <cstddef>

#include "proto/memcache/decimal.h"
#include "proto/memcache/text_replies.h"

namespace twincached {
namespace {

void Append(absl::string_view text, std::string* out) { out->append(text.data(), text.size()); }

void AppendNumber(uint64_t value, std::string* out) {
  char digits[kDecimalDigitsMax];
  out->append(digits, static_cast<size_t>(WriteDecimal(value, digits) - digits));
}

}  // namespace

void StatsWriter::Begin(absl::string_view name) {
  Append("STAT ", out_);
  Append(name, out_);
  out_->push_back(' ');
}

void StatsWriter::Finish() { Append("\r\n", out_); }

void StatsWriter::Number(absl::string_view name, uint64_t value) {
  Begin(name);
  AppendNumber(value, out_);
  Finish();
}

void StatsWriter::Numbers(std::initializer_list<NamedCounter> counters) {
  for (const NamedCounter& counter : counters) Number(counter.name, counter.value);
}

void StatsWriter::Signed(absl::string_view name, int64_t value) {
  Begin(name);
  if (value < 0) out_->push_back('-');
  const uint64_t bits = static_cast<uint64_t>(value);
  AppendNumber(value < 0 ? 0 - bits : bits, out_);
  Finish();
}

void StatsWriter::Text(absl::string_view name, absl::string_view value) {
  Begin(name);
  Append(value, out_);
  Finish();
}

void StatsWriter::Seconds(absl::string_view name, uint64_t microseconds) {
  constexpr uint64_t kPerSecond = 1000000;
  Begin(name);
  AppendNumber(microseconds / kPerSecond, out_);
  // A leading one keeps the zeros; it is replaced by the point.
  const size_t point = out_->size();
  AppendNumber(kPerSecond + microseconds % kPerSecond, out_);
  (*out_)[point] = '.';
  Finish();
}

void StatsWriter::YesNo(absl::string_view name, bool value) { Text(name, value ? "yes" : "no"); }

void StatsWriter::End() { Append(text_replies::kEnd, out_); }

}  // namespace twincached
