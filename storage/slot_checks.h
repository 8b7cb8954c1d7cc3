// What a STORE says of its slots to the peer's STOREs, and does with what theirs say: digests that
// are compared, and repairs of slots that differ.
//
// What it is: pure functions on a Shard. Made behind everything that the STORE handed over, applied
// behind everything that stands before them in the stream, so both sides speak of the same moment.
// What it is not: it sends nothing and remembers nothing; when to compare is digest_rounds.h's.
// Bounds: a Repair holds about kSnapshotChunkBytes, or one item.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "proto/replication/replication.pb.h"
#include "storage/shard.h"
#include "storage/shard_options.h"

namespace twincached {

// ---- The source ----
// Without a position: the LINK knows it.
replication::Digest MakeDigest(const Shard& shard, const ShardOptions& options, uint64_t round);
// The part of a slot that begins at first_hash. REQUIRES: a slot of this shard.
replication::Repair MakeRepair(const Shard& shard, const ShardOptions& options,
                               uint64_t first_hash);

// ---- The target, whatever the number of its shards ----
// REQUIRES: a Digest that the Receiver let through. Slots of other shards are left out.
replication::DigestResult CompareSlots(const Shard& shard, const ShardOptions& options,
                                       const replication::Digest& digest);
// Makes room for a repair: what it does not name goes. Its records are to be applied at once then.
// Fails, and drops nothing, when it names what is not of its range. REQUIRES: a slot of this shard.
absl::Status DropForRepair(const replication::Repair& repair, uint64_t slot_seed, Shard* shard);

}  // namespace twincached
