// Which slots are to be flushed when: the delayed flushes of a shard.
//
// A plain value. It fires nothing: a deciding shard asks what is due and flushes; a following one
// keeps it for the day when it decides, and does not answer about what is due. A later flush of a
// slot, delayed or not, replaces an earlier one.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "proto/key_hash.h"
#include "proto/memcache/command.h"

namespace twincached {

class FlushSchedule {
 public:
  // kNever: nothing is to happen to these slots any more.
  void Set(uint64_t slots, int64_t at_ms) {
    next_ms_ = kNever;
    for (uint32_t slot = 0; slot < kSlotCount; ++slot) {
      if ((slots >> slot & 1) != 0) at_ms_[slot] = at_ms;
      if (at_ms_[slot] != kNever)
        next_ms_ = next_ms_ == kNever ? at_ms_[slot] : std::min(next_ms_, at_ms_[slot]);
    }
  }
  bool AnyDue(int64_t now_ms) const { return next_ms_ != kNever && next_ms_ <= now_ms; }
  bool IsDue(uint32_t slot, int64_t now_ms) const {
    return at_ms_[slot] != kNever && at_ms_[slot] <= now_ms;
  }
  uint64_t DueSlots(int64_t now_ms) const {
    uint64_t slots = 0;
    for (uint32_t slot = 0; slot < kSlotCount; ++slot) {
      if (IsDue(slot, now_ms)) slots |= uint64_t{1} << slot;
    }
    return slots;
  }
  // The slots that are to be flushed exactly then.
  uint64_t SlotsAt(int64_t at_ms) const {
    uint64_t slots = 0;
    for (uint32_t slot = 0; slot < kSlotCount; ++slot) {
      if (at_ms != kNever && at_ms_[slot] == at_ms) slots |= uint64_t{1} << slot;
    }
    return slots;
  }
  int64_t at_ms(uint32_t slot) const { return at_ms_[slot]; }
  // What two nodes compare: different for different times, 0 for none.
  uint64_t Digest(uint32_t slot) const {
    return static_cast<uint64_t>(at_ms_[slot]) * 0x9fb21c651e98df25;
  }
  // The earliest of all, kNever for none.
  int64_t next_ms() const { return next_ms_; }

 private:
  std::array<int64_t, kSlotCount> at_ms_{};
  int64_t next_ms_ = kNever;
};

}  // namespace twincached
