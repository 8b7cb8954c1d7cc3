// The one mutation log of a node: a bounded ring of encoded Batch frames by position, ready to be sent.
//
// Owned by the LINK. Pure. It holds what the peer has not acknowledged: while a slave follows, that is the window; while
// it is away, what it needs to resume. Appending beyond the bound drops the oldest; a peer that would need those takes a
// snapshot. Memory is taken in blocks as needed and given back.
//
// Invariants: positions are dense: begin() < p <= end() are there, nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "proto/replication/frame.h"

namespace twincached::replication {

class MutationLog {
 public:
  explicit MutationLog(size_t bytes_max);
  ~MutationLog();

  // Encodes a Batch frame at position end() + 1 and returns that position.
  uint64_t Append(uint32_t shard, uint32_t shard_count, absl::string_view records);
  // Off: Append only counts positions (nobody to send to, no gap to cover). Turning it off releases the memory.
  void SetKeeping(bool keeping);
  bool keeping() const;
  // begin() == end() == position afterwards.
  void Reset(uint64_t position);
  // The receiving side of history: the position follows the source's without frames.
  void AdvanceTo(uint64_t position);
  // Forgets frames up to and including this position (the peer acknowledged them).
  void TrimTo(uint64_t position);

  uint64_t begin() const;
  uint64_t end() const;
  size_t bytes() const;
  // The encoded frame. REQUIRES: begin() < position <= end() and it was kept. Valid until the next non-const call.
  absl::string_view FrameAt(uint64_t position) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace twincached::replication
