#include "proto/memcache/item_size.h"

#include "gtest/gtest.h"
#include "proto/limits.h"

namespace twincached {
namespace {

// The largest values that memcached 1.6.18 stores with -I 1m, found by bisection.
TEST(ItemSize, LimitIsMemcachedsToTheByte) {
  EXPECT_EQ(CountedItemBytes(1, 1048516, 0), kItemBytesDefault);
  EXPECT_EQ(CountedItemBytes(1, 1048512, 7), kItemBytesDefault);
  EXPECT_EQ(CountedItemBytes(10, 1048507, 0), kItemBytesDefault);
  EXPECT_EQ(CountedItemBytes(250, 1048267, 0), kItemBytesDefault);
}

}  // namespace
}  // namespace twincached
