#include "storage/slot_checks.h"

#include <string>

#include "absl/container/flat_hash_set.h"
#include "proto/key_hash.h"
#include "proto/limits.h"
#include "proto/replication/frame.h"
#include "storage/record_writer.h"

namespace twincached {

replication::Digest MakeDigest(const Shard& shard, const ShardOptions& options, uint64_t round) {
  replication::Digest digest;
  digest.set_shard(options.shard_index);
  digest.set_shard_count(options.shard_count);
  digest.set_round(round);
  for (uint32_t slot = options.shard_index; slot < kSlotCount; slot += options.shard_count) {
    digest.add_digests(shard.SlotDigest(slot));
  }
  return digest;
}

replication::Repair MakeRepair(const Shard& shard, const ShardOptions& options,
                               uint64_t first_hash) {
  RecordWriter writer;
  writer.set_enabled(true);
  replication::Repair repair;
  repair.set_shard(options.shard_index);
  repair.set_shard_count(options.shard_count);
  repair.set_first_hash(first_hash);
  repair.set_last_hash(shard.ReadSlotPart(first_hash, kSnapshotChunkBytes, &writer));
  repair.set_records(writer.TakeBytes());
  return repair;
}

replication::DigestResult CompareSlots(const Shard& shard, const ShardOptions& options,
                                       const replication::Digest& digest) {
  const uint64_t unsettled = shard.unsettled_slots();
  replication::DigestResult result;
  result.set_round(digest.round());
  result.set_position(digest.position());
  uint32_t slot = digest.shard();
  for (const uint64_t theirs : digest.digests()) {
    const uint64_t bit = uint64_t{1} << slot;
    if (ShardOfSlot(slot, options.shard_count) != options.shard_index) {
      // Another STORE's.
    } else if (shard.SlotDigest(slot) == theirs) {
      result.set_equal(result.equal() | bit);
    } else if ((unsettled & bit) != 0) {
      result.set_unsettled(result.unsettled() | bit);
    } else {
      result.set_different(result.different() | bit);
    }
    slot += digest.shard_count();
  }
  return result;
}

absl::Status DropForRepair(const replication::Repair& repair, uint64_t slot_seed, Shard* shard) {
  const HashRange range{repair.first_hash(), repair.last_hash()};
  absl::flat_hash_set<std::string> keys;
  replication::Record record;
  absl::string_view records = repair.records();
  absl::string_view encoded;
  while (replication::NextRecord(&records, &encoded)) {
    if (!record.ParseFromArray(encoded.data(), static_cast<int>(encoded.size()))) {
      return absl::InvalidArgumentError("malformed record");
    }
    if (!record.has_put()) continue;
    const uint64_t hash = HashKey(record.put().key(), slot_seed);
    if (hash < range.first || hash > range.last) {
      return absl::InvalidArgumentError("a repair names a key that is not of its range");
    }
    keys.insert(record.put().key());
  }
  if (!records.empty()) return absl::InvalidArgumentError("malformed record");
  shard->DropAllBut(keys, range);
  return absl::OkStatus();
}

}  // namespace twincached
