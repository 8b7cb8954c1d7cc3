// The source's half of a link: decides which frame leaves next, and knows what the peer has.
//
// What it is: one ordered stream, drawn from the mutation log and the snapshot's chunks:
//
//   resume   = *batch [ InSync *batch ]
//   snapshot = SnapshotBegin *( chunk / batch ) SnapshotEnd *batch [ InSync *batch ]
//   paired   = behind InSync also *( Digest / Repair )
//
// A chunk is correct behind every batch that was in the log when it was made, and before every
// later one: that is where it is sent. So is a Digest or Repair.
// What it is not: it makes no chunks (STOREs do, when pulled) and sends no Hello, Heartbeat or
// other frame beside the stream. One object serves one link: a new link takes a new Sender.
// Owned by the LINK while it is source, on core 0; pure.
// Bounds: batches are read from the log only as the socket takes them (Drain's budget); at most
// chunks_in_flight_max chunks are asked for or waiting to be sent; Digests and Repairs wait as many
// as the caller gives. When the log no longer reaches
// back to what is to be sent next, overrun() is true and the link must be ended: the peer takes a
// snapshot.
//
// Invariants:
// 1. acked_position() <= sent_position() <= the log's end, and none of them goes back.
// 2. Batches leave densely: each position above the start once, in order.
// 3. A chunk, Digest or Repair that waits is never passed by a batch that is newer than it.
// 4. InSync leaves behind every batch and chunk that was there when it was queued.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "proto/replication/frame_output.h"
#include "proto/replication/mutation_log.h"
#include "proto/replication/replication.pb.h"

namespace twincached::replication {

struct SenderLimits {
  size_t window_bytes_max;      // logged (sent or not) and not acknowledged: window_full()
  size_t sync_lag_bytes_max;    // as much may be unacknowledged when the joiner is let in
  size_t chunks_in_flight_max;  // asked for or not yet sent
};

class Sender {
 public:
  // `log` is borrowed, outlives the sender.
  Sender(const SenderLimits& limits, MutationLog* log);

  // ---- What happens ----
  // One of the two, once, first. Both turn the log's keeping on.
  // The peer has everything up to here; a position that the log does not reach is an overrun.
  void StartResume(uint64_t peer_position);
  // A snapshot from `shard_count` shards; chunks of all of them may come in any order.
  void StartSnapshot(uint32_t shard_count);
  // A chunk made by a shard after everything it handed to the log so far: the LINK appends what the
  // shard sent before it first. `last`: its cursor is through. A chunk that nobody pulled is
  // dropped.
  void OnChunk(uint32_t shard, std::string records, bool last);
  // A Digest or Repair made by a shard after everything it handed to the log so far. REQUIRES:
  // in_sync_acked(); a Digest says log's end as its position.
  void OnPlaced(const Frame& frame);
  // Acknowledged frames leave the log. An Ack of what was never sent is a broken peer: overrun().
  void OnAck(const Ack& ack);
  // LISTENERs hold: append InSync at the log's end as of now. REQUIRES: snapshot_done(). Once per
  // link: a repetition changes nothing.
  void QueueInSync();

  // ---- What to do ----
  // Appends frames to `out` until it holds `budget` unsent bytes or there is nothing to send. The
  // last frame may go beyond the budget; nothing is appended when `out` has as many already, or in
  // overrun.
  void Drain(size_t budget, FrameOutput* out);
  // Shards whose next chunk should be pulled now; each is named once per chunk, and not again
  // before that chunk came. Empty while enough is under way.
  std::deque<uint32_t> TakeChunkPulls();

  // ---- What is known ----
  bool snapshot_done() const;  // SnapshotEnd is out (or there was none)
  // The peer applied the snapshot, if there was one, and its lag is under the limit; for CaughtUp.
  bool caught_up() const;
  bool in_sync_acked() const { return in_sync_acked_; }
  bool overrun() const;
  bool window_full() const;
  // During a snapshot these begin at the position it begins at.
  uint64_t acked_position() const { return acked_position_; }
  uint64_t sent_position() const { return sent_position_; }
  // Batches the peer has not acknowledged.
  uint64_t lag_batches() const { return log_->end() - acked_position_; }
  // Every Digest and Repair is out.
  bool all_placed_sent() const { return placed_.empty(); }
  // Items in the chunks so far.
  uint64_t snapshot_items() const { return snapshot_items_; }

 private:
  struct PendingChunk {
    uint64_t after_position;
    uint32_t shard;
    std::string records;
  };
  struct PlacedFrame {
    uint64_t after_position;
    std::string bytes;
  };
  enum class Stage : uint8_t { kIdle, kSnapshotBegin, kSnapshot, kLive };
  enum class Cursor : uint8_t { kWaiting, kPulled, kThrough };  // of one shard
  enum class InSyncStage : uint8_t { kNone, kQueued, kSent };

  // Appends the one frame that is next in the stream; false when there is none now.
  bool AppendNext(FrameOutput* out);
  void AppendSnapshotBegin(std::string* out);
  void AppendFrontChunk(std::string* out);
  void AppendSnapshotEnd(std::string* out);
  void AppendInSync(std::string* out);
  bool AppendNextBatch(FrameOutput* out);
  size_t ChunksInFlight() const { return pulled_count_ + chunks_.size(); }
  void DCheckInvariants() const;

  // Fixed at construction.
  const SenderLimits limits_;
  MutationLog* const log_;  // borrowed

  Stage stage_ = Stage::kIdle;
  bool broken_ = false;  // the peer, or a start that the log cannot serve
  uint64_t sent_position_ = 0;
  uint64_t acked_position_ = 0;

  std::deque<PlacedFrame> placed_;  // ordered by after_position

  // The snapshot. Chunks are ordered by after_position.
  std::deque<PendingChunk> chunks_;
  std::vector<Cursor> cursors_;
  uint32_t next_pull_ = 0;    // round robin
  size_t pulled_count_ = 0;   // cursors in kPulled
  size_t through_count_ = 0;  // cursors in kThrough
  uint64_t snapshot_items_ = 0;
  uint64_t snapshot_bytes_ = 0;
  bool loaded_ = false;  // the peer acknowledged SnapshotEnd, or there was none

  InSyncStage in_sync_ = InSyncStage::kNone;
  uint64_t in_sync_position_ = 0;
  bool in_sync_acked_ = false;
};

}  // namespace twincached::replication
