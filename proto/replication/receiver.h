// The target's half of a link: checks that the stream has no gap, says who applies what, and what
// may be acknowledged.
//
// What it is: the bookkeeping between the stream (grammar in sender.h) and the STOREs. A batch goes
// to the one shard of the same number when both nodes have as many shards, else to every shard
// (each takes the records of its own slots). Acknowledged means applied by every STORE concerned,
// never merely received.
// What it is not: it applies nothing and holds no records. One object serves one link.
// Owned by the LINK while it is target, on core 0; pure.
// Bounds: 16 bytes per dispatch that is not applied yet; the source's window bounds those.
//
// Invariants:
// 1. Positions are applied densely; one at or below the newest is skipped (a repeat after a
//    resume); a jump is a gap.
// 2. applied_position() <= received_position(), and neither goes back.
// 3. applied_position() is a position up to which everything is applied, the newest when no
//    dispatch took in what is behind another shard's.
// 4. Once a call has failed, every later frame fails as well: the stream is broken.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "proto/replication/frame.h"
#include "proto/replication/replication.pb.h"

namespace twincached::replication {

// Where a data frame's records go. shard kEveryShard: to all of this node's shards.
inline constexpr uint32_t kEveryShard = UINT32_MAX;
struct Dispatch {
  bool apply = false;  // false: skip it (a repeat)
  bool joins = false;  // the dispatch of this ticket takes it in: CloseDispatches
  uint32_t shard = 0;
  uint64_t ticket = 0;  // dense; each STORE concerned answers with it: OnApplied
};

class Receiver {
 public:
  // position: what this node has already (resume), 0 before a snapshot. first_ticket: above every
  // ticket of earlier links, whose late answers are then told apart (next_ticket() of the last
  // one).
  Receiver(uint32_t shard_count, uint64_t position, uint64_t first_ticket = 1);

  // The Verdict said COPY_SNAPSHOT: nothing but SnapshotBegin may come first. Call before any
  // frame.
  void ExpectSnapshot();

  // ---- The stream, in order. FailedPrecondition with what is wrong: end the link. ----
  absl::Status OnSnapshotBegin(const SnapshotBegin& begin);
  absl::Status OnSnapshotEnd(const SnapshotEnd& end);
  // Everything up to its position must have been received.
  absl::Status OnInSync(const InSync& in_sync);
  // Fails on a gap, a chunk outside a snapshot, a batch before SnapshotBegin, a shard that cannot
  // be. Else *dispatch says who gets data.records.
  absl::Status OnData(const DataView& data, Dispatch* dispatch);
  // What OnData dispatched is on its way: data behind it does not join it any more. Until then all
  // that comes for the same shard goes behind it, with one answer for everything. Call it before
  // anything but data is taken.
  void CloseDispatches() { open_.clear(); }

  // Digests and repairs are for whoever applies the batches of that shard, in the same order; they
  // come only to one that is in sync, and are never a repeat.
  absl::Status OnDigest(const Digest& digest, Dispatch* dispatch);
  absl::Status OnRepair(const Repair& repair, Dispatch* dispatch);

  // Whether the ticket is one of this receiver's, not of an earlier or a later link's.
  bool HasIssued(uint64_t ticket) const { return ticket >= first_ticket_ && ticket < next_ticket_; }
  // One STORE applied the dispatch with this ticket (one call per STORE concerned; in ticket order
  // per STORE). An answer to an earlier link's ticket changes nothing.
  void OnApplied(uint64_t ticket);

  // A STORE had no room for the item with this key: the next Ack, due then, says so.
  void AddShed(std::string key) { shed_keys_.push_back(std::move(key)); }

  // True once per change: an Ack with *ack is due. Call once per iteration, after all OnApplied.
  bool TakeAck(Ack* ack);
  uint64_t received_position() const { return received_position_; }
  uint64_t applied_position() const { return applied_position_; }
  bool loading() const;          // between SnapshotBegin and SnapshotEnd applied
  bool in_sync_applied() const;  // everything up to InSync is applied by every STORE
  bool TakeLoadingDone();        // true once: SnapshotEnd is reached by every STORE
  uint64_t snapshot_items() const { return snapshot_items_; }  // as SnapshotEnd said
  uint64_t next_ticket() const { return next_ticket_; }

 private:
  struct Pending {
    uint64_t position;  // applied_position() once this ticket and those before it are applied
    uint32_t answers_left;
  };
  struct Open {
    uint32_t shard;
    uint64_t ticket;
  };
  enum class Stage : uint8_t { kAwaitSnapshot, kSnapshot, kLive };
  static constexpr uint64_t kNoTicket = UINT64_MAX;

  absl::Status Broken(absl::string_view what);
  // Every ticket below this one is applied.
  uint64_t AppliedTicket() const { return next_ticket_ - pending_.size(); }
  bool Loaded() const;
  // Says who applies what this shard of the source sent, and waits for their answers.
  void Issue(uint32_t shard_count, uint32_t shard, Dispatch* dispatch);
  // Puts it into the shard's open dispatch; false when there is none.
  bool Join(uint32_t shard, Dispatch* dispatch);
  absl::Status CheckPlaced(uint32_t shard_count, uint32_t shard);
  void DCheckInvariants() const;

  // Fixed at construction.
  const uint32_t shard_count_;
  const uint64_t first_ticket_;

  Stage stage_ = Stage::kLive;
  absl::Status status_;  // the first failure
  uint64_t received_position_;
  uint64_t applied_position_;
  uint64_t next_ticket_;
  std::deque<Pending> pending_;  // tickets AppliedTicket() up to next_ticket_ - 1
  std::vector<Open> open_;       // one per shard, or one for every shard
  uint64_t snapshot_items_ = 0;
  // Reached when every ticket below is applied.
  uint64_t loading_done_ticket_ = kNoTicket;
  uint64_t in_sync_ticket_ = kNoTicket;
  bool loading_done_taken_ = false;
  // What the newest Ack said.
  uint64_t acked_position_;
  bool acked_loaded_;
  bool acked_in_sync_ = false;
  std::vector<std::string> shed_keys_;  // not in an Ack yet
};

}  // namespace twincached::replication
