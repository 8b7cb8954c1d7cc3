#include "actors/hold_marks.h"

#include <cstddef>

#include "proto/check.h"

namespace twincached {

void HoldMarks::Add(uint64_t offset, uint32_t shard, uint64_t seq) {
  DCHECK(empty() || marks_.back().offset <= offset);
  if (!empty() && marks_.back().shard == shard && marks_.back().seq >= seq) return;
  marks_.push_back({offset, seq, shard});
}

uint64_t HoldMarks::Release(const Acknowledged& acknowledged) {
  while (!empty() && marks_[first_].seq <= acknowledged[marks_[first_].shard]) ++first_;
  const uint64_t limit = empty() ? net::kNoSendLimit : marks_[first_].offset;
  // A client may never be through: what is satisfied goes as soon as it is the greater part.
  if (2 * first_ >= marks_.size()) {
    marks_.erase(marks_.begin(), marks_.begin() + static_cast<ptrdiff_t>(first_));
    first_ = 0;
  }
  return limit;
}

void HoldMarks::Clear() {
  marks_.clear();
  first_ = 0;
}

}  // namespace twincached
