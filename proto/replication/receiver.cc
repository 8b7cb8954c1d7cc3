#include "proto/replication/receiver.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "proto/check.h"
#include "proto/key_hash.h"

namespace twincached::replication {

Receiver::Receiver(uint32_t shard_count, uint64_t position, uint64_t first_ticket)
    : shard_count_(shard_count),
      first_ticket_(first_ticket),
      received_position_(position),
      applied_position_(position),
      next_ticket_(first_ticket),
      acked_position_(position),
      acked_loaded_(true) {
  CHECK_GT(shard_count_, 0u);
}

void Receiver::ExpectSnapshot() {
  CHECK(stage_ == Stage::kLive);
  CHECK_EQ(next_ticket_, first_ticket_);
  stage_ = Stage::kAwaitSnapshot;
  acked_loaded_ = false;
  DCheckInvariants();
}

absl::Status Receiver::Broken(absl::string_view what) {
  status_ = absl::FailedPreconditionError(what);
  return status_;
}

absl::Status Receiver::OnSnapshotBegin(const SnapshotBegin& begin) {
  CHECK(open_.empty());
  if (!status_.ok()) return status_;
  if (stage_ != Stage::kAwaitSnapshot) return Broken("a snapshot begins that was not agreed on");
  stage_ = Stage::kSnapshot;
  received_position_ = applied_position_ = begin.position();
  DCheckInvariants();
  return absl::OkStatus();
}

absl::Status Receiver::OnSnapshotEnd(const SnapshotEnd& end) {
  CHECK(open_.empty());
  if (!status_.ok()) return status_;
  if (stage_ != Stage::kSnapshot) return Broken("a snapshot ends that never began");
  stage_ = Stage::kLive;
  snapshot_items_ = end.items();
  loading_done_ticket_ = next_ticket_;
  DCheckInvariants();
  return absl::OkStatus();
}

absl::Status Receiver::OnInSync(const InSync& in_sync) {
  CHECK(open_.empty());
  if (!status_.ok()) return status_;
  if (stage_ != Stage::kLive) return Broken("InSync before the snapshot is complete");
  if (in_sync.position() > received_position_) {
    return Broken(absl::StrCat("InSync at position ", in_sync.position(), ", but ",
                               received_position_, " is the newest received"));
  }
  // The first one decides: it was true then and stays true as long as the link lives.
  if (in_sync_ticket_ == kNoTicket) in_sync_ticket_ = next_ticket_;
  DCheckInvariants();
  return absl::OkStatus();
}

absl::Status Receiver::OnData(const DataView& data, Dispatch* dispatch) {
  *dispatch = Dispatch();
  if (!status_.ok()) return status_;
  if (data.kind == DataView::kOther) return Broken("neither a batch nor a chunk");
  if (stage_ == Stage::kAwaitSnapshot) return Broken("data before the snapshot begins");
  if (data.header.shard >= data.header.shard_count) {
    return Broken(absl::StrCat("shard ", data.header.shard, " of ", data.header.shard_count));
  }
  if (data.kind == DataView::kChunk) {
    if (stage_ != Stage::kSnapshot) return Broken("a chunk outside a snapshot");
  } else {
    const uint64_t position = data.header.position;
    if (position <= received_position_) return absl::OkStatus();
    if (position != received_position_ + 1) {
      return Broken(absl::StrCat("a gap: position ", position, " after ", received_position_));
    }
    received_position_ = position;
  }
  const bool same_shards = data.header.shard_count == shard_count_;
  if (!Join(same_shards ? data.header.shard : kEveryShard, dispatch)) {
    Issue(data.header.shard_count, data.header.shard, dispatch);
    open_.push_back({dispatch->shard, dispatch->ticket});
  }
  DCheckInvariants();
  return absl::OkStatus();
}

absl::Status Receiver::CheckPlaced(uint32_t shard_count, uint32_t shard) {
  CHECK(open_.empty());
  if (!status_.ok()) return status_;
  if (in_sync_ticket_ == kNoTicket) return Broken("a digest or repair before InSync");
  if (shard >= shard_count) return Broken(absl::StrCat("shard ", shard, " of ", shard_count));
  return absl::OkStatus();
}

absl::Status Receiver::OnDigest(const Digest& digest, Dispatch* dispatch) {
  *dispatch = Dispatch();
  absl::Status status = CheckPlaced(digest.shard_count(), digest.shard());
  if (!status.ok()) return status;
  if (digest.position() != received_position_) {
    return Broken(
        absl::StrCat("a digest at position ", digest.position(), " after ", received_position_));
  }
  const uint32_t slots_left = kSlotCount - std::min(kSlotCount, digest.shard());
  const uint32_t slots = (slots_left + digest.shard_count() - 1) / digest.shard_count();
  if (static_cast<uint32_t>(digest.digests_size()) != slots) {
    return Broken("a digest of too many slots or too few");
  }
  Issue(digest.shard_count(), digest.shard(), dispatch);
  DCheckInvariants();
  return absl::OkStatus();
}

absl::Status Receiver::OnRepair(const Repair& repair, Dispatch* dispatch) {
  *dispatch = Dispatch();
  absl::Status status = CheckPlaced(repair.shard_count(), repair.shard());
  if (!status.ok()) return status;
  const uint32_t slot = SlotOf(repair.first_hash());
  const bool is_of_slot =
      slot == SlotOf(repair.last_hash()) && repair.first_hash() <= repair.last_hash();
  if (!is_of_slot || ShardOfSlot(slot, repair.shard_count()) != repair.shard()) {
    return Broken("a repair that is not of a slot of its shard");
  }
  Issue(repair.shard_count(), repair.shard(), dispatch);
  DCheckInvariants();
  return absl::OkStatus();
}

void Receiver::Issue(uint32_t shard_count, uint32_t shard, Dispatch* dispatch) {
  const bool same_shards = shard_count == shard_count_;
  dispatch->apply = true;
  dispatch->shard = same_shards ? shard : kEveryShard;
  dispatch->ticket = next_ticket_++;
  pending_.push_back({received_position_, same_shards ? 1 : shard_count_});
}

// Positions are applied in the order of tickets: the one at hand is, when all of them are.
bool Receiver::Join(uint32_t shard, Dispatch* dispatch) {
  for (const Open& open : open_) {
    if (open.shard != shard) continue;
    *dispatch = {true, true, shard, open.ticket};
    pending_.back().position = received_position_;
    return true;
  }
  return false;
}

void Receiver::OnApplied(uint64_t ticket) {
  if (ticket < first_ticket_) return;
  // One answer too many would acknowledge what is not applied.
  CHECK_GE(ticket, AppliedTicket());
  CHECK_LT(ticket, next_ticket_);
  DCHECK(std::none_of(open_.begin(), open_.end(),
                      [ticket](const Open& open) { return open.ticket == ticket; }));
  Pending& answered = pending_[ticket - AppliedTicket()];
  CHECK_GT(answered.answers_left, 0u);
  --answered.answers_left;
  while (!pending_.empty() && pending_.front().answers_left == 0) {
    applied_position_ = pending_.front().position;
    pending_.pop_front();
  }
  DCheckInvariants();
}

bool Receiver::Loaded() const {
  if (stage_ != Stage::kLive) return false;
  return loading_done_ticket_ == kNoTicket || AppliedTicket() >= loading_done_ticket_;
}

bool Receiver::loading() const { return stage_ != Stage::kAwaitSnapshot && !Loaded(); }

bool Receiver::in_sync_applied() const { return AppliedTicket() >= in_sync_ticket_; }

bool Receiver::TakeLoadingDone() {
  if (loading_done_taken_ || loading_done_ticket_ == kNoTicket || !Loaded()) return false;
  loading_done_taken_ = true;
  return true;
}

bool Receiver::TakeAck(Ack* ack) {
  const bool in_sync = in_sync_applied();
  const bool loaded = Loaded();
  if (applied_position_ == acked_position_ && loaded == acked_loaded_ &&
      in_sync == acked_in_sync_ && shed_keys_.empty()) {
    return false;
  }
  acked_position_ = applied_position_;
  acked_loaded_ = loaded;
  acked_in_sync_ = in_sync;
  ack->Clear();
  ack->set_position(applied_position_);
  ack->set_loaded(loaded);
  ack->set_in_sync(in_sync);
  for (std::string& key : shed_keys_) ack->add_shed_keys(std::move(key));
  shed_keys_.clear();
  return true;
}

void Receiver::DCheckInvariants() const {
  DCHECK_LE(applied_position_, received_position_);
  DCHECK_LE(acked_position_, applied_position_);
  DCHECK_LE(first_ticket_, AppliedTicket());
  DCHECK(pending_.empty() || pending_.front().answers_left > 0);
  DCHECK(pending_.empty() ? applied_position_ == received_position_
                          : pending_.back().position == received_position_);
  DCHECK(!in_sync_applied() || Loaded());
}

}  // namespace twincached::replication
