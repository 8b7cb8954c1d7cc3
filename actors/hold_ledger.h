// Which un-acknowledged batch of a shard a reply reveals.
//
// Pure; one per STORE. A reply to a write reveals its own batch; a hit reveals the batch that wrote
// the item it shows; a miss reveals the newest removal, as a get reveals a set. Such a reply leaves
// only when that batch is acknowledged.
//
// Invariants: sequence numbers grow by one per batch; versions of a shard grow with them.
// Bounds: one entry per un-acknowledged batch; the window (kWindowBytesMax) bounds those.
#pragma once

#include <cstdint>
#include <deque>

#include "proto/memcache/command.h"

namespace twincached {

class HoldLedger {
 public:
  // Forgets everything: all that is there now counts as acknowledged.
  void Reset(uint64_t newest_version);

  // The batch that is being executed gets this number if it changes anything.
  uint64_t next_seq() const { return next_seq_; }
  // It did: the newest version afterwards, and whether something was removed.
  void Close(uint64_t newest_version, bool removed);
  void Acknowledge(uint64_t seq);

  // What has been done in the batch being executed.
  struct SoFar {
    bool by_command = false;  // the answered command itself changed something
    bool changed = false;     // it or one before it did
    bool removed = false;     // likewise: and removed something
  };
  // The number of the newest batch that a reply reveals. 0: nothing un-acknowledged.
  uint64_t Reveals(const Reply& reply, const SoFar& so_far) const;

 private:
  struct Entry {
    uint64_t seq;
    uint64_t newest_version;
  };

  uint64_t SeqOfVersion(uint64_t version) const;

  uint64_t next_seq_ = 1;
  uint64_t acknowledged_seq_ = 0;
  uint64_t acknowledged_version_ = 0;
  uint64_t newest_removal_seq_ = 0;
  std::deque<Entry> open_;  // not acknowledged
};

}  // namespace twincached
