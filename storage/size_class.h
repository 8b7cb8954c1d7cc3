// Items by their size: the ranges in which stats count them.
//
// A range is what a slab class is in memcached: it has a number and an upper bound. Here nothing is
// kept by it; an item takes its own bytes whatever its range. Two ranges for every doubling:
//
//   number         0    1    2    3    4    5   ...    49
//   up to (bytes)  64   96   128  192  256  384 ...    1.5 GiB
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace twincached {

inline constexpr size_t kSizeClasses = 50;
inline constexpr int kSmallestClassBits = 6;

// The upper bound of a range, in bytes, which belongs to it. REQUIRES: size_class < kSizeClasses.
inline constexpr size_t SizeClassBytes(size_t size_class) {
  if (size_class == 0) return size_t{1} << kSmallestClassBits;
  const size_t doubling = kSmallestClassBits + (size_class - 1) / 2;
  const size_t halves = 2 + (size_class - 1) % 2 + 1;
  return (size_t{1} << doubling) / 2 * halves;
}

// The range of an item that takes so many bytes in memory, header, key and pages outside included;
// the last one when it takes more than any.
inline size_t SizeClassOf(size_t bytes) {
  if (bytes <= SizeClassBytes(0)) return 0;
  const uint64_t last = bytes - 1;
  const int doubling = 63 - __builtin_clzll(last);
  const size_t upper_half = last >> (doubling - 1) & 1;
  const size_t size_class = static_cast<size_t>(doubling - kSmallestClassBits) * 2 + upper_half + 1;
  return std::min(size_class, kSizeClasses - 1);
}

// The items of one range.
struct SizeClassCount {
  uint64_t items = 0;
  uint64_t bytes = 0;

  friend bool operator==(const SizeClassCount& a, const SizeClassCount& b) {
    return a.items == b.items && a.bytes == b.bytes;
  }
};
using SizeClassCounts = std::array<SizeClassCount, kSizeClasses>;

}  // namespace twincached
