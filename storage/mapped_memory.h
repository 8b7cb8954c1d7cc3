// Whole pages from the kernel: the only system calls of storage.
//
// What it is: mmap, munmap and madvise behind a few functions. What it is not: an allocator or an
// account; the callers own what they map and count it. Memory costs nothing until it is touched.
// Thread-safe, as the system calls are.
#pragma once

#include <cstddef>
#include <vector>

namespace twincached {

// The size and alignment of a piece that the kernel can back with one huge page.
inline constexpr size_t kPieceBytes = 2u << 20;

struct MemoryRange {
  char* begin = nullptr;
  size_t bytes = 0;
};

size_t RoundUpToPages(size_t bytes);

// Zeroed pages, or nullptr when the kernel refuses. REQUIRES: bytes is a multiple of the page size.
char* MapPages(size_t bytes);

// One piece of kPieceBytes, aligned to its size, or nullptr. With `huge_pages` the kernel is asked
// to back it with one huge page: fewer page faults, and a killed process gives its memory back
// twenty times faster.
char* MapPiece(bool huge_pages);

void UnmapPages(char* begin, size_t bytes);

// All of `memory` that is in none of `kept`. REQUIRES: those within it are whole pages and do not
// overlap.
void UnmapPagesBut(std::vector<MemoryRange> kept, const MemoryRange& memory);

// Gives the contents back, locked pages too, and keeps the addresses: the next touch finds zeroes.
void ReleasePages(char* begin, size_t bytes);

// Has the kernel back the range with memory now, so that whoever writes there does not wait for it.
// Contents stay; a range that is not mapped any more is none. Does nothing before Linux 5.14.
void WarmPages(const MemoryRange& range);

}  // namespace twincached
