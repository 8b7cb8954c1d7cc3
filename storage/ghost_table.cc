#include "storage/ghost_table.h"

#include <algorithm>
#include <cstring>

#include "storage/mapped_memory.h"

namespace twincached {
namespace {

// A hash is its slot in 6 bits, 32 that choose the bucket, and these, which have the fingerprint.
constexpr int kBitsBelowBucket = 26;

}  // namespace

GhostTable::~GhostTable() { Clear(); }

void GhostTable::Clear() {
  if (fingerprints_ != nullptr) UnmapPages(reinterpret_cast<char*>(fingerprints_), memory_bytes_);
  fingerprints_ = nullptr;
  bucket_count_ = 0;
  memory_bytes_ = 0;
}

void GhostTable::Resize(size_t fingerprints) {
  const size_t memory_bytes = RoundUpToPages(std::max<size_t>(1, fingerprints) * sizeof(uint16_t));
  if (memory_bytes == memory_bytes_) return;
  Clear();
  char* pages = MapPages(memory_bytes);
  if (pages == nullptr) return;
  fingerprints_ = reinterpret_cast<uint16_t*>(pages);
  bucket_count_ = memory_bytes / kBucketBytes;
  memory_bytes_ = memory_bytes;
}

void GhostTable::SetDepth(size_t fingerprints) {
  depth_ = std::clamp<size_t>(fingerprints / std::max<size_t>(1, bucket_count_), 1, kPerBucket);
}

// By the bits below the slot: a shard sees some slots only.
uint16_t* GhostTable::BucketOf(uint64_t hash) const {
  const uint64_t below_slot = static_cast<uint32_t>(hash >> kBitsBelowBucket);
  return fingerprints_ + (below_slot * bucket_count_ >> 32) * kPerBucket;
}

uint16_t GhostTable::FingerprintOf(uint64_t hash) {
  return std::max<uint16_t>(1, static_cast<uint16_t>(hash));
}

void GhostTable::Remember(uint64_t hash) {
  if (fingerprints_ == nullptr) return;
  uint16_t* bucket = BucketOf(hash);
  std::memmove(bucket + 1, bucket, (depth_ - 1) * sizeof(*bucket));
  bucket[0] = FingerprintOf(hash);
}

bool GhostTable::Contains(uint64_t hash) const {
  if (fingerprints_ == nullptr) return false;
  const uint16_t* bucket = BucketOf(hash);
  const uint16_t fingerprint = FingerprintOf(hash);
  // Without a branch, so that it is done for all at once.
  uint32_t found = 0;
  for (size_t i = 0; i < kPerBucket; ++i) found |= uint32_t{bucket[i] == fingerprint};
  return found != 0;
}

}  // namespace twincached
