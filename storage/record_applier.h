// Applies the peer's records, as they come in the stream, to a shard that follows.
//
// What it is: the loop between encoded records and Shard::Apply. Effects on keys are read where
// they lie, some records ahead, so that the processor has asked for an item before its turn comes;
// all else goes through protobuf. What it is not: an owner of what it reads, or a judge of it.
// Owned by a STORE beside its shard; pure. Bounds: kAhead effects.
//
// Invariant: records are applied in their order, up to the first that fails.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "proto/replication/key_effect.h"
#include "proto/replication/replication.pb.h"
#include "storage/shard.h"

namespace twincached {

class RecordApplier {
 public:
  struct Batch {
    absl::string_view records;  // concatenated fields, as on the wire
    // Only the records of the shard's own slots are its business.
    bool every_shard = false;
  };
  // What has to be told. Added to, in the order of the records.
  struct Outcome {
    std::vector<std::string> shed_keys;  // as Shard::Apply says
    std::vector<replication::ForwardAnswer> answers;
  };

  // `shard` outlives it. tells_keyless: whether it tells answers of records without a key that went
  // to every shard; one of them does.
  RecordApplier(Shard* shard, bool tells_keyless) : shard_(shard), tells_keyless_(tells_keyless) {}

  // What was wrong with the first record that failed: the stream is broken there.
  absl::Status Apply(const Batch& batch, int64_t now_ms, Outcome* outcome);

 private:
  // PrefetchFrom() looks so far.
  static constexpr size_t kAhead = 8;
  // A power of two: the one at hand and those ahead.
  static constexpr size_t kRing = 16;
  static_assert(kRing > kAhead, "none is overwritten before its turn");

  struct Decoded {
    absl::string_view encoded;
    replication::KeyEffect effect;  // when `read`
    uint64_t hash = 0;              // of its key
    bool read = false;              // else protobuf is to parse it
  };

  void Decode(absl::string_view encoded, Decoded* decoded) const;
  absl::Status ApplyOne(const Decoded& decoded, const Batch& batch, int64_t now_ms,
                        Outcome* outcome);
  absl::Status ApplyParsed(absl::string_view encoded, const Batch& batch, int64_t now_ms,
                           Outcome* outcome);
  absl::Status NoteShed(const absl::Status& status, absl::string_view key, Outcome* outcome) const;

  Shard* const shard_;
  const bool tells_keyless_;
  std::array<Decoded, kRing> ring_;  // of the batch at hand
  replication::Record scratch_;
};

}  // namespace twincached
