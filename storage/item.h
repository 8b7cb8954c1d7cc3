// The bytes of one item in the log, and how to read them.
//
//   item  = header key [ client flags ] [ expiry ] ( value | place ) padding
//   client flags = 4 bytes, only when they are not 0 (state kItemFlags)
//   expiry = the lower 4 bytes of it, only when there is room for one (ItemHeader::has_expiry)
//   place = 8 bytes: address of a value that lives outside the segments (state kItemOutside)
//
// What it is: the one place that knows this layout. What it is not: an owner; the SEGMENT LOG owns
// the bytes, and a pointer to a header is valid until that log reclaims or moves the item.
//
// Invariants:
// 1. An item begins at a multiple of kItemAlignment and is LogBytes() long, a multiple of it too.
// 2. kItemDead is set exactly once, when the item was removed, replaced or moved. Items that a
// flush took are not marked: their version is at or below their slot's floor (ItemStore).
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "absl/strings/string_view.h"
#include "proto/check.h"
#include "proto/memcache/command.h"
#include "storage/cold_copy.h"

namespace twincached {

inline constexpr size_t kItemAlignment = 4;
inline constexpr size_t kItemHeaderBytes = 20;  // every one is paid once per item

enum ItemState : uint8_t {
  kItemDead = 1,
  kItemFetched = 2,  // ever read
  kItemOutside = 4,  // the value lives outside the segments
  kItemFlags = 8,    // client flags follow the key
  kItemStale = 16,   // meta protocol: invalidated, but served until somebody replaces it
  kItemWon = 32,     // meta protocol: somebody was told to replace it
};
// Two bits each of the state: stale and won as a number, uses since the item came to the log's end.
inline constexpr int kItemMarksShift = 4, kItemUsesShift = 6;
inline constexpr uint8_t kItemMarksMax = 3, kItemUsesMax = 3;

// An item that is gone at its expiry, to the millisecond.
inline bool IsExpired(int64_t expiry_ms, int64_t now_ms) {
  return expiry_ms != kNever && expiry_ms <= now_ms;
}

// What the length of an item in the log depends on.
struct ItemShape {
  size_t key_bytes = 0;
  size_t value_bytes = 0;
  bool flags = false;
  bool expiry = false;
  bool outside = false;

  size_t LogBytes() const {
    const size_t optional_bytes = (flags ? sizeof(uint32_t) : 0) + (expiry ? sizeof(uint32_t) : 0);
    const size_t content_bytes = outside ? sizeof(char*) : value_bytes;
    const size_t exact = kItemHeaderBytes + key_bytes + optional_bytes + content_bytes;
    return (exact + kItemAlignment - 1) & ~(kItemAlignment - 1);
  }
};

class ItemHeader {
 public:
  static constexpr int64_t kExpiryMsMax = (int64_t{1} << 48) - 1;  // 8,900 years
  static constexpr uint32_t kValueBytesMax = (1u << 30) - 1;

  // Room for what the shape asks for, with nothing in it. REQUIRES: shape.LogBytes() bytes here.
  void SetShape(const ItemShape& shape);
  ItemShape shape() const {
    return {key_bytes_, value_bytes(), has_flags(), has_expiry(), outside()};
  }
  size_t LogBytes() const { return shape().LogBytes(); }

  uint64_t version() const { return uint64_t{version_high_} << 32 | version_low_; }
  void set_version(uint64_t version) {
    version_low_ = static_cast<uint32_t>(version);
    version_high_ = static_cast<uint32_t>(version >> 32);
  }
  uint32_t last_access_s() const { return last_access_s_; }  // stream clock, in seconds
  void set_last_access_s(uint32_t seconds) { last_access_s_ = seconds; }

  // ---- State ----
  void AddState(uint8_t bits) { state_ = static_cast<uint8_t>(state_ | bits); }
  bool dead() const { return (state_ & kItemDead) != 0; }
  bool outside() const { return (state_ & kItemOutside) != 0; }
  bool fetched() const { return (state_ & kItemFetched) != 0; }
  uint8_t marks() const { return state_ >> kItemMarksShift & kItemMarksMax; }
  uint8_t uses() const { return state_ >> kItemUsesShift; }
  void set_uses(uint8_t uses) {
    state_ = static_cast<uint8_t>((state_ & ((1 << kItemUsesShift) - 1)) | uses << kItemUsesShift);
  }
  // Read or written again. Writes only what changes: a cache line that nobody writes stays clean.
  void NoteUse(uint32_t now_s) {
    if (uses() < kItemUsesMax) set_uses(static_cast<uint8_t>(uses() + 1));
    if (last_access_s_ != now_s) last_access_s_ = now_s;
  }
  void NoteRead(uint32_t now_s) {
    NoteUse(now_s);
    if (!fetched()) AddState(kItemFetched);
  }
  // Gone, as long as before; of a value outside nothing is said any more.
  void Bury();

  // ---- Expiry ----
  bool has_expiry() const { return (value_word_ & kHasExpiry) != 0; }
  int64_t expiry_ms() const;
  // The nearest that can be kept: the far future, or the first millisecond (long gone).
  static int64_t ClampExpiry(int64_t expiry_ms) {
    return expiry_ms == kNever ? kNever : std::clamp<int64_t>(expiry_ms, 1, kExpiryMsMax);
  }
  // REQUIRES: has_expiry(), unless it is kNever.
  void set_expiry_ms(int64_t expiry_ms);

  absl::string_view key() const { return {after_header(), key_bytes_}; }
  void set_key(absl::string_view key) { std::memcpy(after_header(), key.data(), key.size()); }
  uint32_t client_flags() const;
  void set_client_flags(uint32_t flags);  // REQUIRES: room for them, unless they are 0
  uint32_t value_bytes() const { return value_word_ & kValueBytesMax; }
  const char* value_data() const;
  absl::string_view value() const { return {value_data(), value_bytes()}; }
  void set_value(absl::string_view value);
  void set_place(char* outside) { std::memcpy(content(), &outside, sizeof(outside)); }

 private:
  static constexpr uint32_t kHasExpiry = 1u << 30;

  bool has_flags() const { return (state_ & kItemFlags) != 0; }
  char* after_header() { return reinterpret_cast<char*>(this + 1); }
  const char* after_header() const { return reinterpret_cast<const char*>(this + 1); }
  const char* flags_place() const { return after_header() + key_bytes_; }
  const char* expiry_place() const { return flags_place() + (has_flags() ? sizeof(uint32_t) : 0); }
  const char* content() const { return expiry_place() + (has_expiry() ? sizeof(uint32_t) : 0); }
  char* content() { return const_cast<char*>(static_cast<const ItemHeader*>(this)->content()); }

  uint32_t version_low_, version_high_;  // two halves: an item lies at a multiple of 4
  uint32_t last_access_s_;
  uint32_t value_word_;  // length, and kHasExpiry
  uint16_t expiry_high_;
  uint8_t key_bytes_;
  uint8_t state_;
};
static_assert(sizeof(ItemHeader) == kItemHeaderBytes, "no padding");

inline void ItemHeader::SetShape(const ItemShape& shape) {
  DCHECK_LE(shape.value_bytes, kValueBytesMax);
  key_bytes_ = static_cast<uint8_t>(shape.key_bytes);
  value_word_ = static_cast<uint32_t>(shape.value_bytes) | (shape.expiry ? kHasExpiry : 0);
  expiry_high_ = 0;
  state_ =
      static_cast<uint8_t>((shape.flags ? kItemFlags : 0) | (shape.outside ? kItemOutside : 0));
}

inline void ItemHeader::Bury() {
  // A stub without its place is as long as a value of eight bytes.
  if (outside()) value_word_ = sizeof(char*) | (value_word_ & kHasExpiry);
  state_ = static_cast<uint8_t>((state_ & ~kItemOutside) | kItemDead);
}

inline int64_t ItemHeader::expiry_ms() const {
  if (!has_expiry()) return kNever;
  uint32_t low;
  std::memcpy(&low, expiry_place(), sizeof(low));
  return static_cast<int64_t>(uint64_t{expiry_high_} << 32 | low);
}

inline void ItemHeader::set_expiry_ms(int64_t expiry_ms) {
  DCHECK(has_expiry() || expiry_ms == kNever);
  if (!has_expiry()) return;
  const uint64_t bits = static_cast<uint64_t>(ClampExpiry(expiry_ms));
  const uint32_t low = static_cast<uint32_t>(bits);
  std::memcpy(const_cast<char*>(expiry_place()), &low, sizeof(low));
  expiry_high_ = static_cast<uint16_t>(bits >> 32);
}

inline uint32_t ItemHeader::client_flags() const {
  uint32_t flags = 0;
  if (has_flags()) std::memcpy(&flags, flags_place(), sizeof(flags));
  return flags;
}

inline void ItemHeader::set_client_flags(uint32_t flags) {
  DCHECK(has_flags() || flags == 0);
  if (has_flags()) std::memcpy(const_cast<char*>(flags_place()), &flags, sizeof(flags));
}

inline const char* ItemHeader::value_data() const {
  if (!outside()) return content();
  const char* place;
  std::memcpy(&place, content(), sizeof(place));
  return place;
}

inline void ItemHeader::set_value(absl::string_view value) {
  DCHECK_EQ(value.size(), value_bytes());
  CopyToCold(const_cast<char*>(value_data()), value.data(), value.size());
}

}  // namespace twincached
