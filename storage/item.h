// The bytes of one item in the log, and how to read them.
//
//   item  = header key ( value | place ) padding
//   place = 8 bytes: address of the value, for a value that lives outside the segments (state
//   kItemOutside)
//
// What it is: the one place that knows this layout. What it is not: an owner; the SEGMENT LOG owns
// the bytes, and a pointer to a header is valid until that log reclaims or moves the item.
//
// Invariants:
// 1. An item begins at a multiple of kItemAlignment and is LogBytes() long, a multiple of it too.
// 2. kItemDead is set exactly once, when the item was removed, replaced or moved. Items that a
// flush took are not
//    marked: their version is at or below their slot's floor (ItemStore).
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "absl/strings/string_view.h"
#include "proto/memcache/command.h"

namespace twincached {

inline constexpr size_t kItemAlignment = 8;

enum ItemState : uint8_t {
  kItemDead = 1,
  kItemRead = 2,     // read or overwritten since it was written or moved: earns a second chance
  kItemFetched = 4,  // ever read
  kItemOutside = 8,  // the value lives outside the segments
};

// An item that is gone at its expiry, to the millisecond.
inline bool IsExpired(int64_t expiry_ms, int64_t now_ms) {
  return expiry_ms != kNever && expiry_ms <= now_ms;
}

struct ItemHeader {
  uint64_t version;
  uint32_t client_flags;
  uint32_t value_bytes;
  uint32_t expiry_low;  // expiry: 48 bits of milliseconds, 8,900 years
  uint16_t expiry_high;
  uint8_t key_bytes;
  uint8_t state;

  static constexpr int64_t kExpiryMsMax = (int64_t{1} << 48) - 1;

  int64_t expiry_ms() const {
    return static_cast<int64_t>(uint64_t{expiry_high} << 32 | expiry_low);
  }
  // What cannot be kept is kept as the nearest that can: the far future, or the first millisecond
  // (long gone).
  static int64_t ClampExpiry(int64_t expiry_ms) {
    return expiry_ms == kNever ? kNever : std::clamp<int64_t>(expiry_ms, 1, kExpiryMsMax);
  }
  void set_expiry_ms(int64_t expiry_ms) {
    const uint64_t bits = static_cast<uint64_t>(ClampExpiry(expiry_ms));
    expiry_low = static_cast<uint32_t>(bits);
    expiry_high = static_cast<uint16_t>(bits >> 32);
  }

  bool dead() const { return (state & kItemDead) != 0; }
  bool outside() const { return (state & kItemOutside) != 0; }

  char* after_header() { return reinterpret_cast<char*>(this + 1); }
  const char* after_header() const { return reinterpret_cast<const char*>(this + 1); }
  absl::string_view key() const { return {after_header(), key_bytes}; }
  const char* value_data() const {
    if (!outside()) return after_header() + key_bytes;
    const char* place;
    std::memcpy(&place, after_header() + key_bytes, sizeof(place));
    return place;
  }
  absl::string_view value() const { return {value_data(), value_bytes}; }

  // Bytes in the log of an item with this key and, unless it lives outside, this value.
  static size_t LogBytesFor(size_t key_bytes, size_t value_bytes, bool outside) {
    const size_t exact = sizeof(ItemHeader) + key_bytes + (outside ? sizeof(char*) : value_bytes);
    return (exact + kItemAlignment - 1) & ~(kItemAlignment - 1);
  }
  size_t LogBytes() const { return LogBytesFor(key_bytes, value_bytes, outside()); }
};
static_assert(sizeof(ItemHeader) == 24, "every byte here is paid once per item");

}  // namespace twincached
