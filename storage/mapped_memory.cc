#include "storage/mapped_memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>

#include "proto/check.h"

namespace twincached {
namespace {

// MADV_POPULATE_WRITE and MADV_DONTNEED_LOCKED of newer headers.
constexpr int kPopulateWrite = 23;
constexpr int kDontNeedLocked = 24;
// While the kernel is at it no other thread can map or unmap memory.
constexpr size_t kWarmedBytesPerCall = 64u << 10;

}  // namespace

size_t RoundUpToPages(size_t bytes) {
  const size_t page_bytes = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return (bytes + page_bytes - 1) / page_bytes * page_bytes;
}

char* MapPages(size_t bytes) {
  void* begin = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (begin == MAP_FAILED) return nullptr;
  // Advice: where huge pages are for everybody a few bytes would touch two megabytes.
  (void)madvise(begin, bytes, MADV_NOHUGEPAGE);
  return static_cast<char*>(begin);
}

char* MapPiece(bool huge_pages) {
  char* begin = MapPages(2 * kPieceBytes);
  if (begin == nullptr) return nullptr;
  const uintptr_t address = reinterpret_cast<uintptr_t>(begin);
  const size_t before = (kPieceBytes - address % kPieceBytes) % kPieceBytes;
  char* piece = begin + before;
  if (before > 0) UnmapPages(begin, before);
  UnmapPages(piece + kPieceBytes, kPieceBytes - before);
  // Advice only: without huge pages everything works, a little slower.
  if (huge_pages) (void)madvise(piece, kPieceBytes, MADV_HUGEPAGE);
  return piece;
}

void UnmapPages(char* begin, size_t bytes) { CHECK_EQ(munmap(begin, bytes), 0); }

void UnmapPagesBut(std::vector<MemoryRange> kept, const MemoryRange& memory) {
  std::sort(kept.begin(), kept.end(),
            [](const MemoryRange& a, const MemoryRange& b) { return a.begin < b.begin; });
  char* begin = memory.begin;
  char* const end = memory.begin + memory.bytes;
  for (const MemoryRange& range : kept) {
    if (range.begin < begin || range.begin >= end) continue;
    if (range.begin > begin) UnmapPages(begin, static_cast<size_t>(range.begin - begin));
    begin = range.begin + range.bytes;
  }
  if (begin < end) UnmapPages(begin, static_cast<size_t>(end - begin));
}

void ReleasePages(char* begin, size_t bytes) {
  if (madvise(begin, bytes, MADV_DONTNEED) == 0) return;
  // Locked (-k): this advice is for such pages, too. A kernel before 5.18 does not know it.
  if (madvise(begin, bytes, kDontNeedLocked) == 0) return;
  CHECK_EQ(munlock(begin, bytes), 0);
  CHECK_EQ(madvise(begin, bytes, MADV_DONTNEED), 0);
  // Where the limit refuses this, the rest stays locked.
  (void)mlock2(begin, bytes, MLOCK_ONFAULT);
}

void WarmPages(const MemoryRange& range) {
  for (size_t done = 0; done < range.bytes; done += kWarmedBytesPerCall) {
    // Advice: what it does not do now is done when the memory is touched.
    const size_t bytes = std::min(kWarmedBytesPerCall, range.bytes - done);
    (void)madvise(range.begin + done, bytes, kPopulateWrite);
  }
}

}  // namespace twincached
