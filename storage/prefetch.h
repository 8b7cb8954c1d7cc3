// Asking for memory ahead of its use, so that a batch of commands or records does not wait for it
// once for each of them: a key's place in the index and then the item there, each a cache line that
// nobody else needs. Changes nothing and may be left out anywhere.
#pragma once

#include <algorithm>
#include <cstddef>

#include "storage/shard.h"

namespace twincached {

// Call it before element i of `count` is executed or applied; hash_at(j) is the hash of element j's
// key. The first one asks for all up to where the others do.
template <typename HashAt>
void PrefetchFrom(const Shard& shard, size_t i, size_t count, HashAt hash_at) {
  constexpr size_t kIndexAhead = 8, kItemAhead = 4;
  const size_t index_end = std::min(count, i + kIndexAhead + 1);
  const size_t item_end = std::min(count, i + kItemAhead + 1);
  for (size_t j = i == 0 ? 0 : i + kIndexAhead; j < index_end; ++j) shard.PrefetchIndex(hash_at(j));
  for (size_t j = i == 0 ? 0 : i + kItemAhead; j < item_end; ++j) shard.PrefetchItem(hash_at(j));
}

}  // namespace twincached
