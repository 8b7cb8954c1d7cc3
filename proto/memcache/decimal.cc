#include "proto/memcache/decimal.h"

#include <cstring>

namespace twincached {
namespace {

bool IsWhite(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

struct Magnitude {
  uint64_t value = 0;
  bool negative = false;
};

// Reads the grammar in the header; false when there is no digit, something else follows, or 64 bits
// are not enough.
bool ParseMagnitude(absl::string_view text, Magnitude* magnitude) {
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end && IsWhite(*at)) ++at;
  bool negative = false;
  if (at != end && (*at == '+' || *at == '-')) negative = *at++ == '-';
  const char* const digits = at;
  uint64_t value = 0;
  for (; at != end; ++at) {
    const unsigned digit = static_cast<unsigned char>(*at) - unsigned{'0'};
    if (digit > 9) break;
    if (__builtin_mul_overflow(value, uint64_t{10}, &value)) return false;
    if (__builtin_add_overflow(value, uint64_t{digit}, &value)) return false;
  }
  if (at == digits || (at != end && !IsWhite(*at))) return false;
  *magnitude = {value, negative};
  return true;
}

constexpr uint64_t kSignBit = uint64_t{1} << 63;

constexpr char kDigitPairs[] =
    "0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546"
    "474849"
    "5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596"
    "979899";

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
