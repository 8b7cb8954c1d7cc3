#include "net/output_buffer.h"

#include <algorithm>
#include <random>
#include <string>

#include "gtest/gtest.h"

namespace twincached::net {
namespace {

class OutputBufferTest : public testing::Test {
 protected:
  BufferCache cache_;
  OutputBuffer buffer_{&cache_};
};

TEST_F(OutputBufferTest, CountsInStreamOffsets) {
  EXPECT_TRUE(buffer_.empty());
  buffer_.text()->append("abcdef");
  EXPECT_EQ(buffer_.appended(), 6u);
  buffer_.MarkWritten(2);
  EXPECT_EQ(buffer_.written(), 2u);
  EXPECT_EQ(buffer_.Unwritten(UINT64_MAX), "cdef");
  buffer_.MarkWritten(4);
  EXPECT_TRUE(buffer_.empty());
  buffer_.text()->append("ghi");
  EXPECT_EQ(buffer_.appended(), 9u);
  EXPECT_EQ(buffer_.written(), 6u);
  EXPECT_EQ(buffer_.Unwritten(UINT64_MAX), "ghi");
}

TEST_F(OutputBufferTest, ALimitHoldsBytesBack) {
  buffer_.text()->append("abcdef");
  EXPECT_EQ(buffer_.Unwritten(0), "");
  EXPECT_EQ(buffer_.Unwritten(4), "abcd");
  buffer_.MarkWritten(4);
  EXPECT_EQ(buffer_.Unwritten(4), "");
  EXPECT_EQ(buffer_.Unwritten(1), "");
  EXPECT_EQ(buffer_.Unwritten(6), "ef");
  EXPECT_EQ(buffer_.Unwritten(7), "ef");
}

TEST_F(OutputBufferTest, ReturnsItsStorageWhenAllIsWritten) {
  buffer_.text()->append(1000, 'x');
  buffer_.MarkWritten(1000);
  EXPECT_GE(cache_.TakeString().capacity(), 1000u);
}

TEST_F(OutputBufferTest, ReturnsStorageThatWasNotUsed) {
  cache_.ReturnString(std::string(1000, 'x'));
  buffer_.text();
  EXPECT_LT(cache_.TakeString().capacity(), 1000u);
  buffer_.ReleaseIfEmpty();
  EXPECT_GE(cache_.TakeString().capacity(), 1000u);
}

TEST_F(OutputBufferTest, WrittenBytesDoNotPileUp) {
  buffer_.text()->append(100, 'x');
  size_t capacity_max = 0;
  for (int i = 0; i < 10000; ++i) {  // never empty: always 100 bytes unwritten
    buffer_.text()->append(1000, 'x');
    buffer_.MarkWritten(1000);
    capacity_max = std::max(capacity_max, buffer_.text()->capacity());
  }
  EXPECT_LT(capacity_max, 1u << 20);
  EXPECT_EQ(buffer_.written(), 10000u * 1000);
}

TEST_F(OutputBufferTest, RandomWritesComeOutAsTheyWentIn) {
  std::mt19937 random(1);
  std::string expected;
  size_t position = 0;
  for (int step = 0; step < 20000; ++step) {
    std::string text(random() % (step % 200 == 0 ? 200000 : 500), '\0');
    for (char& c : text) c = static_cast<char>(position++ * 31 >> 2);
    buffer_.text()->append(text);
    expected += text;
    const uint64_t limit = buffer_.written() + random() % (expected.size() + 2);
    const absl::string_view unwritten = buffer_.Unwritten(limit);
    ASSERT_TRUE(unwritten == expected.substr(0, limit - buffer_.written())) << step;
    const size_t bytes = random() % 2 == 0 ? unwritten.size() : random() % (unwritten.size() + 1);
    buffer_.MarkWritten(bytes);
    expected.erase(0, bytes);
    ASSERT_EQ(buffer_.appended(), position);
    ASSERT_EQ(buffer_.written(), position - expected.size());
  }
}

}  // namespace
}  // namespace twincached::net
