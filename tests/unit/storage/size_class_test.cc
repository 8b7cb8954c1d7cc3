#include "storage/size_class.h"

#include <cstdint>
#include <iterator>

#include "gtest/gtest.h"

namespace twincached {
namespace {

TEST(SizeClass, HasTwoRangesPerDoubling) {
  const size_t bounds[] = {64, 96, 128, 192, 256, 384, 512, 768, 1024};
  for (size_t i = 0; i < std::size(bounds); ++i) EXPECT_EQ(SizeClassBytes(i), bounds[i]);
  EXPECT_EQ(SizeClassBytes(kSizeClasses - 1), size_t{3} << 29);
}

TEST(SizeClass, AnUpperBoundBelongsToItsRange) {
  EXPECT_EQ(SizeClassOf(0), 0u);
  EXPECT_EQ(SizeClassOf(1), 0u);
  for (size_t i = 0; i < kSizeClasses; ++i) EXPECT_EQ(SizeClassOf(SizeClassBytes(i)), i);
  for (size_t i = 1; i < kSizeClasses; ++i) {
    EXPECT_EQ(SizeClassOf(SizeClassBytes(i - 1) + 1), i);
  }
}

TEST(SizeClass, TheLastOneHasNoEnd) {
  EXPECT_EQ(SizeClassOf(SizeClassBytes(kSizeClasses - 1) + 1), kSizeClasses - 1);
  EXPECT_EQ(SizeClassOf(SIZE_MAX), kSizeClasses - 1);
}

}  // namespace
}  // namespace twincached
