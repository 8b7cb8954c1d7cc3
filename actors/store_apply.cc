// The STORE as follower: what the peer's stream says is applied, and compared.
#include <utility>

#include "actors/store.h"
#include "proto/key_hash.h"
#include "proto/replication/frame.h"
#include "storage/prefetch.h"
#include "storage/slot_checks.h"

namespace twincached {

namespace {

absl::string_view KeyOf(const replication::Record& record) {
  switch (record.effect_case()) {
    case replication::Record::kPut:
      return record.put().key();
    case replication::Record::kTouch:
      return record.touch().key();
    case replication::Record::kRemove:
      return record.remove().key();
    default:
      return {};
  }
}

ForwardAnswer ToAnswer(const replication::ForwardAnswer& encoded) {
  ForwardAnswer answer;
  answer.incarnation_low = encoded.incarnation_low();
  answer.number = encoded.number();
  answer.parts = encoded.parts();
  answer.reply.status = static_cast<Status>(encoded.status());
  answer.reply.client_flags = encoded.client_flags();
  answer.reply.cas = encoded.cas();
  answer.reply.number = encoded.value_number();
  answer.value = encoded.value();
  return answer;
}

}  // namespace

void StoreActor::OnApply(const ApplyBatch& batch) {
  auto applied = std::make_shared<Applied>();
  applied->ticket = batch.ticket;
  if (decides_) return;  // a late batch of a link that is over
  if (batch.placed == nullptr) {
    ApplyAll(batch, batch.records, applied.get());
  } else {
    ApplyPlaced(batch, applied.get());
  }
  send(wiring_->link, std::move(applied));
}

void StoreActor::ApplyAll(const ApplyBatch& batch, absl::string_view records, Applied* applied) {
  to_apply_.clear();
  absl::string_view encoded;
  while (replication::NextRecord(&records, &encoded)) {
    to_apply_.push_back({encoded, HashKey(replication::KeyOfRecord(encoded), slot_seed_)});
  }
  const int64_t now_ms = NowMs();
  for (size_t i = 0; i < to_apply_.size() && applied->failure.empty(); ++i) {
    PrefetchFrom(shard_, i, to_apply_.size(), [this](size_t j) { return to_apply_[j].hash; });
    ApplyRecord(batch, to_apply_[i].encoded, now_ms, applied);
  }
  if (applied->failure.empty() && !records.empty()) applied->failure = "malformed record";
}

void StoreActor::ApplyPlaced(const ApplyBatch& batch, Applied* applied) {
  if (batch.placed->has_digest()) {
    applied->compared = std::make_unique<replication::DigestResult>(
        CompareSlots(shard_, options_.shard, batch.placed->digest()));
    return;
  }
  const replication::Repair& repair = batch.placed->repair();
  if (!Owns(repair.first_hash())) return;
  const absl::Status status = DropForRepair(repair, slot_seed_, &shard_);
  if (!status.ok()) {
    applied->failure = std::string(status.message());
  } else {
    ApplyAll(batch, repair.records(), applied);
  }
}

void StoreActor::ApplyRecord(const ApplyBatch& batch, absl::string_view encoded, int64_t now_ms,
                             Applied* applied) {
  if (!scratch_.ParseFromArray(encoded.data(), static_cast<int>(encoded.size()))) {
    applied->failure = "malformed record";
    return;
  }
  const absl::string_view key = KeyOf(scratch_);
  const bool ours = key.empty() || !batch.every_shard || Owns(HashKey(key, slot_seed_));
  if (ours) {
    const absl::Status status = shard_.Apply(scratch_, now_ms);
    if (absl::IsResourceExhausted(status)) {
      applied->shed_keys.emplace_back(key.data(), key.size());
    } else if (!status.ok()) {
      applied->failure = std::string(status.message());
      return;
    }
  }
  // One shard tells an answer: the one that owns the key, or the first for an answer without one.
  const bool tells = key.empty() ? !batch.every_shard || options_.shard.shard_index == 0 : ours;
  if (scratch_.has_answer() && tells) applied->answers.push_back(ToAnswer(scratch_.answer()));
}

}  // namespace twincached
