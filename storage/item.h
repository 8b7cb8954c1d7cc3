// The bytes of one item in the log, and how to read them.
//
//   item  = header key [ client flags ] ( value | place ) padding
//   client flags = 4 bytes, only when they are not 0 (state kItemFlags)
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
  kItemFetched = 2,  // ever read
  kItemOutside = 4,  // the value lives outside the segments
  kItemFlags = 8,    // client flags follow the key
  kItemStale = 16,   // meta protocol: invalidated, but served until somebody replaces it
  kItemWon = 32,     // meta protocol: somebody was told to replace it
};
inline constexpr int kItemMarksShift = 4;  // stale and won as a number of two bits
inline constexpr uint8_t kItemMarksMax = 3;
// The upper two bits of the state count uses since the item came to the log's end, up to 3.
inline constexpr int kItemUsesShift = 6;
inline constexpr uint8_t kItemUsesMax = 3;

// An item that is gone at its expiry, to the millisecond.
inline bool IsExpired(int64_t expiry_ms, int64_t now_ms) {
  return expiry_ms != kNever && expiry_ms <= now_ms;
}

// What the length of an item in the log depends on.
struct ItemShape {
  size_t key_bytes = 0;
  size_t value_bytes = 0;
  bool flags = false;
  bool outside = false;
};

struct ItemHeader {
  uint64_t version;
  uint32_t last_access_s;  // stream clock, in seconds
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
  bool has_flags() const { return (state & kItemFlags) != 0; }
  bool fetched() const { return (state & kItemFetched) != 0; }
  uint8_t marks() const { return state >> kItemMarksShift & kItemMarksMax; }
  uint8_t uses() const { return state >> kItemUsesShift; }
  void set_uses(uint8_t uses) {
    state = static_cast<uint8_t>((state & ((1 << kItemUsesShift) - 1)) | uses << kItemUsesShift);
  }
  // Read or written again. Writes only what changes: a cache line that nobody writes stays clean.
  void NoteUse(uint32_t now_s) {
    if (uses() < kItemUsesMax) set_uses(uses() + 1);
    if (last_access_s != now_s) last_access_s = now_s;
  }
  void NoteRead(uint32_t now_s) {
    NoteUse(now_s);
    if (!fetched()) state |= kItemFetched;
  }

  char* after_header() { return reinterpret_cast<char*>(this + 1); }
  const char* after_header() const { return reinterpret_cast<const char*>(this + 1); }
  absl::string_view key() const { return {after_header(), key_bytes}; }
  size_t flags_bytes() const { return has_flags() ? sizeof(uint32_t) : 0; }
  uint32_t client_flags() const {
    uint32_t flags = 0;
    if (has_flags()) std::memcpy(&flags, after_header() + key_bytes, sizeof(flags));
    return flags;
  }
  const char* value_data() const {
    const char* after = after_header() + key_bytes + flags_bytes();
    if (!outside()) return after;
    const char* place;
    std::memcpy(&place, after, sizeof(place));
    return place;
  }
  absl::string_view value() const { return {value_data(), value_bytes}; }

  // Bytes in the log of an item of this shape.
  static size_t LogBytesFor(const ItemShape& shape) {
    const size_t value_bytes = shape.outside ? sizeof(char*) : shape.value_bytes;
    const size_t flags_bytes = shape.flags ? sizeof(uint32_t) : 0;
    const size_t exact = sizeof(ItemHeader) + shape.key_bytes + flags_bytes + value_bytes;
    return (exact + kItemAlignment - 1) & ~(kItemAlignment - 1);
  }
  ItemShape shape() const { return {key_bytes, value_bytes, has_flags(), outside()}; }
  size_t LogBytes() const { return LogBytesFor(shape()); }
};
static_assert(sizeof(ItemHeader) == 24, "every byte here is paid once per item");

}  // namespace twincached
