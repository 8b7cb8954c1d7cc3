#include "storage/record_applier.h"

#include "proto/replication/frame.h"
#include "storage/prefetch.h"

namespace twincached {
namespace {

absl::Status Malformed() { return absl::InvalidArgumentError("malformed record"); }

}  // namespace

absl::Status RecordApplier::Apply(const Batch& batch, int64_t now_ms, Outcome* outcome) {
  absl::string_view rest = batch.records;
  absl::string_view encoded;
  size_t decoded = 0;
  const auto hash_at = [this](size_t i) { return ring_[i % kRing].hash; };
  for (size_t i = 0;; ++i) {
    while (decoded <= i + kAhead && replication::NextRecord(&rest, &encoded)) {
      Decode(encoded, &ring_[decoded++ % kRing]);
    }
    if (i == decoded) break;
    PrefetchFrom(*shard_, i, decoded, hash_at);
    const absl::Status status = ApplyOne(ring_[i % kRing], batch, now_ms, outcome);
    if (!status.ok()) return status;
  }
  return rest.empty() ? absl::OkStatus() : Malformed();
}

void RecordApplier::Decode(absl::string_view encoded, Decoded* decoded) const {
  decoded->encoded = encoded;
  decoded->read = replication::ReadKeyEffect(encoded, &decoded->effect);
  decoded->hash =
      shard_->HashOf(decoded->read ? decoded->effect.key : replication::KeyOfRecord(encoded));
}

absl::Status RecordApplier::ApplyOne(const Decoded& decoded, const Batch& batch, int64_t now_ms,
                                     Outcome* outcome) {
  if (!decoded.read) return ApplyParsed(decoded.encoded, batch, now_ms, outcome);
  if (batch.every_shard && !shard_->Owns(decoded.hash)) return absl::OkStatus();
  const absl::Status status = shard_->Apply(decoded.effect, decoded.hash, now_ms);
  return status.ok() ? status : NoteShed(status, decoded.effect.key, outcome);
}

absl::Status RecordApplier::ApplyParsed(absl::string_view encoded, const Batch& batch,
                                        int64_t now_ms, Outcome* outcome) {
  if (!scratch_.ParseFromArray(encoded.data(), static_cast<int>(encoded.size()))) {
    return Malformed();
  }
  replication::KeyEffect effect;
  const bool keyed = replication::KeyEffectOf(scratch_, &effect) && !effect.key.empty();
  const bool ours = !keyed || !batch.every_shard || shard_->Owns(shard_->HashOf(effect.key));
  if (ours) {
    const absl::Status status = shard_->Apply(scratch_, now_ms);
    const absl::Status failure = NoteShed(status, effect.key, outcome);
    if (!failure.ok()) return failure;
  }
  // One shard tells an answer: the one that owns the key, or one for all.
  const bool tells = keyed ? ours : !batch.every_shard || tells_keyless_;
  if (scratch_.has_answer() && tells) outcome->answers.push_back(scratch_.answer());
  return absl::OkStatus();
}

// An item that found no room is no failure: it is told.
absl::Status RecordApplier::NoteShed(const absl::Status& status, absl::string_view key,
                                     Outcome* outcome) const {
  if (!absl::IsResourceExhausted(status)) return status;
  outcome->shed_keys.emplace_back(key.data(), key.size());
  return absl::OkStatus();
}

}  // namespace twincached
