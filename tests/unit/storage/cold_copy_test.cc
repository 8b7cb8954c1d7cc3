#include "storage/cold_copy.h"

#include <gtest/gtest.h>

#include <string>

namespace twincached {
namespace {

constexpr size_t kMargin = 128;

std::string Pattern(size_t bytes) {
  std::string text(bytes, '\0');
  for (size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>(i * 131 + i / 256);
  return text;
}

TEST(CopyToCold, CopiesAllBytesAndNoOthersWhateverTheAlignment) {
  const std::string source = Pattern(3 * kColdCopyBytesMin);
  for (const size_t bytes : {size_t{0}, size_t{1}, kColdCopyBytesMin - 1, kColdCopyBytesMin,
                             kColdCopyBytesMin + 1, 2 * kColdCopyBytesMin + 63}) {
    for (size_t to = 0; to < 64; to += 7) {
      for (const size_t from : {0, 1, 8, 31}) {
        std::string target(bytes + 2 * kMargin, '#');
        CopyToCold(&target[kMargin + to], source.data() + from, bytes);
        const std::string expected = std::string(kMargin + to, '#') + source.substr(from, bytes) +
                                     std::string(kMargin - to, '#');
        ASSERT_TRUE(target == expected) << bytes << " bytes to " << to << " from " << from;
      }
    }
  }
}

}  // namespace
}  // namespace twincached
