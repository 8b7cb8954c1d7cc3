// The index of a shard: from a key's hash to the places where items with such a hash may be.
//
// What it is: 64 slots, each a growing number of small tables of 8-byte references. What it is not:
// it never looks at an item; the caller says whether a candidate is the right one. Owned by an
// ItemStore. Bounds: none of its own; GrowthBytes() says beforehand what an Insert takes. No
// operation moves more than a table, some thousand references. A table of a page and more grows by
// pages where it lies: no allocator keeps what smaller ones have left.
//
//   reference = tag (24 bits) location (40 bits)       0: empty    1: was one, the bucket is still
//   full hash      = slot (6 bits) tag (24 bits) unused
//
// The tag is a fraction: its upper bits choose the table, the rest the bucket in it. So a table
// grows by an eighth, or splits, without a look at the items.
//
// Invariants:
// 1. In a bucket the references come first, then the empty places.
// 2. A reference is in the bucket that its tag chooses, or after it with only full ones between.
// 3. A table is at most 7/8 full (references and their remains).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "proto/key_hash.h"
#include "storage/segment_log.h"

namespace twincached {

class Index {
 public:
  Index() = default;
  ~Index();
  Index(const Index&) = delete;
  Index& operator=(const Index&) = delete;

  // The first candidate of which `matches(Location)` says true, else kNoLocation.
  template <typename Matches>
  Location Find(uint64_t hash, Matches matches) const;

  // Asks the processor for what Find() reads first.
  void Prefetch(uint64_t hash) const {
    if (const Table* table = TableOf(hash)) {
      __builtin_prefetch(table->refs + HomeOf(*table, TagOf(hash)) * kRefsPerBucket);
    }
  }
  // The first candidate in the bucket where a search begins, kNoLocation when it has none.
  Location FirstCandidate(uint64_t hash) const;

  // The hashes of a slot fall into parts, in their order, each with a table of its own. The last
  // hash of the part to which this one belongs:
  uint64_t PartEnd(uint64_t hash) const;
  // Every reference in it, in no order. `visit(Location)` changes nothing here.
  template <typename Visit>
  void ForEachInPart(uint64_t hash, Visit visit) const;

  // Bytes that Insert would add for a moment or for good; mostly 0.
  size_t GrowthBytes(uint64_t hash) const;
  void Insert(uint64_t hash, Location location);
  // REQUIRES: the reference (hash, from) is here.
  void Replace(uint64_t hash, Location from, Location to);
  void Erase(uint64_t hash, Location location);

  // Forgets a whole slot at once. Its memory counts until FreeDropped() has freed its tables.
  void DropSlot(uint32_t slot);
  // Frees up to tables_max of them; false when none is left.
  bool FreeDropped(size_t tables_max);
  bool has_dropped() const { return !dropped_.empty(); }
  void Clear();

  size_t memory_bytes() const { return memory_bytes_; }

 private:
  static constexpr uint32_t kRefsPerBucket = 8;
  static constexpr uint32_t kFullRefsPerBucket = 7;  // of each bucket, on the average
  static constexpr uint32_t kBucketsMax = 1024;
  static constexpr uint32_t kPageBuckets = 64;  // from here on tables are whole pages
  static constexpr uint32_t kGrowthDivisor = 8;
  static constexpr uint32_t kDepthMax = 16;
  static constexpr int kTagBits = 24;
  static constexpr int kTagShift = 34;
  static constexpr uint32_t kTagMask = (1u << kTagBits) - 1;
  static constexpr uint64_t kEmpty = 0, kRemoved = 1;
  static constexpr size_t kAllocationBytes = 80;  // what the allocator adds to an array, at most

  struct Table {
    uint64_t* refs = nullptr;
    uint32_t bucket_count = 0;
    uint32_t used = 0;   // references and remains
    uint32_t live = 0;   // references
    uint32_t depth = 0;  // upper bits of the tag that all references here share

    bool mapped() const { return bucket_count >= kPageBuckets; }
  };
  // 2^depth entries; a table of a smaller depth stands in several that are side by side.
  using Directory = std::vector<Table*>;
  struct Slot {
    Directory directory;
    uint32_t depth = 0;
  };

  static uint32_t TagOf(uint64_t hash) {
    return static_cast<uint32_t>(hash >> kTagShift) & kTagMask;
  }
  static uint64_t RefOf(uint64_t hash, Location location) {
    return uint64_t{TagOf(hash)} << kLocationBits | location;
  }
  static uint32_t TagOfRef(uint64_t ref) { return static_cast<uint32_t>(ref >> kLocationBits); }
  static Location LocationOfRef(uint64_t ref) { return ref & ((uint64_t{1} << kLocationBits) - 1); }
  // Bit i: reference i has this tag. Without a branch, because none could be foreseen.
  static uint32_t TagMask(const uint64_t* refs, uint32_t tag) {
    uint32_t mask = 0;
#pragma GCC unroll 8
    for (uint32_t i = 0; i < kRefsPerBucket; ++i) mask |= uint32_t{TagOfRef(refs[i]) == tag} << i;
    return mask;
  }
  static uint32_t HomeOf(const Table& table, uint32_t tag) {
    return static_cast<uint32_t>(uint64_t{(tag << table.depth) & kTagMask} * table.bucket_count >>
                                 kTagBits);
  }
  static size_t TableBytes(uint32_t bucket_count) {
    return bucket_count * kRefsPerBucket * sizeof(uint64_t) + sizeof(Table) + 2 * kAllocationBytes;
  }
  // Addresses of a mapped table. Only at kDepthMax can it have more than kBucketsMax buckets.
  static size_t RangeBytes(uint32_t bucket_count) {
    return size_t{std::max(bucket_count, kBucketsMax)} * kRefsPerBucket * sizeof(uint64_t);
  }
  static uint32_t RoundUp(uint32_t buckets);
  static uint32_t BucketsFor(uint32_t refs);
  static bool IsFull(const Table& table) {
    return table.used >= table.bucket_count * kFullRefsPerBucket;
  }
  static uint32_t GrownBuckets(const Table& table);
  static bool MustSplit(const Table& table);

  Table* TableOf(uint64_t hash) const {
    const Slot& slot = slots_[SlotOf(hash)];
    if (slot.directory.empty()) return nullptr;
    return slot.directory[TagOf(hash) >> (kTagBits - slot.depth)];
  }
  Table* NewTable(uint32_t bucket_count, uint32_t depth);
  void DeleteTable(Table* table);
  static void Place(Table* table, uint64_t ref);
  static uint64_t* FindRef(const Table& table, uint64_t ref);
  // A table's references to moving_; references to a table without any.
  void Collect(const Table& table);
  void Fill(const uint64_t* refs, size_t count, Table* table);
  // Puts `to` where `from` stands in the directory entries of `tag` at to->depth.
  void Enter(Slot* slot, uint32_t tag, Table* to);
  void Grow(Slot* slot, Table* table, uint32_t tag);
  void GrowInPlace(uint32_t bucket_count, Table* table);
  void Split(Slot* slot, Table* table, uint32_t tag);

  std::array<Slot, kSlotCount> slots_;
  std::vector<Directory> dropped_;
  size_t memory_bytes_ = 0;
  std::vector<uint64_t> moving_;  // references between two tables
  std::vector<uint8_t> filled_;   // how many of them each bucket of the new one has
};

template <typename Matches>
Location Index::Find(uint64_t hash, Matches matches) const {
  const Table* table = TableOf(hash);
  if (table == nullptr) return kNoLocation;
  const uint32_t tag = TagOf(hash);
  uint32_t bucket = HomeOf(*table, tag);
  for (uint32_t probes = 0; probes < table->bucket_count; ++probes) {
    const uint64_t* refs = table->refs + bucket * kRefsPerBucket;
    for (uint32_t mask = TagMask(refs, tag); mask != 0; mask &= mask - 1) {
      const uint64_t ref = refs[__builtin_ctz(mask)];
      if (ref > kRemoved && matches(LocationOfRef(ref))) return LocationOfRef(ref);
    }
    if (refs[kRefsPerBucket - 1] == kEmpty) return kNoLocation;
    if (++bucket == table->bucket_count) bucket = 0;
  }
  return kNoLocation;
}

template <typename Visit>
void Index::ForEachInPart(uint64_t hash, Visit visit) const {
  const Table* table = TableOf(hash);
  if (table == nullptr) return;
  const uint32_t count = table->bucket_count * kRefsPerBucket;
  for (uint32_t i = 0; i < count; ++i) {
    if (table->refs[i] > kRemoved) visit(LocationOfRef(table->refs[i]));
  }
}

inline Location Index::FirstCandidate(uint64_t hash) const {
  const Table* table = TableOf(hash);
  if (table == nullptr) return kNoLocation;
  const uint64_t* refs = table->refs + HomeOf(*table, TagOf(hash)) * kRefsPerBucket;
  const uint32_t mask = TagMask(refs, TagOf(hash));
  if (mask == 0) return kNoLocation;
  const uint64_t ref = refs[__builtin_ctz(mask)];
  return ref > kRemoved ? LocationOfRef(ref) : kNoLocation;
}

}  // namespace twincached
