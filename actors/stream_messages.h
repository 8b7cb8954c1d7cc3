// What the actors say to each other about the stream of changes: batches to the peer, batches from
// it, and what is acknowledged.
//
// The rules of messages.h hold here too.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "proto/memcache/command.h"
#include "proto/replication/frame.h"
#include "proto/replication/replication.pb.h"

namespace twincached {

// ---- STORE -> LINK ----

// What one STORE changed in one go; gets a position. `seq` is dense per shard.
struct MutationBatch {
  uint32_t shard = 0;
  uint64_t seq = 0;            // 0: not recorded, only told that something changed
  uint32_t changes = 0;        // records, also when they were not encoded
  uint64_t used_up_epoch = 0;  // not 0: this epoch has no room for many more versions
  std::string records;  // behind kBatchRoomBytes of room; empty when not recorded
};
using MutationBatchPtr = std::shared_ptr<MutationBatch>;

struct SnapshotChunk {
  uint32_t shard = 0;
  bool last = false;
  std::string records;
};
using SnapshotChunkPtr = std::shared_ptr<SnapshotChunk>;

// A Digest or a Repair, for the place in the stream behind all that the STORE handed over before.
using PlacedFramePtr = std::shared_ptr<replication::Frame>;

// ---- LINK -> STORE ----

// Records from the peer, to be applied in order.
struct ApplyBatch {
  uint64_t ticket = 0;
  bool every_shard = false;  // only the records of the STORE's own slots are its business
  std::string records;       // concatenated fields, as on the wire
  std::unique_ptr<const replication::Frame> placed;  // instead: a Digest or a Repair
};
using ApplyBatchPtr = std::shared_ptr<const ApplyBatch>;

struct StoreOrder {
  enum Kind : uint8_t {
    kDecide,      // decide in epoch `value` from now on
    kFollow,      // apply only
    kClear,       // drop everything; `value` is the new slot seed
    kTakeWrites,  // execute clients' writes from now on (value 1) or answer kNoReplica (0)
    kRecord,      // encode changes from now on (value 1) or not (0)
    kBeginLoading,
    kEndLoading,
    kBeginSnapshot,
    kNextChunk,  // about `value` bytes
    kAbandonSnapshot,
    kSetMemory,   // `value` bytes are the shard's bound from now on
    kTellShed,    // answer with an Applied of ticket 0 that names what the peer has yet to remove
    kMakeDigest,  // of all slots, for round `value`
    kMakeRepair,  // of a slot, from hash `value` on
    kBarrier,     // answer BarrierReached
  };
  Kind kind = kBarrier;
  uint64_t value = 0;
};

// ---- STORE -> LINK, answers ----

// What a reply reveals: batch `seq` of `shard`.
struct Revealed {
  uint32_t shard = 0;
  uint64_t seq = 0;
};

struct ForwardAnswer {
  uint64_t incarnation_low = 0;  // whose forward it answers
  uint64_t number = 0;
  uint32_t parts = 1;
  Reply reply;
  std::string value;  // reply.value's bytes
};

struct Applied {
  uint64_t ticket = 0;                 // 0: of none, nothing was applied
  std::string failure;                 // not empty: a gap or a bad record; the stream is broken
  std::vector<ForwardAnswer> answers;  // to our own clients' forwards
  std::vector<std::string> shed_keys;
  std::unique_ptr<replication::DigestResult> compared;  // where a Digest stood
};
using AppliedPtr = std::shared_ptr<Applied>;

struct BarrierReached {
  uint32_t shard = 0;
  uint64_t token = 0;
};

// ---- LINK -> LISTENERs and STOREs ----

// Per shard: every batch up to and including this number is acknowledged by the peer.
using Acknowledged = std::vector<uint64_t>;
using AcknowledgedPtr = std::shared_ptr<const Acknowledged>;

// Replies may leave until this time (net::BoottimeMs). Counts only in the modes that need it.
struct Lease {
  int64_t until_boot_ms = 0;
};

// The slave's stream clock follows the master's: stream = MonotonicUs() / 1000 + offset_ms.
struct StreamClockOffset {
  int64_t offset_ms = 0;
};

// The window is full (or no more): clients are not read meanwhile, whatever their replies wait for.
struct WindowFull {
  bool full = false;
};

}  // namespace twincached
