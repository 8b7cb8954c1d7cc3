#include "actors/hold_marks.h"

#include "proto/check.h"

namespace twincached {

void HoldMarks::Add(uint64_t offset, uint32_t shard, uint64_t seq) {
  DCHECK(empty() || marks_.back().offset <= offset);
  if (!empty() && marks_.back().shard == shard && marks_.back().seq >= seq) return;
  marks_.push_back({offset, seq, shard});
}

uint64_t HoldMarks::Release(const Acknowledged& acknowledged) {
  while (!empty() && marks_[first_].seq <= acknowledged[marks_[first_].shard]) ++first_;
  if (!empty()) return marks_[first_].offset;
  Clear();
  return net::kNoSendLimit;
}

void HoldMarks::Clear() {
  marks_.clear();
  first_ = 0;
}

}  // namespace twincached
