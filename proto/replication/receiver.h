// The target's half of a link: checks that the stream has no gap, says who applies what, and what may be acknowledged.
//
// Owned by the LINK while it is target; pure. A batch goes to the one shard of the same number when both nodes have as
// many shards, else to every shard (each takes the records of its own slots). Acknowledged means applied by every STORE
// concerned, never merely received.
//
// Invariants: positions are applied densely; one at or below the newest is skipped (a repeat after a resume); a jump is a
// gap. The acknowledged position never goes back.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "proto/replication/frame.h"
#include "proto/replication/replication.pb.h"

namespace twincached::replication {

// Where a data frame's records go. shard kEveryShard: to all of this node's shards.
inline constexpr uint32_t kEveryShard = UINT32_MAX;
struct Dispatch {
  bool apply = false;   // false: skip it (a repeat)
  uint32_t shard = 0;
  uint64_t ticket = 0;  // dense; each STORE concerned answers with it: OnApplied
};

class Receiver {
 public:
  // position: what this node has already (resume), 0 before a snapshot.
  Receiver(uint32_t shard_count, uint64_t position);

  void ExpectSnapshot();
  absl::Status OnSnapshotBegin(const SnapshotBegin& begin);
  absl::Status OnSnapshotEnd(const SnapshotEnd& end);
  absl::Status OnInSync(const InSync& in_sync);
  // FailedPrecondition: a gap, a chunk outside a snapshot, a batch before SnapshotBegin.
  absl::Status OnData(const DataView& data, Dispatch* dispatch);
  // One STORE applied the dispatch with this ticket (one call per STORE concerned; in ticket order per STORE).
  void OnApplied(uint64_t ticket);

  // True once per change: an Ack with *ack is due. Call once per iteration, after all OnApplied.
  bool TakeAck(Ack* ack);
  uint64_t received_position() const;
  uint64_t applied_position() const;
  bool loading() const;          // between SnapshotBegin and SnapshotEnd applied
  bool in_sync_applied() const;  // everything up to InSync is applied by every STORE
  bool TakeLoadingDone();        // true once: SnapshotEnd is reached by every STORE
  uint64_t snapshot_items() const;  // as SnapshotEnd said

 private:
  uint32_t shard_count_;
  // (private state is the implementer's)
};

}  // namespace twincached::replication
