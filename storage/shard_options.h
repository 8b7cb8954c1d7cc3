// How one shard is set up.
#pragma once

#include <cstddef>
#include <cstdint>

namespace twincached {

struct ShardOptions {
  size_t memory_bytes_max = 64u << 20;
  size_t item_bytes_max = 1u << 20;
  uint32_t shard_index = 0;
  uint32_t shard_count = 1;
  // -L: huge pages at every size; else where a segment is as large as one.
  bool huge_pages = false;
  bool evict = true;       // false: -M, answer kOutOfMemory instead
  uint64_t slot_seed = 0;  // seed of HashKey; commands arrive with their hash made from it
  // Counter at which a new epoch is due: half of what its 40 bits can say, so that there is time.
  uint64_t epoch_counter_max = uint64_t{1} << 39;  // tests set less
};

}  // namespace twincached
