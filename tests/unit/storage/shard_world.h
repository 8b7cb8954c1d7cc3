// A node's shards without the node, for tests: routes commands and records to them as a STORE
// would.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "proto/key_hash.h"
#include "storage/flush_schedule.h"
#include "storage/item_digest.h"
#include "storage/shard.h"

namespace twincached {

struct StoredItem {
  std::string value;
  uint64_t version = 0;
  uint32_t client_flags = 0;
  int64_t expiry_ms = kNever;

  friend bool operator==(const StoredItem& a, const StoredItem& b) {
    return a.value == b.value && a.version == b.version && a.client_flags == b.client_flags &&
           a.expiry_ms == b.expiry_ms;
  }
};

inline std::ostream& operator<<(std::ostream& out, const StoredItem& item) {
  return out << item.value.size() << " bytes, version " << item.version << ", flags "
             << item.client_flags << ", expiry " << item.expiry_ms;
}

class ShardWorld {
 public:
  static constexpr uint64_t kSeed = 0x5eed;

  ShardWorld(uint32_t shard_count, size_t memory_bytes_max, bool evict = true) {
    for (uint32_t i = 0; i < shard_count; ++i) {
      ShardOptions options;
      options.memory_bytes_max = memory_bytes_max / shard_count;
      options.shard_index = i;
      options.shard_count = shard_count;
      options.slot_seed = kSeed;
      options.evict = evict;
      shards_.push_back(std::make_unique<Shard>(options));
    }
  }

  Shard& shard(uint32_t index) { return *shards_[index]; }
  const Shard& shard(uint32_t index) const { return *shards_[index]; }
  uint32_t shard_count() const { return static_cast<uint32_t>(shards_.size()); }
  Shard& ShardOf(absl::string_view key) {
    return *shards_[ShardOfSlot(SlotOf(HashKey(key, kSeed)), shard_count())];
  }

  void BeginEpoch(uint64_t epoch_number) {
    for (auto& shard : shards_) shard->BeginEpoch(epoch_number);
  }

  // A flush goes to every shard and answers the last one's reply.
  Reply Execute(Command command, int64_t now_ms, RecordWriter* records) {
    if (command.op == Op::kFlush) {
      Reply reply;
      for (auto& shard : shards_) reply = shard->Execute(command, now_ms, records);
      return reply;
    }
    command.hash = HashKey(command.key, kSeed);
    return ShardOf(command.key).Execute(command, now_ms, records);
  }

  absl::optional<Reply> TryRead(absl::string_view key, int64_t now_ms) {
    Command command;
    command.key = key;
    command.hash = HashKey(key, kSeed);
    return ShardOf(key).Read(command, now_ms);
  }

  // Of what has not expired.
  Reply Read(absl::string_view key, int64_t now_ms) { return TryRead(key, now_ms).value(); }

  // The first failure ends it.
  absl::Status Apply(absl::string_view records, int64_t now_ms = 0) {
    replication::Batch batch;
    if (!batch.ParseFromArray(records.data(), static_cast<int>(records.size()))) {
      return absl::InvalidArgumentError("records do not parse");
    }
    for (const replication::Record& record : batch.records()) {
      absl::Status status;
      switch (record.effect_case()) {
        case replication::Record::kPut:
          status = ShardOf(record.put().key()).Apply(record, now_ms);
          break;
        case replication::Record::kTouch:
          status = ShardOf(record.touch().key()).Apply(record, now_ms);
          break;
        case replication::Record::kRemove:
          status = ShardOf(record.remove().key()).Apply(record, now_ms);
          break;
        default:
          for (auto& shard : shards_) {
            if (status.ok()) status = shard->Apply(record, now_ms);
          }
      }
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  std::map<std::string, StoredItem> Items() const {
    std::map<std::string, StoredItem> items;
    for (const auto& shard : shards_) {
      shard->ForEachItem([&items](const ItemView& view) {
        StoredItem item;
        item.value = std::string(view.value.data(), view.value.size());
        item.version = view.version;
        item.client_flags = view.client_flags;
        item.expiry_ms = view.expiry_ms;
        items.emplace(std::string(view.key.data(), view.key.size()), item);
      });
    }
    return items;
  }

  // By slot, as the shards keep them.
  std::vector<uint64_t> Digests() const {
    std::vector<uint64_t> digests;
    for (uint32_t slot = 0; slot < kSlotCount; ++slot) {
      digests.push_back(shards_[ShardOfSlot(slot, shard_count())]->SlotDigest(slot));
    }
    return digests;
  }
  // The same, from every item that is there.
  std::vector<uint64_t> DigestsOfItems(int64_t flush_at_ms) const {
    FlushSchedule flushes;
    flushes.Set(~uint64_t{0}, flush_at_ms);
    std::vector<uint64_t> digests(kSlotCount, flushes.Digest(0));
    for (const auto& shard : shards_) {
      shard->ForEachItem([&digests](const ItemView& view) {
        const uint64_t hash = HashKey(view.key, kSeed);
        digests[SlotOf(hash)] += DigestOf({hash, view.version, view.expiry_ms, view.client_flags,
                                           static_cast<uint32_t>(view.value.size()), view.marks});
      });
    }
    return digests;
  }

  uint64_t item_count() const {
    uint64_t count = 0;
    for (const auto& shard : shards_) count += shard->stats().items;
    return count;
  }

 private:
  std::vector<std::unique_ptr<Shard>> shards_;
};

}  // namespace twincached
