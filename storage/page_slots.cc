#include "storage/page_slots.h"

#include <algorithm>

#include "proto/check.h"

namespace twincached {

PageSlots::~PageSlots() { Clear({}); }

int PageSlots::ClassOf(size_t bytes) {
  int size_class = 0;
  while (SlotBytes(size_class) < bytes) ++size_class;
  CHECK_LT(size_class, kClassCount);
  return size_class;
}

bool PageSlots::MapChunk(int size_class) {
  const size_t slot_bytes = SlotBytes(size_class);
  const size_t bytes = std::max(slot_bytes, kChunkBytes);
  char* begin = MapPages(bytes);
  if (begin == nullptr) return false;
  chunks_.push_back({begin, bytes});
  // Taken from the back: the lowest address first.
  for (size_t end = bytes; end > 0; end -= slot_bytes) {
    free_[size_class].push_back(begin + end - slot_bytes);
  }
  return true;
}

char* PageSlots::Take(size_t bytes) {
  const int size_class = ClassOf(bytes);
  std::vector<char*>& free = free_[size_class];
  if (free.empty() && !MapChunk(size_class)) return nullptr;
  char* slot = free.back();
  free.pop_back();
  return slot;
}

void PageSlots::GiveBack(char* slot, size_t bytes) {
  ReleasePages(slot, bytes);
  free_[ClassOf(bytes)].push_back(slot);
}

void PageSlots::Clear(const std::vector<MemoryRange>& kept) {
  for (const MemoryRange& chunk : chunks_) UnmapPagesBut(kept, chunk);
  chunks_.clear();
  for (std::vector<char*>& free : free_) free.clear();
}

}  // namespace twincached
