// One segment of a shard's log, and where an item is in it.
//
// What it is: plain values. What it is not: the owner of the memory, or of what the numbers mean
// together; that is SegmentLog.
#pragma once

#include <cstdint>
#include <limits>

#include "storage/item.h"

namespace twincached {

// Where an item is: 40 bits, segment number and offset in units of kItemAlignment.
using Location = uint64_t;
inline constexpr int kLocationBits = 40;
inline constexpr Location kNoLocation = 0;

inline constexpr uint32_t kNoSegment = std::numeric_limits<uint32_t>::max();
inline constexpr uint32_t kSegmentBegin = 2 * kItemAlignment;
inline constexpr int64_t kNoCrawl = std::numeric_limits<int64_t>::max();

enum class Queue : uint8_t { kSmall, kMain };
inline constexpr Queue kQueues[] = {Queue::kSmall, Queue::kMain};

struct Segment {
  enum class State : uint8_t { kUnmapped, kFree, kHead, kSealed };

  char* base = nullptr;
  uint32_t used_bytes = 0;
  uint32_t live_bytes = 0;
  uint32_t outside_count = 0;       // values outside that its items not marked dead own
  uint32_t dropped_bytes = 0;       // what lies before it has no values outside any more
  uint32_t snapshot_end_bytes = 0;  // SnapshotCursor: items before it are still to be told
  uint32_t previous = kNoSegment;   // in the list of sealed segments
  uint32_t next = kNoSegment;
  uint64_t opened_sequence = 0;     // tells one use of the segment from the next
  uint64_t newest_sequence = 0;     // of the last append or overwrite in it
  int64_t crawl_due_ms = kNoCrawl;  // ExpiryCrawler: nothing in it expires before
  State state = State::kUnmapped;
  Queue queue = Queue::kSmall;  // of a head or a sealed one
  bool maybe_pinned = false;    // else it is not

  // Without the end that no item fitted in.
  uint32_t dead_bytes() const { return used_bytes - kSegmentBegin - live_bytes; }
};

}  // namespace twincached
