#include "actors/hold_ledger.h"

#include <algorithm>

#include "proto/check.h"

namespace twincached {

void HoldLedger::Reset(uint64_t newest_version) {
  open_.clear();
  acknowledged_seq_ = next_seq_ - 1;
  acknowledged_version_ = newest_version;
  newest_removal_seq_ = 0;
}

void HoldLedger::Close(uint64_t newest_version, bool removed) {
  DCHECK(open_.empty() || open_.back().newest_version <= newest_version);
  open_.push_back({next_seq_, newest_version});
  if (removed) newest_removal_seq_ = next_seq_;
  ++next_seq_;
}

void HoldLedger::Acknowledge(uint64_t seq) {
  acknowledged_seq_ = std::max(acknowledged_seq_, seq);
  while (!open_.empty() && open_.front().seq <= seq) {
    acknowledged_version_ = std::max(acknowledged_version_, open_.front().newest_version);
    open_.pop_front();
  }
}

uint64_t HoldLedger::SeqOfVersion(uint64_t version) const {
  if (version <= acknowledged_version_) return 0;
  auto entry = std::lower_bound(
      open_.begin(), open_.end(), version,
      [](const Entry& candidate, uint64_t wanted) { return candidate.newest_version < wanted; });
  return entry == open_.end() ? next_seq_ : entry->seq;
}

uint64_t HoldLedger::Reveals(const Reply& reply, const SoFar& so_far) const {
  if (so_far.by_command) return next_seq_;
  switch (reply.status) {
    case Status::kHit:
      return SeqOfVersion(reply.cas);
    case Status::kMiss:
    case Status::kNotFound:
      if (so_far.removed) return next_seq_;
      return newest_removal_seq_ > acknowledged_seq_ ? newest_removal_seq_ : 0;
    default:
      // What is there, or was, without saying which version: everything so far.
      if (so_far.changed) return next_seq_;
      return open_.empty() ? 0 : open_.back().seq;
  }
}

}  // namespace twincached
