// The size of an item as -I counts it.
//
// Not what an item costs in memory: what memcached 1.6 would need, so that the largest value that a
// client can store is the same to the byte (measured against 1.6.18: header 48, cas 8, key and NUL,
// flags 4 unless 0, value and CR LF).
#pragma once

#include <cstddef>
#include <cstdint>

namespace twincached {

inline constexpr size_t kItemHeaderBytesCounted = 48 + 8;

constexpr size_t CountedItemBytes(size_t key_bytes, size_t value_bytes, uint32_t client_flags) {
  return kItemHeaderBytesCounted + key_bytes + 1 + (client_flags != 0 ? 4 : 0) + value_bytes + 2;
}

}  // namespace twincached
