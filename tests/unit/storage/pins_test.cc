#include "storage/pins.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace twincached {
namespace {

constexpr size_t kBytes = 16384;

class PinsTest : public ::testing::Test {
 protected:
  ~PinsTest() override {
    if (memory_.begin != nullptr) UnmapPages(memory_.begin, memory_.bytes);
  }

  MemoryRange memory_{MapPages(kBytes), kBytes};
  Pins pins_;
};

TEST_F(PinsTest, HoldsUntilTheLastIsLetGo) {
  EXPECT_FALSE(pins_.Holds(memory_.begin));
  Pin first = pins_.Take(memory_, kBytes);
  Pin second = first;
  first.reset();
  EXPECT_TRUE(pins_.Holds(memory_.begin));
  second.reset();
  EXPECT_FALSE(pins_.Holds(memory_.begin));
  EXPECT_FALSE(pins_.ReturnLater(memory_.begin));
  EXPECT_TRUE(pins_.empty());
}

TEST_F(PinsTest, TakesNoMoreRangesThanItLooksAt) {
  std::vector<Pin> held;
  char place[Pins::kRangesMax + 1];
  for (char& begin : place) held.push_back(pins_.Take({&begin, 1}, kBytes));
  EXPECT_EQ(held.back(), nullptr);
  EXPECT_NE(held[Pins::kRangesMax - 1], nullptr);
  held.clear();
  EXPECT_NE(pins_.Take({&place[0], 1}, kBytes), nullptr);
}

TEST_F(PinsTest, ReturnsWhatWasGivenUpOnce) {
  Pin pin = pins_.Take(memory_, kBytes);
  ASSERT_TRUE(pins_.ReturnLater(memory_.begin));
  EXPECT_EQ(pins_.TakeReturned().bytes, 0u);
  pin.reset();
  EXPECT_EQ(pins_.TakeReturned().begin, memory_.begin);
  EXPECT_EQ(pins_.TakeReturned().bytes, 0u);
}

// Under ThreadSanitizer: reading comes before the owner writes again.
TEST_F(PinsTest, AnotherThreadLetsGo) {
  for (int round = 0; round < 50; ++round) {
    std::memset(memory_.begin, 'a' + round % 26, memory_.bytes);
    Pin pin = pins_.Take(memory_, kBytes);
    std::string read;
    std::thread reader([this, &read, pin = std::move(pin)]() mutable {
      read.assign(memory_.begin, memory_.bytes);
      pin.reset();
    });
    while (pins_.Holds(memory_.begin)) std::this_thread::yield();
    std::memset(memory_.begin, 0, memory_.bytes);
    reader.join();
    EXPECT_EQ(read, std::string(kBytes, static_cast<char>('a' + round % 26)));
  }
}

TEST_F(PinsTest, TheLastPinUnmapsWhatWasDisowned) {
  Pin pin = pins_.Take(memory_, kBytes);
  ASSERT_EQ(pins_.Disown().size(), 1u);
  std::memset(memory_.begin, 'x', memory_.bytes);
  EXPECT_EQ(pins_.Take({memory_.begin + 1, 1}, kBytes), nullptr) << "it counts";
  std::thread([pin = std::move(pin)]() mutable { pin.reset(); }).join();
  memory_ = {};
  char other;
  EXPECT_NE(pins_.Take({&other, 1}, kBytes), nullptr);
}

}  // namespace
}  // namespace twincached
