#include "storage/mapped_memory.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace twincached {
namespace {

TEST(MappedMemory, RoundsUpToWholePages) {
  const size_t page = RoundUpToPages(1);
  EXPECT_GE(page, 4096u);
  EXPECT_EQ(RoundUpToPages(0), 0u);
  EXPECT_EQ(RoundUpToPages(page), page);
  EXPECT_EQ(RoundUpToPages(page + 1), 2 * page);
}

TEST(MappedMemory, MapsPiecesOnTheirAlignment) {
  for (bool huge_pages : {false, true}) {
    char* piece = MapPiece(huge_pages);
    ASSERT_NE(piece, nullptr);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(piece) % kPieceBytes, 0u);
    piece[0] = 1;
    piece[kPieceBytes - 1] = 1;
    UnmapPages(piece, kPieceBytes);
  }
}

TEST(MappedMemory, ReleasedPagesComeBackEmpty) {
  const size_t bytes = RoundUpToPages(3 * 4096);
  char* pages = MapPages(bytes);
  ASSERT_NE(pages, nullptr);
  pages[5000] = 'x';
  ReleasePages(pages, bytes);
  EXPECT_EQ(pages[5000], 0);
  UnmapPages(pages, bytes);
}

TEST(MappedMemory, ReleasesLockedPages) {
  const size_t bytes = RoundUpToPages(2 * 4096);
  char* pages = MapPages(bytes);
  ASSERT_NE(pages, nullptr);
  pages[5000] = 'x';
  if (mlock2(pages, bytes, MLOCK_ONFAULT) != 0) GTEST_SKIP() << "may not lock memory";
  ReleasePages(pages, bytes);
  EXPECT_EQ(pages[5000], 0);
  UnmapPages(pages, bytes);
}

TEST(MappedMemory, WarmPagesAreThereAndKeepWhatTheyHold) {
  const size_t page = RoundUpToPages(1);
  char* piece = MapPiece(true);
  ASSERT_NE(piece, nullptr);
  piece[5000] = 'x';
  WarmPages({piece, kPieceBytes});
  std::vector<unsigned char> resident(kPieceBytes / page);
  ASSERT_EQ(mincore(piece, kPieceBytes, resident.data()), 0);
  EXPECT_EQ(std::count(resident.begin(), resident.end(), 1), kPieceBytes / page);
  EXPECT_EQ(piece[5000], 'x');
  EXPECT_EQ(piece[kPieceBytes - 1], 0);
  UnmapPages(piece, kPieceBytes);
  WarmPages({piece, kPieceBytes});  // not mapped any more
}

TEST(MappedMemory, SaysWhenTheKernelRefuses) { EXPECT_EQ(MapPages(size_t{1} << 60), nullptr); }

}  // namespace
}  // namespace twincached
