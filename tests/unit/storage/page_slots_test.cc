#include "storage/page_slots.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "storage/mapped_memory.h"

namespace twincached {
namespace {

constexpr size_t kPage = 4096;

size_t MappingsOfThisProcess() {
  std::ifstream maps("/proc/self/maps");
  size_t lines = 0;
  for (std::string line; std::getline(maps, line);) ++lines;
  return lines;
}

TEST(PageSlots, GivesZeroedPagesAlsoTheSecondTime) {
  PageSlots slots;
  for (int round = 0; round < 3; ++round) {
    char* slot = slots.Take(3 * kPage);
    ASSERT_NE(slot, nullptr);
    EXPECT_EQ(std::count(slot, slot + 3 * kPage, 0), static_cast<int>(3 * kPage));
    std::memset(slot, 'x', 3 * kPage);
    slots.GiveBack(slot, 3 * kPage);
  }
}

TEST(PageSlots, NoTwoAtOnePlace) {
  struct Taken {
    char* slot;
    size_t bytes;
    char mark;
  };
  std::mt19937_64 random(1);
  PageSlots slots;
  std::vector<Taken> taken;
  for (int i = 0; i < 3000; ++i) {
    if (!taken.empty() && random() % 2 == 0) {
      std::swap(taken[random() % taken.size()], taken.back());
      const Taken gone = taken.back();
      taken.pop_back();
      ASSERT_EQ(gone.slot[0], gone.mark);
      ASSERT_EQ(gone.slot[gone.bytes - 1], gone.mark);
      slots.GiveBack(gone.slot, gone.bytes);
    } else {
      const size_t bytes = (1 + random() % 100) * kPage;
      const Taken one{slots.Take(bytes), bytes, static_cast<char>(random())};
      ASSERT_NE(one.slot, nullptr);
      one.slot[0] = one.slot[bytes - 1] = one.mark;
      taken.push_back(one);
    }
  }
}

TEST(PageSlots, TakesTheLargest) {
  PageSlots slots;
  char* slot = slots.Take(PageSlots::kSlotBytesMax);
  ASSERT_NE(slot, nullptr);
  slot[PageSlots::kSlotBytesMax - 1] = 'x';
}

TEST(PageSlots, ThousandsOfValuesAreFewMappings) {
  PageSlots slots;
  const size_t before = MappingsOfThisProcess();
  std::vector<char*> taken;
  for (int i = 0; i < 10'000; ++i) taken.push_back(slots.Take(3 * kPage));
  for (char* slot : taken) slot[0] = 'x';
  for (size_t i = 0; i < taken.size(); i += 2) slots.GiveBack(taken[i], 3 * kPage);
  EXPECT_LE(MappingsOfThisProcess(), before + 4);
}

TEST(PageSlots, ClearTakesBackEverything) {
  PageSlots slots;
  const size_t before = MappingsOfThisProcess();
  for (int i = 0; i < 100; ++i) slots.Take((1 + i) * kPage)[0] = 'x';
  slots.Clear({});
  EXPECT_LE(MappingsOfThisProcess(), before);
  EXPECT_NE(slots.Take(kPage), nullptr);
}

}  // namespace
}  // namespace twincached
