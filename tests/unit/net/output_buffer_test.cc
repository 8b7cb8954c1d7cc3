#include "net/output_buffer.h"

#include <algorithm>
#include <deque>
#include <memory>
#include <random>
#include <string>

#include "gtest/gtest.h"

namespace twincached::net {
namespace {

class OutputBufferTest : public testing::Test {
 protected:
  // What Gather() gives, in pieces that are not empty and stay below the limit.
  static std::string Gathered(const OutputBuffer& buffer, uint64_t limit) {
    iovec pieces[64];
    std::string text;
    const size_t count = buffer.Gather(limit, pieces, 64);
    for (size_t i = 0; i < count; ++i) {
      EXPECT_GT(pieces[i].iov_len, 0u);
      text.append(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);
    }
    EXPECT_LE(text.size(), buffer.UnwrittenBytes(limit));
    EXPECT_TRUE(count == 64 || text.size() == buffer.UnwrittenBytes(limit));
    return text;
  }

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

TEST_F(OutputBufferTest, BorrowedPiecesKeepTheirPlace) {
  const std::string first = "first", second = "second";
  for (size_t split = 0; split <= 20; ++split) {
    OutputBuffer buffer(&cache_);
    const auto owner = std::make_shared<int>(0);
    buffer.text()->append("ab");
    buffer.Borrow(first, owner);
    buffer.Borrow(second, owner);
    buffer.text()->append("cdefg");
    buffer.Borrow("hi", owner);
    ASSERT_EQ(buffer.appended(), 20u);
    EXPECT_EQ(owner.use_count(), 4);
    EXPECT_EQ(Gathered(buffer, split), std::string("abfirstsecondcdefghi").substr(0, split));
    buffer.MarkWritten(split);
    EXPECT_EQ(buffer.written(), split);
    EXPECT_EQ(Gathered(buffer, UINT64_MAX), std::string("abfirstsecondcdefghi").substr(split));
    EXPECT_EQ(owner.use_count(), 1 + (split < 7) + (split < 13) + (split < 20));
    buffer.text()->append("j");
    EXPECT_EQ(Gathered(buffer, UINT64_MAX), std::string("abfirstsecondcdefghij").substr(split));
    buffer.MarkWritten(21 - split);
    EXPECT_TRUE(buffer.empty());
    EXPECT_EQ(owner.use_count(), 1);
  }
}

TEST_F(OutputBufferTest, BorrowsNothing) {
  const auto owner = std::make_shared<int>(0);
  buffer_.Borrow("", owner);
  EXPECT_TRUE(buffer_.empty());
  EXPECT_EQ(owner.use_count(), 1);
}

TEST_F(OutputBufferTest, GathersTheFirstPieces) {
  const auto owner = std::make_shared<int>(0);
  for (int i = 0; i < 3; ++i) {
    buffer_.text()->append("t");
    buffer_.Borrow("b", owner);
  }
  iovec pieces[4];
  EXPECT_EQ(buffer_.Gather(UINT64_MAX, pieces, 4), 4u);
  EXPECT_EQ(buffer_.Gather(3, pieces, 4), 3u);
  EXPECT_EQ(buffer_.Gather(0, pieces, 4), 0u);
}

TEST_F(OutputBufferTest, LetsGoWhenItIsDestroyed) {
  const auto owner = std::make_shared<int>(0);
  {
    OutputBuffer buffer(&cache_);
    buffer.Borrow("b", owner);
  }
  EXPECT_EQ(owner.use_count(), 1);
}

TEST_F(OutputBufferTest, RandomChainsComeOutAsTheyWentIn) {
  std::mt19937 random(1);
  const auto owner = std::make_shared<int>(0);
  std::deque<std::string> borrowed;
  std::string expected;
  size_t position = 0;
  for (int step = 0; step < 20000; ++step) {
    std::string text(random() % (step % 200 == 0 ? 200000 : 500), '\0');
    for (char& c : text) c = static_cast<char>(position++ * 31 >> 2);
    expected += text;
    if (random() % 2 == 0) {
      buffer_.text()->append(text);
    } else {
      borrowed.push_back(text);
      buffer_.Borrow(borrowed.back(), owner);
    }
    const uint64_t limit = buffer_.written() + random() % (expected.size() + 2);
    const std::string gathered = Gathered(buffer_, limit);
    ASSERT_TRUE(gathered == expected.substr(0, gathered.size())) << step;
    const size_t bytes = random() % 2 == 0 ? gathered.size() : random() % (gathered.size() + 1);
    buffer_.MarkWritten(bytes);
    expected.erase(0, bytes);
    ASSERT_EQ(buffer_.appended(), position);
    ASSERT_EQ(buffer_.written(), position - expected.size());
    if (!buffer_.has_borrowed()) borrowed.clear();
  }
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
