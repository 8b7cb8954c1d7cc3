// The one mutation log of a node: a bounded ring of encoded Batch frames by position, ready to be
// sent.
//
// What it is: what the peer has not acknowledged. While a slave follows, that is the window; while
// it is away, what it needs to resume. Owned by the LINK, on core 0; pure.
// What it is not: it does not know what was sent or acknowledged; that is Sender's.
// Bounds: appending beyond bytes_max drops the oldest; a peer that would need those takes a
// snapshot. Only the newest frame is kept whatever its size, so bytes() is at most bytes_max or
// that frame. Memory is taken in blocks as needed and given back as frames go: at most 4/3 of
// bytes() and three blocks. A large frame is in memory of its own, that in which it came unless
// more than a quarter of that is spare.
//
// Invariants:
// 1. Positions are dense: begin() < p <= end() are there, nothing else.
// 2. A frame lies in one piece and does not move while it is kept.
// 3. Not keeping: begin() == end(), no memory is held.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "proto/replication/frame.h"

namespace twincached::replication {

class MutationLog {
 public:
  // What one frame adds to bytes() beyond its own length: its place in the index.
  static constexpr size_t kFrameOverheadBytes = 16;

  // Empty at position 0 and not keeping.
  explicit MutationLog(size_t bytes_max);
  ~MutationLog();
  MutationLog(const MutationLog&) = delete;
  MutationLog& operator=(const MutationLog&) = delete;

  // Encodes a Batch frame at position end() + 1 and returns that position. `records` is copied.
  uint64_t Append(uint32_t shard, uint32_t shard_count, absl::string_view records);
  // The same for records behind kBatchRoomBytes of room (frame.h); many of them are not copied.
  uint64_t Adopt(uint32_t shard, uint32_t shard_count, std::string room_and_records);
  // Off: Append only counts positions (nobody to send to, no gap to cover). Turning it off releases
  // the memory. Turning it on keeps what is appended from now on.
  void SetKeeping(bool keeping);
  bool keeping() const;
  // begin() == end() == position afterwards.
  void Reset(uint64_t position);
  // The receiving side of history: the position follows the source's without frames; those that are
  // kept go. REQUIRES: position >= end().
  void AdvanceTo(uint64_t position);
  // Forgets frames up to and including this position (the peer acknowledged them). Nothing happens
  // below begin(). REQUIRES: position <= end().
  void TrimTo(uint64_t position);

  uint64_t begin() const;
  uint64_t end() const;
  // Of frames, index included: what counts against bytes_max.
  size_t bytes() const;
  size_t bytes_max() const;
  // The encoded frame. REQUIRES: begin() < position <= end(). Valid until it is dropped or trimmed:
  // until the next non-const call.
  absl::string_view FrameAt(uint64_t position) const;
  // As long as somebody holds this, that frame stays where it is; null for a small one.
  std::shared_ptr<const void> OwnerAt(uint64_t position) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace twincached::replication
