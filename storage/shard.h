// One shard of the key space: whole slots, their items, and what every operation does to them.
//
// What it is: the facade over segments, index, expiry and eviction. Owned by one STORE; no lock, no
// clock, no thread. What it is not: it knows no positions, no peer and no protocol. It says what
// changed (records); others send it. Bounds: items, index and large values together never exceed
// ShardOptions::memory_bytes_max while it decides (master), and kSlaveHeadroomDivisor more while it
// follows.
//
// Invariants:
// 1. A deciding shard tells every change to its RecordWriter, in the order in which they happened:
// puts, touches,
//    deletes, expiries, evictions and flushes. A shard that applied the same records in the same
//    order holds the same items with the same versions.
// 2. Only a deciding shard removes for age or for room, and only it says that something is too old.
// 3. Versions are minted in increasing order, never twice, and keep the shard's residue: counter %
// shard_count.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/types/optional.h"
#include "proto/key_hash.h"
#include "proto/memcache/command.h"
#include "proto/replication/key_effect.h"
#include "proto/replication/replication.pb.h"
#include "storage/mapped_memory.h"
#include "storage/pins.h"
#include "storage/record_writer.h"
#include "storage/shard_options.h"
#include "storage/shard_stats.h"

namespace twincached {

class Shard {
 public:
  explicit Shard(const ShardOptions& options);
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  // The smallest memory_bytes_max that works; below it the constructor's caller must refuse to
  // start.
  static size_t MemoryBytesMin();
  // The least that the bound of a shard with these options should be lowered to: room for 16 of its
  // segments and two of the largest items.
  static size_t MemoryBytesMinOf(const ShardOptions& options);

  // ---- Deciding (BOOT answered, SOLO, FEED, MASTER) ----
  // From here on this shard decides, and versions are minted in `epoch_number` (24 bits), above
  // every version in it.
  void BeginEpoch(uint64_t epoch_number);
  // Executes one command. `now_ms` is the stream clock. Changes go to `records`. The reply's value
  // is a view into the shard, valid until the next call of a non-const method. REQUIRES:
  // command.hash set; key 1..250 bytes. kFlush: expiry_ms kNever flushes now, a time makes it
  // pending.
  Reply Execute(const Command& command, int64_t now_ms, RecordWriter* records);
  // Keeps the bytes of `value`, which Execute() or Read() of this command just gave, for whoever
  // reads them on another thread or later. Null: they are to be copied.
  Pin PinValue(const Command& command, absl::string_view value);
  // Fires an overdue delayed flush and takes back expired items, up to `items_max` looked at (0:
  // the flush only). Returns the stream time at which it wants to be called again, kNever when
  // there is nothing to wait for.
  int64_t Maintain(int64_t now_ms, size_t items_max, RecordWriter* records);
  // True until the newest version's counter is half used up (ShardOptions::epoch_counter_max); then
  // the node must begin a new epoch. Versions are minted on until the counter's end, a CHECK.
  bool EpochHasRoom() const;
  uint64_t epoch_number() const;  // of the newest version

  // ---- Following (JOIN, SLAVE) ----
  // From here on records are applied and nothing is decided.
  void Follow();
  // Applies the effect of one record (its answer is not looked at). FailedPrecondition when a touch
  // finds no item and no snapshot is being loaded: a gap. Records of slots of other shards are the
  // caller's to filter. ResourceExhausted: no room even with headroom; the item with that key is
  // gone here (shed) and must be told.
  absl::Status Apply(const replication::Record& record, int64_t now_ms);
  // The same of an effect on one key, with HashKey() of that.
  absl::Status Apply(const replication::KeyEffect& effect, uint64_t hash, int64_t now_ms);
  void BeginLoading();  // drops everything; Apply tolerates touches of items that the snapshot will
                        // bring
  void EndLoading();
  // Keys that were shed here and that no record has removed since, in order: the source does not
  // know it yet, or its removal is on the way.
  std::vector<std::string> ShedKeys() const;
  // Read-only lookup for a following node's clients; counts in stats, marks the item as read.
  // Nothing when by `now_ms` the item has expired or is flushed: that is for the decider to say,
  // who may have given it more time meanwhile.
  absl::optional<Reply> Read(const Command& command, int64_t now_ms);

  // ---- Snapshot source ----
  // A cursor over everything live. Execute() stays correct beside it: an item that would move
  // before the cursor has passed it is written to the records of that call first.
  void BeginSnapshot();
  // Appends up to about bytes_max of puts. Returns false when the cursor has passed the last item
  // (also after it).
  bool NextSnapshotChunk(size_t bytes_max, int64_t now_ms, RecordWriter* records);
  void AbandonSnapshot();

  // ---- Comparing and repairing ----
  // What another node's shard has to have in this slot too: the sum of its items' digests
  // (item_digest.h), expired ones included, and of a flush that is to come.
  uint64_t SlotDigest(uint32_t slot) const;
  // Following: slots where the peer still has items that found no room here. They differ lawfully
  // until it has told their removal.
  uint64_t unsettled_slots() const;
  // As ReadSlotPart; the slot's pending flush comes with its first part.
  uint64_t ReadSlotPart(uint64_t first_hash, size_t bytes_max, RecordWriter* records) const;
  // Following: what is in the range and not among the keys goes. The records of that range are then
  // applied.
  void DropAllBut(const absl::flat_hash_set<std::string>& keys, const HashRange& range);

  // ---- Both ----
  uint64_t HashOf(absl::string_view key) const;  // with the seed of now
  bool Owns(uint64_t hash) const;                // whether the slot is one of this shard's
  // Asks the processor for what a command with this hash will touch, the index first: prefetch.h.
  void PrefetchIndex(uint64_t hash) const;
  void PrefetchItem(uint64_t hash) const;
  // Memory that items will come to soon and that nobody has touched; empty when there is none. The
  // first touch of a huge page takes the kernel up to milliseconds: another thread does it
  // (WarmPages) while the shard goes on. Call it behind every batch.
  MemoryRange TakeColdMemory();
  // Drops everything at once, without records; keeps options. The seed may change with it.
  void Clear(uint64_t slot_seed);
  // The bound from now on, in bytes; below 16 segments it is that. A lower one is reached by
  // Maintain() and by stores (deciding), or as the source's removals arrive (following).
  void SetMemoryBytesMax(size_t bytes);
  ShardStats stats() const;
  void ResetStats();
  // stats().classes' items and bytes from every item that is there: slow, for tests.
  SizeClassCounts RecountBySize() const;
  uint64_t newest_version() const;
  // Calls `visit` for every item, those too that have expired and are still here, in no particular
  // order: what two shards compare.
  void ForEachItem(const std::function<void(const ItemView&)>& visit) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace twincached
