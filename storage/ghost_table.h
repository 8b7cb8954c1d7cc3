// Which keys were evicted lately: S3-FIFO's ghost queue, without the keys.
//
// What it is: 16-bit fingerprints of hashes in buckets of one cache line each, newest first; one
// that is remembered pushes the oldest of its bucket out. What it is not: exact; it takes a
// stranger for a key that it remembers about once in 2,000 times (32 of 65,535). Owned by an
// ItemStore. Bounds: memory_bytes(), fixed by Resize(); untouched pages cost nothing.
#pragma once

#include <cstddef>
#include <cstdint>

#include "storage/mapped_memory.h"

namespace twincached {

class GhostTable {
 public:
  GhostTable() = default;
  ~GhostTable();
  GhostTable(const GhostTable&) = delete;
  GhostTable& operator=(const GhostTable&) = delete;

  // Room for about this many fingerprints; none is kept when that is another number of buckets.
  // When the kernel refuses, nothing is remembered.
  void Resize(size_t fingerprints);
  // Buckets keep so many from now on that it is about `fingerprints` in all.
  void SetDepth(size_t fingerprints);

  void Remember(uint64_t hash);
  bool Contains(uint64_t hash) const;
  void Clear();

  size_t memory_bytes() const { return memory_bytes_; }
  MemoryRange memory() const { return {reinterpret_cast<char*>(fingerprints_), memory_bytes_}; }

  static constexpr size_t kPerBucket = 32;
  static constexpr size_t kBucketBytes = kPerBucket * sizeof(uint16_t);

 private:
  uint16_t* BucketOf(uint64_t hash) const;
  static uint16_t FingerprintOf(uint64_t hash);

  uint16_t* fingerprints_ = nullptr;
  size_t bucket_count_ = 0;
  size_t depth_ = kPerBucket;
  size_t memory_bytes_ = 0;
};

}  // namespace twincached
