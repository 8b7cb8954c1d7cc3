// What one call of a shard brings with it, for those parts that may remove or move items on its
// behalf.
#pragma once

#include <cstdint>

#include "storage/record_writer.h"

namespace twincached {

struct ShardCall {
  int64_t now_ms = 0;
  // Where changes are told. nullptr: the shard follows; nothing is removed for age or room, and
  // nothing told.
  RecordWriter* records = nullptr;
  bool may_evict = false;

  uint32_t now_s() const { return static_cast<uint32_t>(now_ms / 1000); }
  bool deciding() const { return records != nullptr; }
};

}  // namespace twincached
