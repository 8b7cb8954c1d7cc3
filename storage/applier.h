// What a record of the peer does to the items of a shard that follows.
//
// What it is: effects in, the same items and versions as at the source out. What it is not: a
// judge; nothing is removed here for age, and for room only the very item that finds none (shed).
// Owned by a Shard. Bounds: kShedMax keys that were shed are remembered, so that a touch that was
// on its way is no gap.
#pragma once

#include <cstdint>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "proto/replication/replication.pb.h"
#include "storage/shard_call.h"
#include "storage/shard_parts.h"

namespace twincached {

class Applier {
 public:
  explicit Applier(ShardParts* parts) : parts_(parts) {}

  // As Shard::Apply.
  absl::Status Apply(const replication::Record& record);
  // A touch of an item that is not here is no gap while this is set.
  void set_loading(bool loading) { loading_ = loading; }
  void Reset();

 private:
  static constexpr size_t kShedMax = 64u << 10;

  absl::Status ApplyPut(const replication::Put& put);
  absl::Status ApplyTouch(const replication::Touch& touch);
  void ApplyRemove(const replication::Remove& remove);
  bool MakeRoom(uint64_t hash, const ItemView& item, Location* old);
  absl::Status Shed(uint64_t hash, Location old);

  ShardParts* const parts_;
  absl::flat_hash_set<uint64_t> shed_;  // hashes of keys whose removal the source has yet to tell
  bool loading_ = false;
};

}  // namespace twincached
