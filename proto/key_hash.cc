#include "proto/key_hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace twincached {

uint64_t HashKey(absl::string_view key, uint64_t seed) {
  return XXH3_64bits_withSeed(key.data(), key.size(), seed);
}

}  // namespace twincached
