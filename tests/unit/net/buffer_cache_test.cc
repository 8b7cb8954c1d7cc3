#include "net/buffer_cache.h"

#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace twincached::net {
namespace {

TEST(BufferCache, GivesTheSizeThatFits) {
  BufferCache cache;
  for (const size_t wanted : {size_t{1}, kSmallBufferBytes, kSmallBufferBytes + 1,
                              kLargeBufferBytes, kLargeBufferBytes + 1, size_t{1} << 20}) {
    const Buffer buffer = cache.Take(wanted);
    EXPECT_GE(buffer.capacity, wanted);
    buffer.data[0] = buffer.data[buffer.capacity - 1] = 'x';
    const size_t rounded_max = wanted <= kSmallBufferBytes   ? kSmallBufferBytes
                               : wanted <= kLargeBufferBytes ? kLargeBufferBytes
                                                             : wanted + kHugeBufferStepBytes - 1;
    EXPECT_LE(buffer.capacity, rounded_max);
    cache.Return(buffer);
  }
}

TEST(BufferCache, HandsOutTheLastReturnedFirst) {
  BufferCache cache;
  const Buffer first = cache.Take(1);
  const Buffer second = cache.Take(1);
  EXPECT_NE(first.data, second.data);
  cache.Return(second);
  cache.Return(first);
  EXPECT_EQ(cache.Take(1).data, first.data);
  EXPECT_EQ(cache.Take(1).data, second.data);
  cache.Return(first);
  cache.Return(second);
}

TEST(BufferCache, TakesBackMoreThanItKeeps) {
  BufferCache cache;
  std::vector<Buffer> buffers;
  for (size_t i = 0; i < kSmallBuffersKept + 10; ++i) buffers.push_back(cache.Take(1));
  for (size_t i = 0; i < kLargeBuffersKept + 10; ++i)
    buffers.push_back(cache.Take(kLargeBufferBytes));
  for (const Buffer& buffer : buffers)
    cache.Return(buffer);  // a leak or a double free is asan's to see
}

TEST(BufferCache, KeepsHugeBuffersForValuesOfAboutTheirSize) {
  BufferCache cache;
  const Buffer buffer = cache.Take(1'000'000);
  cache.Return(buffer);
  const Buffer smaller = cache.Take(400'000);
  EXPECT_NE(smaller.data, buffer.data) << "less than half";
  const Buffer larger = cache.Take(1'100'000);
  EXPECT_NE(larger.data, buffer.data);
  const Buffer again = cache.Take(900'000);
  EXPECT_EQ(again.data, buffer.data);
  EXPECT_EQ(again.capacity, buffer.capacity);
  for (const Buffer& each : {smaller, larger, again}) cache.Return(each);
}

TEST(BufferCache, KeepsSoManyHugeBytesAndTheLatest) {
  BufferCache cache;
  std::vector<Buffer> buffers;
  for (int i = 0; i < 10; ++i) buffers.push_back(cache.Take(1u << 20));
  const Buffer enormous = cache.Take(2 * kHugeBytesKept);
  for (const Buffer& buffer : buffers) cache.Return(buffer);
  cache.Return(enormous);
  std::vector<Buffer> again;
  for (size_t i = 0; i < kHugeBytesKept >> 20; ++i) {
    again.push_back(cache.Take(1u << 20));
    EXPECT_EQ(again.back().data, buffers[9 - i].data);
  }
  for (const Buffer& buffer : again) cache.Return(buffer);
}

TEST(BufferCache, KeepsStringsEmptyWithTheirCapacity) {
  BufferCache cache;
  EXPECT_EQ(cache.TakeString().size(), 0u);
  cache.ReturnString(std::string(1000, 'x'));
  const std::string text = cache.TakeString();
  EXPECT_EQ(text, "");
  EXPECT_GE(text.capacity(), 1000u);
}

TEST(BufferCache, DoesNotKeepLargeStrings) {
  BufferCache cache;
  cache.ReturnString(std::string(kStringBytesKept + 1, 'x'));
  EXPECT_LT(cache.TakeString().capacity(), 100u);
}

// Returns `count` strings of `bytes` each and counts those that come back.
size_t StringsKept(size_t count, size_t bytes) {
  BufferCache cache;
  for (size_t i = 0; i < count; ++i) cache.ReturnString(std::string(bytes, 'x'));
  std::vector<std::string> kept;
  do {
    kept.push_back(cache.TakeString());
  } while (kept.back().capacity() >= bytes);
  return kept.size() - 1;
}

TEST(BufferCache, KeepsABoundedNumberOfStrings) {
  EXPECT_EQ(StringsKept(kStringsKept + 10, 1000), kStringsKept);
}

TEST(BufferCache, KeepsABoundedSumOfStrings) {
  const size_t fitting = kStringBytesKeptInAll / kStringBytesKept;
  EXPECT_LE(StringsKept(fitting + 10, kStringBytesKept), fitting);
  EXPECT_GE(StringsKept(fitting + 10, kStringBytesKept), fitting / 2);
}

TEST(BufferCache, CountsStringsThatLeaveAgain) {
  BufferCache cache;
  for (int i = 0; i < 1000; ++i) cache.ReturnString(cache.TakeString() + std::string(100000, 'x'));
  EXPECT_GE(cache.TakeString().capacity(), 100000u);
}

}  // namespace
}  // namespace twincached::net
