// Decimal numbers as memcached reads and writes them. No locale, no heap, no errno.
//
// Reading follows strtol and strtoul as memcached 1.6 calls them, because what it accepts is what
// clients may send:
//
//   number = *white ["+" / "-"] 1*digit [white *any]        white = space, \t, \n, \v, \f, \r
//
// So `+5`, `5\t` and `5\tx` are 5. A number over 64 bits is refused; one of 32 bits is cut to 32
// bits *after* that, so that a length of 4294967297 is 1. An unsigned `-x` is 2^64 - x, refused
// when its sign bit is set.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace twincached {

// Each returns false, with *value untouched, when `text` is no such number.
bool ParseUint64(absl::string_view text, uint64_t* value);
bool ParseUint32(absl::string_view text, uint32_t* value);
bool ParseInt32(absl::string_view text, int32_t* value);

// Digits of 2^64 - 1.
inline constexpr size_t kDecimalDigitsMax = 20;

// Writes `value` at `to` without a terminator and returns the end.
// REQUIRES: kDecimalDigitsMax bytes at `to`.
char* WriteDecimal(uint64_t value, char* to);

}  // namespace twincached
