#include "proto/replication/sender.h"

#include <utility>

#include "proto/check.h"
#include "proto/replication/frame.h"

namespace twincached::replication {

Sender::Sender(const SenderLimits& limits, MutationLog* log) : limits_(limits), log_(log) {
  CHECK_GT(limits_.chunks_in_flight_max, 0u);
}

void Sender::StartResume(uint64_t peer_position) {
  CHECK(stage_ == Stage::kIdle);
  stage_ = Stage::kLive;
  loaded_ = true;
  log_->SetKeeping(true);
  // Positions that were never given, or not kept: nothing can be sent, not even from the log's end.
  if (peer_position > log_->end()) {
    broken_ = true;
    peer_position = log_->end();
  }
  sent_position_ = acked_position_ = peer_position;
  log_->TrimTo(peer_position);
  DCheckInvariants();
}

void Sender::StartSnapshot(uint32_t shard_count) {
  CHECK(stage_ == Stage::kIdle);
  CHECK_GT(shard_count, 0u);
  stage_ = Stage::kSnapshotBegin;
  cursors_.assign(shard_count, Cursor::kWaiting);
  log_->SetKeeping(true);
  // Every batch so far is in the items that the cursors will find.
  sent_position_ = acked_position_ = log_->end();
  log_->TrimTo(sent_position_);
  DCheckInvariants();
}

void Sender::OnChunk(uint32_t shard, std::string records, bool last) {
  // A chunk that an earlier link asked for.
  if (shard >= cursors_.size() || cursors_[shard] != Cursor::kPulled) return;
  --pulled_count_;
  cursors_[shard] = last ? Cursor::kThrough : Cursor::kWaiting;
  if (last) ++through_count_;
  if (!records.empty()) {
    const PutTotals totals = CountPuts(records);
    snapshot_items_ += totals.items;
    snapshot_bytes_ += totals.bytes;
    chunks_.push_back({log_->end(), shard, std::move(records)});
  }
  DCheckInvariants();
}

void Sender::OnAck(const Ack& ack) {
  const bool in_sync_too_early =
      ack.in_sync() && (in_sync_ != InSyncStage::kSent || ack.position() < in_sync_position_);
  const bool loaded_too_early = ack.loaded() && stage_ != Stage::kLive;
  if (ack.position() > sent_position_ || in_sync_too_early || loaded_too_early) {
    broken_ = true;
    return;
  }
  if (ack.loaded()) loaded_ = true;
  if (ack.in_sync()) in_sync_acked_ = true;
  if (ack.position() > acked_position_) {
    acked_position_ = ack.position();
    log_->TrimTo(acked_position_);
  }
  DCheckInvariants();
}

void Sender::OnPlaced(const Frame& frame) {
  CHECK(in_sync_acked_);
  CHECK(frame.has_repair() || (frame.has_digest() && frame.digest().position() == log_->end()));
  placed_.push_back({log_->end(), std::string()});
  AppendFrame(frame, &placed_.back().bytes);
  DCheckInvariants();
}

void Sender::QueueInSync() {
  // A joiner without the whole snapshot must never become promotable.
  CHECK(snapshot_done());
  if (in_sync_ != InSyncStage::kNone) return;
  in_sync_ = InSyncStage::kQueued;
  in_sync_position_ = log_->end();
}

void Sender::Drain(size_t budget, FrameOutput* out) {
  while (out->unsent() < budget && !overrun() && AppendNext(out)) {
  }
  DCheckInvariants();
}

// Whatever belongs between two batches comes before the newer one.
bool Sender::AppendNext(FrameOutput* out) {
  if (stage_ == Stage::kIdle) return false;
  if (stage_ == Stage::kSnapshotBegin) {
    AppendSnapshotBegin(out->text());
    return true;
  }
  if (!chunks_.empty() && chunks_.front().after_position == sent_position_) {
    AppendFrontChunk(out->text());
    return true;
  }
  if (stage_ == Stage::kSnapshot && through_count_ == cursors_.size() && chunks_.empty()) {
    AppendSnapshotEnd(out->text());
    return true;
  }
  if (in_sync_ == InSyncStage::kQueued && in_sync_position_ == sent_position_) {
    AppendInSync(out->text());
    return true;
  }
  if (!placed_.empty() && placed_.front().after_position == sent_position_) {
    out->text()->append(placed_.front().bytes);
    placed_.pop_front();
    return true;
  }
  return AppendNextBatch(out);
}

void Sender::AppendSnapshotBegin(std::string* out) {
  Frame frame;
  frame.mutable_snapshot_begin()->set_position(sent_position_);
  AppendFrame(frame, out);
  stage_ = Stage::kSnapshot;
}

void Sender::AppendFrontChunk(std::string* out) {
  const PendingChunk& chunk = chunks_.front();
  AppendChunkFrame(chunk.shard, static_cast<uint32_t>(cursors_.size()), chunk.records, out);
  chunks_.pop_front();
}

void Sender::AppendSnapshotEnd(std::string* out) {
  Frame frame;
  frame.mutable_snapshot_end()->set_items(snapshot_items_);
  frame.mutable_snapshot_end()->set_bytes(snapshot_bytes_);
  AppendFrame(frame, out);
  stage_ = Stage::kLive;
}

void Sender::AppendInSync(std::string* out) {
  Frame frame;
  frame.mutable_in_sync()->set_position(in_sync_position_);
  AppendFrame(frame, out);
  in_sync_ = InSyncStage::kSent;
}

bool Sender::AppendNextBatch(FrameOutput* out) {
  if (sent_position_ == log_->end()) return false;
  const absl::string_view frame = log_->FrameAt(++sent_position_);
  if (std::shared_ptr<const void> owner = log_->OwnerAt(sent_position_)) {
    out->Lend(frame, std::move(owner));
  } else {
    out->text()->append(frame.data(), frame.size());
  }
  return true;
}

std::deque<uint32_t> Sender::TakeChunkPulls() {
  std::deque<uint32_t> pulls;
  // Once around: each shard has at most one pull under way.
  for (size_t looked_at = 0; looked_at < cursors_.size(); ++looked_at) {
    if (overrun() || ChunksInFlight() >= limits_.chunks_in_flight_max) break;
    const uint32_t shard = next_pull_;
    next_pull_ = (next_pull_ + 1) % static_cast<uint32_t>(cursors_.size());
    if (cursors_[shard] != Cursor::kWaiting) continue;
    cursors_[shard] = Cursor::kPulled;
    ++pulled_count_;
    pulls.push_back(shard);
  }
  DCheckInvariants();
  return pulls;
}

bool Sender::snapshot_done() const { return stage_ == Stage::kLive; }

bool Sender::caught_up() const {
  return loaded_ && !overrun() && log_->bytes() <= limits_.sync_lag_bytes_max;
}

bool Sender::overrun() const {
  return broken_ || (stage_ != Stage::kIdle && log_->begin() > sent_position_);
}

bool Sender::window_full() const {
  return stage_ != Stage::kIdle && log_->bytes() >= limits_.window_bytes_max;
}

void Sender::DCheckInvariants() const {
  DCHECK_LE(acked_position_, sent_position_);
  DCHECK(stage_ == Stage::kIdle || sent_position_ <= log_->end());
  DCHECK(chunks_.empty() || overrun() || chunks_.front().after_position >= sent_position_);
  DCHECK(placed_.empty() || overrun() || placed_.front().after_position >= sent_position_);
  DCHECK(in_sync_ != InSyncStage::kQueued || overrun() || in_sync_position_ >= sent_position_);
  DCHECK(in_sync_ == InSyncStage::kNone || snapshot_done());
  DCHECK(!in_sync_acked_ || in_sync_ == InSyncStage::kSent);
  DCHECK_LE(ChunksInFlight(), limits_.chunks_in_flight_max);
  DCHECK_LE(pulled_count_ + through_count_, cursors_.size());
  DCHECK(!snapshot_done() || (through_count_ == cursors_.size() && chunks_.empty()));
}

}  // namespace twincached::replication
