// Room for values that are too large for a segment, in whole pages.
//
// What it is: addresses in slots of a power of two, and only the pages that a value needs are ever
// touched; a slot that is given back keeps its addresses and loses its pages. So a value costs its
// pages and nothing else, whatever was here before, and the kernel keeps one mapping per chunk, not
// one per value (it allows 65,530 to a process).
// What it is not: an account; SegmentLog counts. Owned by a SegmentLog, used on its thread only.
// Bounds: none of its own; addresses are at most twice the pages in use at one time, rounded up to
// chunks.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "storage/mapped_memory.h"

namespace twincached {

class PageSlots {
 public:
  PageSlots() = default;
  ~PageSlots();
  PageSlots(const PageSlots&) = delete;
  PageSlots& operator=(const PageSlots&) = delete;

  // Zeroed pages at an address of its own; nullptr when the kernel refuses.
  // REQUIRES: a multiple of the page size, at most kSlotBytesMax.
  char* Take(size_t bytes);
  // REQUIRES: what Take(bytes) gave.
  void GiveBack(char* slot, size_t bytes);
  // Everything at once; also what was not given back, but for `kept`, which the caller unmaps.
  void Clear(const std::vector<MemoryRange>& kept);

  static constexpr size_t kSlotBytesMax = size_t{1} << 30;

 private:
  static constexpr int kSmallestBits = 12;
  static constexpr int kClassCount = 19;  // 4 KiB to 1 GiB
  static constexpr size_t kChunkBytes = 64u << 20;

  static int ClassOf(size_t bytes);
  static size_t SlotBytes(int size_class) { return size_t{1} << (kSmallestBits + size_class); }
  bool MapChunk(int size_class);

  std::array<std::vector<char*>, kClassCount> free_;
  std::vector<MemoryRange> chunks_;
};

}  // namespace twincached
