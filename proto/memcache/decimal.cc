#include "proto/memcache/decimal.h"

#include <cstring>
#include <limits>

namespace twincached {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsWhite(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

constexpr uint64_t kUint64Max = std::numeric_limits<uint64_t>::max();
// Any digit may follow a value up to this one.
constexpr uint64_t kLastWithRoom = kUint64Max / 10 - 1;

bool WouldOverflow(uint64_t value, unsigned digit) {
  return value > kUint64Max / 10 || value * 10 > kUint64Max - digit;
}

struct Magnitude {
  uint64_t value = 0;
  bool negative = false;
};

// Reads the grammar in the header; false when there is no digit, something else follows, or 64 bits
// are not enough.
bool ParseMagnitude(absl::string_view text, Magnitude* magnitude) {
  if (text.size() == 1 && IsDigit(text[0])) {
    *magnitude = {static_cast<uint64_t>(text[0] - '0'), false};
    return true;
  }
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end && IsWhite(*at)) ++at;
  bool negative = false;
  if (at != end && (*at == '+' || *at == '-')) negative = *at++ == '-';
  const char* const digits = at;
  uint64_t value = 0;
  for (; at != end && IsDigit(*at); ++at) {
    const unsigned digit = static_cast<unsigned>(*at - '0');
    if (value > kLastWithRoom && WouldOverflow(value, digit)) return false;
    value = value * 10 + digit;
  }
  if (at == digits || (at != end && !IsWhite(*at))) return false;
  *magnitude = {value, negative};
  return true;
}

constexpr uint64_t kSignBit = uint64_t{1} << 63;

constexpr char kDigitPairs[] =
    "0001020304050607080910111213141516171819"
    "2021222324252627282930313233343536373839"
    "4041424344454647484950515253545556575859"
    "6061626364656667686970717273747576777879"
    "8081828384858687888990919293949596979899";

size_t DigitCount(uint64_t value) {
  size_t count = 1;
  while (value >= 10000) {
    value /= 10000;
    count += 4;
  }
  return count + (value >= 10) + (value >= 100) + (value >= 1000);
}

}  // namespace

bool ParseUint64(absl::string_view text, uint64_t* value) {
  Magnitude magnitude;
  if (!ParseMagnitude(text, &magnitude)) return false;
  const uint64_t result = magnitude.negative ? 0 - magnitude.value : magnitude.value;
  // memcached looks for the minus in the whole word, not only in front.
  if ((result & kSignBit) != 0 && text.find('-') != absl::string_view::npos) return false;
  *value = result;
  return true;
}

bool ParseUint32(absl::string_view text, uint32_t* value) {
  uint64_t wide;
  if (!ParseUint64(text, &wide)) return false;
  *value = static_cast<uint32_t>(wide);
  return true;
}

bool ParseInt32(absl::string_view text, int32_t* value) {
  Magnitude magnitude;
  if (!ParseMagnitude(text, &magnitude)) return false;
  if (magnitude.value > kSignBit - (magnitude.negative ? 0 : 1)) return false;
  const uint64_t wide = magnitude.negative ? 0 - magnitude.value : magnitude.value;
  *value = static_cast<int32_t>(static_cast<uint32_t>(wide));
  return true;
}

char* WriteDecimal(uint64_t value, char* to) {
  if (value < 10) {
    *to = static_cast<char>('0' + value);
    return to + 1;
  }
  char* const end = to + DigitCount(value);
  char* at = end;
  while (value >= 100) {
    at -= 2;
    std::memcpy(at, kDigitPairs + 2 * (value % 100), 2);
    value /= 100;
  }
  if (value >= 10) {
    std::memcpy(at - 2, kDigitPairs + 2 * value, 2);
  } else {
    at[-1] = static_cast<char>('0' + value);
  }
  return end;
}

}  // namespace twincached
