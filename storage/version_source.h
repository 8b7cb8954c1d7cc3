// Mints the versions (cas ids) of one shard.
//
//   version = epoch number (24 bits) counter (40 bits)
//
// Invariants: minted versions grow; counter % shard_count == shard_index, so no two shards of a
// node mint the same one; 0 is never minted. Owned by a shard; pure.
#pragma once

#include <algorithm>
#include <cstdint>

#include "proto/canary.h"
#include "proto/check.h"
#include "storage/shard_options.h"

namespace twincached {

class VersionSource {
 public:
  static constexpr int kCounterBits = 40;
  static constexpr uint64_t kCounterMask = (uint64_t{1} << kCounterBits) - 1;
  static constexpr uint64_t kEpochMask = UINT64_MAX >> kCounterBits;

  explicit VersionSource(const ShardOptions& options)
      : shard_index_(options.shard_index),
        shard_count_(options.shard_count),
        epoch_counter_max_(options.epoch_counter_max) {}

  // Versions are minted in this epoch from now on, above all that were seen in it.
  // REQUIRES: no version of a later epoch was seen.
  void BeginEpoch(uint64_t epoch_number) {
    CHECK_LE(this->epoch_number(), epoch_number);
    CHECK_LE(epoch_number, kEpochMask);
    newest_ = std::max(newest_, epoch_number << kCounterBits);
    if (BrokenOnPurpose(Canary::kCasIdReused)) newest_ = uint64_t{1} << kCounterBits;
  }

  uint64_t Mint() {
    const uint64_t counter = (newest_ & kCounterMask) + 1;
    const uint64_t rest = counter % shard_count_;
    const uint64_t to_residue =
        rest <= shard_index_ ? shard_index_ - rest : shard_count_ - rest + shard_index_;
    CHECK_LE(counter + to_residue, kCounterMask);
    newest_ += 1 + to_residue;
    return newest_;
  }

  // A version minted elsewhere was applied here.
  void Observe(uint64_t version) { newest_ = std::max(newest_, version); }

  bool EpochHasRoom() const { return (newest_ & kCounterMask) < epoch_counter_max_; }
  uint64_t epoch_number() const { return newest_ >> kCounterBits; }
  uint64_t newest() const { return newest_; }

 private:
  const uint32_t shard_index_;
  const uint32_t shard_count_;
  const uint64_t epoch_counter_max_;
  uint64_t newest_ = 0;
};

}  // namespace twincached
