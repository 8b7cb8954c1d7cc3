// Memory of a shard that is read outside of it: a value that a connection sends from its place.
//
// What it is: the ranges that somebody holds a Pin of, each a whole segment or the pages of one
// value outside the segments. Who holds a Pin may read; the log neither writes nor reuses such a
// range, and asks before it does. What it is not: an account of the log's memory. Owned by a
// SegmentLog and used on its thread; a Pin is let go on any thread, and may outlive the log.
// Bounds: kRangesMax ranges, and so many bytes as the caller allows.
//
// Invariants:
// 1. Only Take() makes a range held: what Holds() denies stays free until then.
// 2. The pages of a range that is held are there, whatever becomes of the log: Disown() leaves them
//    to the last Pin. They count as pinned until then.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "storage/mapped_memory.h"

namespace twincached {

// Let go with its last copy.
using Pin = std::shared_ptr<const void>;

class Pins {
 public:
  // Each is looked at when one is taken, and where a value outside is given up.
  static constexpr size_t kRangesMax = 128;

  Pins();
  Pins(const Pins&) = delete;
  Pins& operator=(const Pins&) = delete;

  // Null when it is one range too many, or more than bytes_max would be pinned. REQUIRES: whole
  // pages; one that begins where a held one does is that one.
  Pin Take(const MemoryRange& memory, size_t bytes_max);
  bool Holds(const char* begin) const;
  bool empty() const { return ranges_.empty(); }  // holds none

  // The owner gives the range up: false when nobody holds it. Else it comes back from
  // TakeReturned() when nobody does any more.
  bool ReturnLater(const char* begin);
  // One such range, empty when there is none.
  MemoryRange TakeReturned();

  // The owner unmaps all of its memory, but for these: the last Pin of each does.
  std::vector<MemoryRange> Disown();

 private:
  struct Range;
  class Reader;

  Range* Find(const char* begin) const;
  void Forget();

  std::vector<std::shared_ptr<Range>> ranges_;  // held, returned later, or lately held
  size_t bytes_ = 0;                            // of these
  size_t returning_ = 0;                        // as many of these are to come back
  std::shared_ptr<std::atomic<size_t>> disowned_bytes_;
};

}  // namespace twincached
