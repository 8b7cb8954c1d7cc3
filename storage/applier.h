// What a record of the peer does to the items of a shard that follows.
//
// What it is: effects in, the same items and versions as at the source out. What it is not: a
// judge; nothing is removed here for age, and for room only the very item that finds none (shed).
// Owned by a Shard. Bounds: kShedMax keys that were shed and that the source has not removed yet
// are remembered, so that it can be told again, and a touch that was on its way is no gap. One more
// is a gap.
#pragma once

#include <cstdint>
#include <string>

#include "absl/container/btree_set.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "proto/key_hash.h"
#include "proto/replication/key_effect.h"
#include "proto/replication/replication.pb.h"
#include "storage/shard_call.h"
#include "storage/shard_parts.h"

namespace twincached {

class Applier {
 public:
  explicit Applier(ShardParts* parts) : parts_(parts) {}

  // As Shard::Apply.
  absl::Status Apply(const replication::Record& record, int64_t now_ms);
  absl::Status Apply(const replication::KeyEffect& effect, uint64_t hash, int64_t now_ms);
  // A touch of an item that is not here is no gap while this is set.
  void set_loading(bool loading) { loading_ = loading; }
  const absl::btree_set<std::string>& shed() const { return shed_; }
  // Slots with items that were shed and whose removal the source has yet to tell.
  uint64_t unsettled_slots() const;
  // The source has said everything that there is in this range.
  void Settle(const HashRange& range);
  void Reset();

 private:
  static constexpr size_t kShedMax = 64u << 10;

  absl::Status ApplyPut(const replication::KeyEffect& put, uint64_t hash, int64_t now_ms);
  // What the source has now, in place of what is here.
  absl::Status Place(uint64_t hash, const ItemView& item);
  absl::Status ApplyTouch(const replication::KeyEffect& touch, uint64_t hash);
  void ApplyRemove(absl::string_view key, uint64_t hash);
  void ApplyFlush(uint64_t slots);
  // The source has said something newer of this key.
  void EraseShed(absl::string_view key) {
    if (!shed_.empty()) shed_.erase(key);
  }
  void EraseShed(absl::FunctionRef<bool(uint64_t hash)> settled);
  bool MakeRoom(uint64_t hash, absl::string_view key, Placement placement, Location* old);
  absl::Status Shed(const ItemView& item, uint64_t hash, Location old);

  ShardParts* const parts_;
  absl::btree_set<std::string> shed_;  // keys whose removal the source has yet to tell
  bool loading_ = false;
};

}  // namespace twincached
