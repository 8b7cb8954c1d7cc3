// The source's half of a link: decides which frame leaves next, and knows what the peer has.
//
// Owned by the LINK while it is source; pure. One ordered stream: [SnapshotBegin, chunks with live batches between
// them, SnapshotEnd] live batches, InSync, live batches. A chunk is correct behind every batch that was in the log when it
// was made, and before every later one: that is the order it is sent in.
//
// Bounds: reads batches from the log only as the socket takes them (Drain's budget); asks for at most
// kSnapshotChunksInFlight chunks at once. When the log no longer reaches back to what is to be sent next, overrun() is
// true and the link must be ended: the peer takes a snapshot.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

#include "proto/replication/mutation_log.h"
#include "proto/replication/replication.pb.h"

namespace twincached::replication {

struct SenderLimits {
  size_t window_bytes_max;      // sent or logged, not acknowledged: window_full()
  size_t sync_lag_bytes_max;
  size_t chunks_in_flight_max;
};

class Sender {
 public:
  // `log` is borrowed, outlives the sender.
  Sender(const SenderLimits& limits, MutationLog* log);

  // ---- What happens ----
  void StartResume(uint64_t peer_position);
  // A snapshot from `shard_count` shards; chunks of all of them may come in any order.
  void StartSnapshot(uint32_t shard_count);
  // A chunk made by a shard after everything it handed to the log so far. `last`: its cursor is through.
  void OnChunk(uint32_t shard, std::string records, bool last);
  void OnAck(const Ack& ack);
  // LISTENERs hold: append InSync at the log's end as of now.
  void QueueInSync();

  // ---- What to do ----
  // Appends frames to `out` until about `budget` bytes are in it or there is nothing to send.
  void Drain(size_t budget, std::string* out);
  // Shards whose next chunk should be pulled now; each is named once per chunk. Empty while enough is under way.
  std::deque<uint32_t> TakeChunkPulls();

  // ---- What is known ----
  bool snapshot_done() const;    // SnapshotEnd is out (or there was none)
  bool caught_up() const;        // snapshot_done and the lag is under the limit; for CaughtUp
  bool in_sync_acked() const;
  bool overrun() const;
  bool window_full() const;
  uint64_t acked_position() const;
  uint64_t sent_position() const;
  uint64_t lag_batches() const;
  uint64_t snapshot_items() const;

 private:
  struct PendingChunk { uint64_t after_position; uint32_t shard; std::string records; };
  SenderLimits limits_;
  MutationLog* log_;
  // (private state is the implementer's)
};

}  // namespace twincached::replication
