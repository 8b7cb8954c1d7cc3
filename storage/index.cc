#include "storage/index.h"

#include <algorithm>
#include <new>

#include "proto/check.h"
#include "storage/mapped_memory.h"

namespace twincached {
namespace {

constexpr std::align_val_t kBucketAlignment{64};

}  // namespace

Index::~Index() { Clear(); }

Index::Table* Index::NewTable(uint32_t bucket_count, uint32_t depth) {
  Table* table = new Table;
  table->bucket_count = bucket_count;
  table->depth = depth;
  if (table->mapped()) {
    table->refs = reinterpret_cast<uint64_t*>(MapPages(RangeBytes(bucket_count)));  // of zeroes
    CHECK(table->refs != nullptr);
  } else {
    const size_t count = size_t{bucket_count} * kRefsPerBucket;
    table->refs =
        static_cast<uint64_t*>(::operator new(count * sizeof(uint64_t), kBucketAlignment));
    std::fill_n(table->refs, count, kEmpty);
  }
  memory_bytes_ += TableBytes(bucket_count);
  return table;
}

void Index::DeleteTable(Table* table) {
  memory_bytes_ -= TableBytes(table->bucket_count);
  if (table->mapped()) {
    UnmapPages(reinterpret_cast<char*>(table->refs), RangeBytes(table->bucket_count));
  } else {
    ::operator delete(table->refs, kBucketAlignment);
  }
  delete table;
}

uint32_t Index::RoundUp(uint32_t buckets) {
  if (buckets < kPageBuckets) return buckets;
  return (buckets + kPageBuckets - 1) / kPageBuckets * kPageBuckets;
}

uint32_t Index::BucketsFor(uint32_t refs) {
  return RoundUp((refs + refs / kGrowthDivisor) / kFullRefsPerBucket + 1);
}

uint32_t Index::GrownBuckets(const Table& table) {
  // Mostly remains of removed references: the same size again, cleaned up.
  if (table.live < table.bucket_count * kFullRefsPerBucket / 4 * 3) return table.bucket_count;
  return RoundUp(table.bucket_count + std::max(1u, table.bucket_count / kGrowthDivisor));
}

bool Index::MustSplit(const Table& table) {
  return GrownBuckets(table) > kBucketsMax && table.depth < kDepthMax;
}

uint64_t Index::PartEnd(uint64_t hash) const {
  const Table* table = TableOf(hash);
  const uint32_t depth = table == nullptr ? 0 : table->depth;
  return hash | ((uint64_t{1} << (kTagShift + kTagBits - depth)) - 1);
}

size_t Index::GrowthBytes(uint64_t hash) const {
  const Table* table = TableOf(hash);
  if (table == nullptr) return TableBytes(1) + sizeof(Table*);
  if (!IsFull(*table)) return 0;
  if (!MustSplit(*table)) {
    const size_t bytes = TableBytes(GrownBuckets(*table));
    return table->mapped() ? bytes - TableBytes(table->bucket_count) : bytes;
  }
  const Slot& slot = slots_[SlotOf(hash)];
  const size_t directory_bytes =
      table->depth == slot.depth ? 2 * slot.directory.size() * sizeof(Table*) : 0;
  return 2 * TableBytes(kPageBuckets) + TableBytes(BucketsFor(table->live)) + directory_bytes;
}

void Index::Place(Table* table, uint64_t ref) {
  uint32_t bucket = HomeOf(*table, TagOfRef(ref));
  while (true) {
    uint64_t* refs = table->refs + bucket * kRefsPerBucket;
    for (uint32_t i = 0; i < kRefsPerBucket; ++i) {
      if (refs[i] != kEmpty && refs[i] != kRemoved) continue;
      if (refs[i] == kEmpty) ++table->used;
      ++table->live;
      refs[i] = ref;
      return;
    }
    if (++bucket == table->bucket_count) bucket = 0;
  }
}

void Index::Enter(Slot* slot, uint32_t tag, Table* to) {
  const uint32_t shared = slot->depth - to->depth;
  const uint32_t first = tag >> (kTagBits - to->depth) << shared;
  std::fill_n(slot->directory.begin() + first, size_t{1} << shared, to);
}

void Index::Insert(uint64_t hash, Location location) {
  DCHECK_GT(location, 1u);
  Slot& slot = slots_[SlotOf(hash)];
  if (slot.directory.empty()) {
    slot.directory.assign(1, NewTable(1, 0));
    slot.depth = 0;
    memory_bytes_ += sizeof(Table*);
  }
  // A split can leave everything in one half, again and again, but only kDepthMax times.
  while (IsFull(*TableOf(hash))) {
    Table* full = TableOf(hash);
    MustSplit(*full) ? Split(&slot, full, TagOf(hash)) : Grow(&slot, full, TagOf(hash));
  }
  Place(TableOf(hash), RefOf(hash, location));
}

void Index::Collect(const Table& table) {
  const size_t count = size_t{table.bucket_count} * kRefsPerBucket;
  moving_.resize(count);
  size_t live = 0;
  for (size_t i = 0; i < count; ++i) {
    moving_[live] = table.refs[i];
    live += table.refs[i] > kRemoved;
  }
  moving_.resize(live);
}

void Index::Fill(const uint64_t* refs, size_t count, Table* table) {
  DCHECK_EQ(table->used, 0u);
  filled_.assign(table->bucket_count, 0);
  for (size_t i = 0; i < count; ++i) {
    uint32_t bucket = HomeOf(*table, TagOfRef(refs[i]));
    while (filled_[bucket] == kRefsPerBucket) {
      if (++bucket == table->bucket_count) bucket = 0;
    }
    table->refs[bucket * kRefsPerBucket + filled_[bucket]++] = refs[i];
  }
  table->used = table->live = static_cast<uint32_t>(count);
}

void Index::Grow(Slot* slot, Table* table, uint32_t tag) {
  const uint32_t bucket_count = GrownBuckets(*table);
  Collect(*table);
  if (table->mapped() && bucket_count <= kBucketsMax) return GrowInPlace(bucket_count, table);
  Table* grown = NewTable(bucket_count, table->depth);
  Fill(moving_.data(), moving_.size(), grown);
  Enter(slot, tag, grown);
  DeleteTable(table);
}

void Index::GrowInPlace(uint32_t bucket_count, Table* table) {
  std::fill_n(table->refs, table->bucket_count * kRefsPerBucket, kEmpty);
  memory_bytes_ += TableBytes(bucket_count) - TableBytes(table->bucket_count);
  table->bucket_count = bucket_count;
  table->used = table->live = 0;
  Fill(moving_.data(), moving_.size(), table);
}

void Index::Split(Slot* slot, Table* table, uint32_t tag) {
  if (table->depth == slot->depth) {
    Directory doubled(slot->directory.size() * 2);
    for (size_t i = 0; i < doubled.size(); ++i) doubled[i] = slot->directory[i / 2];
    memory_bytes_ += slot->directory.size() * sizeof(Table*);
    slot->directory = std::move(doubled);
    ++slot->depth;
  }
  const uint32_t depth = table->depth + 1;
  const uint32_t bit = 1u << (kTagBits - depth);
  Collect(*table);
  const auto middle = std::stable_partition(
      moving_.begin(), moving_.end(), [bit](uint64_t ref) { return (TagOfRef(ref) & bit) == 0; });
  const uint32_t lower = static_cast<uint32_t>(middle - moving_.begin());
  const uint32_t upper = static_cast<uint32_t>(moving_.end() - middle);
  const std::array<Table*, 2> halves = {NewTable(BucketsFor(lower), depth),
                                        NewTable(BucketsFor(upper), depth)};
  Fill(moving_.data(), lower, halves[0]);
  Fill(moving_.data() + lower, upper, halves[1]);
  Enter(slot, tag & ~bit, halves[0]);
  Enter(slot, tag | bit, halves[1]);
  DeleteTable(table);
}

uint64_t* Index::FindRef(const Table& table, uint64_t ref) {
  uint32_t bucket = HomeOf(table, TagOfRef(ref));
  for (uint32_t probes = 0; probes < table.bucket_count; ++probes) {
    uint64_t* refs = table.refs + bucket * kRefsPerBucket;
    uint64_t* found = std::find(refs, refs + kRefsPerBucket, ref);
    if (found != refs + kRefsPerBucket) return found;
    if (++bucket == table.bucket_count) bucket = 0;
  }
  CHECK(false);
  return nullptr;
}

void Index::Replace(uint64_t hash, Location from, Location to) {
  *FindRef(*TableOf(hash), RefOf(hash, from)) = RefOf(hash, to);
}

void Index::Erase(uint64_t hash, Location location) {
  Table* table = TableOf(hash);
  CHECK(table != nullptr);
  uint64_t* found = FindRef(*table, RefOf(hash, location));
  --table->live;
  uint64_t* refs = table->refs + (found - table->refs) / kRefsPerBucket * kRefsPerBucket;
  uint64_t* last = refs + kRefsPerBucket - 1;
  if (*last != kEmpty) {
    *found = kRemoved;
    return;
  }
  while (*last == kEmpty) --last;
  *found = *last;
  *last = kEmpty;
  --table->used;
}

void Index::DropSlot(uint32_t slot) {
  if (slots_[slot].directory.empty()) return;
  dropped_.push_back(std::move(slots_[slot].directory));
  slots_[slot] = Slot();
}

bool Index::FreeDropped(size_t tables_max) {
  for (size_t freed = 0; freed < tables_max && !dropped_.empty(); ++freed) {
    Directory& directory = dropped_.back();
    Table* table = directory.back();
    DeleteTable(table);
    while (!directory.empty() && directory.back() == table) {
      directory.pop_back();
      memory_bytes_ -= sizeof(Table*);
    }
    if (directory.empty()) dropped_.pop_back();
  }
  return !dropped_.empty();
}

void Index::Clear() {
  for (uint32_t slot = 0; slot < kSlotCount; ++slot) DropSlot(slot);
  while (FreeDropped(kSlotCount)) continue;
}

}  // namespace twincached
