#include "proto/replication/digest_rounds.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/check.h"
#include "proto/key_hash.h"

namespace twincached::replication {
namespace {

constexpr uint64_t kAllSlots = ~uint64_t{0};
static_assert(kSlotCount == 64, "one bit each");

uint32_t LowestSlot(uint64_t slots) { return static_cast<uint32_t>(__builtin_ctzll(slots)); }

bool EndsSlot(const Repair& repair) {
  return repair.last_hash() == LastHashOf(SlotOf(repair.last_hash()));
}

}  // namespace

std::string SlotList(uint64_t slots) {
  std::string list;
  for (; slots != 0; slots &= slots - 1) {
    absl::StrAppend(&list, list.empty() ? "" : ",", LowestSlot(slots));
  }
  return list;
}

// ---------------------------------------------------------------- the source

bool DigestSource::TakeRound(int64_t now_ms, uint64_t* round) {
  if (comparing_ || to_repair_ != 0 || (askers_.empty() && now_ms < due_ms_)) return false;
  comparing_ = true;
  due_ms_ = now_ms + kIntervalMs;
  equal_ = different_ = unsettled_ = 0;
  position_ = std::numeric_limits<uint64_t>::max();
  *round = next_round_++;
  DCheckInvariants();
  return true;
}

bool DigestSource::OnMade(const Frame& frame, uint64_t position) {
  if (frame.has_digest()) {
    if (!comparing_ || frame.digest().round() != next_round_ - 1) return false;
    position_ = std::min(position_, position);
    return true;
  }
  const Repair& repair = frame.repair();
  if (!repair_pulled_ || repair.first_hash() != next_hash_) return false;
  repair_pulled_ = false;
  if (!EndsSlot(repair)) {
    next_hash_ = repair.last_hash() + 1;
    return true;
  }
  const uint64_t slot = to_repair_ & (~to_repair_ + 1);
  to_repair_ &= ~slot;
  repaired_ |= slot;
  if (to_repair_ == 0) {
    due_ms_ = 0;  // is it well now?
  } else {
    next_hash_ = FirstHashOf(LowestSlot(to_repair_));
  }
  DCheckInvariants();
  return true;
}

void DigestSource::OnResult(const DigestResult& result) {
  if (!comparing_ || result.round() != next_round_ - 1) return;
  equal_ |= result.equal();
  different_ |= result.different();
  unsettled_ |= result.unsettled();
}

bool DigestSource::TakeOutcome(Outcome* outcome) {
  if (!comparing_ || (equal_ | different_ | unsettled_) != kAllSlots) return false;
  comparing_ = false;
  *outcome = Outcome();
  outcome->equal = equal_ & ~different_;
  outcome->different = different_;
  outcome->repaired = repaired_ & outcome->equal;
  outcome->position = position_;
  outcome->beyond = repaired_ & different_;
  repaired_ &= ~outcome->equal;
  to_repair_ = different_ & ~repaired_;
  if (to_repair_ != 0) next_hash_ = FirstHashOf(LowestSlot(to_repair_));
  const auto answered = [this](const Asker& asker) { return asker.round_min < next_round_; };
  for (const Asker& asker : askers_) {
    if (answered(asker)) outcome->askers.push_back(asker.asker);
  }
  askers_.erase(std::remove_if(askers_.begin(), askers_.end(), answered), askers_.end());
  DCheckInvariants();
  return true;
}

bool DigestSource::TakeRepair(uint64_t* first_hash) {
  if (to_repair_ == 0 || repair_pulled_) return false;
  repair_pulled_ = true;
  *first_hash = next_hash_;
  return true;
}

std::vector<uint64_t> DigestSource::TakeAskers() {
  std::vector<uint64_t> askers;
  for (const Asker& asker : std::exchange(askers_, {})) askers.push_back(asker.asker);
  return askers;
}

void DigestSource::DCheckInvariants() const {
  DCHECK(!comparing_ || to_repair_ == 0);
  DCHECK(!repair_pulled_ || to_repair_ != 0);
  DCHECK(to_repair_ == 0 || SlotOf(next_hash_) == LowestSlot(to_repair_));
}

// ---------------------------------------------------------------- the target

void DigestTarget::OnRepair(const Repair& repair) {
  if (EndsSlot(repair)) repaired_ |= uint64_t{1} << SlotOf(repair.last_hash());
}

absl::Status DigestTarget::OnCompared(const DigestResult& result, uint64_t* repaired) {
  const uint64_t still = result.different() & repaired_ & ~given_up_;
  *repaired = result.equal() & repaired_;
  repaired_ &= ~(result.equal() | result.different());
  given_up_ |= still;
  if (still == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("slots ", SlotList(still), " differ again after their repair"));
}

}  // namespace twincached::replication
