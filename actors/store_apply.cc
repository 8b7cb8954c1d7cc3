// The STORE as follower: what the peer's stream says is applied, and compared.
#include <utility>

#include "actors/store.h"
#include "storage/slot_checks.h"

namespace twincached {

namespace {

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
  RecordApplier::Outcome outcome;
  const absl::Status status = applier_.Apply({records, batch.every_shard}, NowMs(), &outcome);
  if (!status.ok()) applied->failure = std::string(status.message());
  applied->shed_keys = std::move(outcome.shed_keys);
  for (const replication::ForwardAnswer& answer : outcome.answers) {
    applied->answers.push_back(ToAnswer(answer));
  }
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

}  // namespace twincached
