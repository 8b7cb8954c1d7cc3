#include "net/input_buffer.h"

#include <algorithm>
#include <cstring>
#include <random>
#include <string>

#include "gtest/gtest.h"

namespace twincached::net {
namespace {

class InputBufferTest : public testing::Test {
 protected:
  // Puts `text` in as one or more reads would.
  void Read(const std::string& text, size_t wanted = 1) {
    for (size_t done = 0; done < text.size();) {
      const InputBuffer::Space space = buffer_.Prepare(wanted);
      ASSERT_GT(space.bytes, 0u);
      const size_t bytes = std::min(space.bytes, text.size() - done);
      std::memcpy(space.data, text.data() + done, bytes);
      buffer_.Commit(bytes);
      done += bytes;
    }
  }

  BufferCache cache_;
  InputBuffer buffer_{&cache_};
};

TEST_F(InputBufferTest, HoldsNoStorageWhenEmpty) {
  EXPECT_EQ(buffer_.capacity(), 0u);
  Read("abc");
  EXPECT_EQ(buffer_.view(), "abc");
  EXPECT_EQ(buffer_.capacity(), kSmallBufferBytes);
  buffer_.Consume(3);
  buffer_.Trim();
  EXPECT_EQ(buffer_.capacity(), 0u);
  EXPECT_TRUE(buffer_.empty());
}

TEST_F(InputBufferTest, PreparedAndUnusedIsGivenBack) {
  buffer_.Prepare(1);
  buffer_.Trim();
  EXPECT_EQ(buffer_.capacity(), 0u);
}

TEST_F(InputBufferTest, ConsumeLeavesViewsValid) {
  Read("abcdef");
  const absl::string_view view = buffer_.view();
  buffer_.Consume(6);
  EXPECT_EQ(view, "abcdef");
}

TEST_F(InputBufferTest, GrowsOnceToWhatIsWanted) {
  Read("header");
  const size_t wanted = 1 << 20;
  buffer_.Prepare(wanted);
  const size_t capacity = buffer_.capacity();
  EXPECT_GE(capacity, wanted);
  EXPECT_LE(capacity, wanted + kHugeBufferStepBytes);
  const char* start = buffer_.view().data();
  Read(std::string(wanted - 6, 'x'), wanted);
  EXPECT_EQ(buffer_.view().data(), start);
  EXPECT_EQ(buffer_.size(), wanted);
}

TEST_F(InputBufferTest, MakesRoomForWhatIsWantedByMovingToTheFront) {
  Read(std::string(kSmallBufferBytes - 10, 'x') + "abc");
  buffer_.Consume(kSmallBufferBytes - 10);
  Read("def", 100);
  EXPECT_EQ(buffer_.view(), "abcdef");
  EXPECT_EQ(buffer_.capacity(), kSmallBufferBytes);
}

TEST_F(InputBufferTest, MovesTheFewBytesThereAreRatherThanTheManyThatCome) {
  Read("xxxxabc");
  buffer_.Consume(4);
  buffer_.Prepare(kSmallBufferBytes);
  const char* start = buffer_.view().data();
  Read(std::string(kSmallBufferBytes - 3, 'y'), kSmallBufferBytes);
  EXPECT_EQ(buffer_.view().data(), start);
  EXPECT_EQ(buffer_.size(), kSmallBufferBytes);
}

TEST_F(InputBufferTest, AStreamGetsALargeBuffer) {
  Read(std::string(kSmallBufferBytes, 'x'));  // as much as there was room for
  buffer_.Consume(kSmallBufferBytes);
  buffer_.Trim();
  Read("x");
  EXPECT_EQ(buffer_.capacity(), kLargeBufferBytes);
  buffer_.Consume(1);
  buffer_.Trim();
  Read("y");  // and a small one again when it has become quiet
  EXPECT_EQ(buffer_.capacity(), kSmallBufferBytes);
}

TEST_F(InputBufferTest, GivesStorageForALargeValueBack) {
  Read(std::string(1 << 20, 'x') + "get a\r\n", (1 << 20) + 7);
  buffer_.Consume(1 << 20);
  buffer_.Trim();
  EXPECT_EQ(buffer_.view(), "get a\r\n");
  EXPECT_EQ(buffer_.capacity(), kSmallBufferBytes);
}

TEST_F(InputBufferTest, RandomReadsComeOutAsTheyWentIn) {
  std::mt19937 random(1);
  std::string expected;
  size_t position = 0;
  for (int step = 0; step < 20000; ++step) {
    const size_t wanted = random() % 100 == 0 ? random() % (1 << 18) : 1;
    std::string text(random() % (step % 100 == 0 ? 100000 : 300), '\0');
    for (char& c : text) c = static_cast<char>(position++ * 31 >> 2);
    Read(text, wanted);
    expected += text;
    const size_t consumed = random() % 3 == 0 ? expected.size() : random() % (expected.size() + 1);
    buffer_.Consume(consumed);
    expected.erase(0, consumed);
    if (random() % 2 == 0) buffer_.Trim();
    ASSERT_TRUE(buffer_.view() == expected) << step;
  }
}

TEST_F(InputBufferTest, ConsumingMoreThanThereIsEndsTheProcess) {
  Read("abc");
  EXPECT_DEATH(buffer_.Consume(4), "CHECK failed");
}

}  // namespace
}  // namespace twincached::net
