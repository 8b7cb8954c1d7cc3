// Takes back the room of expired items that nobody asks for.
//
// What it is: a walk over those segments in which something has expired, a few items at a time.
// What it is not: what makes expiry exact; every read checks that by itself. Owned by a shard; used
// while it decides. Bounds: a segment is walked at most once in kPauseMs, so that many different
// expiries cost little.
#pragma once

#include <cstdint>

#include "storage/item_store.h"
#include "storage/remover.h"
#include "storage/shard_call.h"

namespace twincached {

class ExpiryCrawler {
 public:
  ExpiryCrawler(ItemStore* store, Remover* remover) : store_(store), remover_(remover) {}

  // Looks at up to items_max items; one with pages of its own that goes counts for more. REQUIRES:
  // call.deciding().
  void Crawl(size_t items_max, const ShardCall& call);
  // When to crawl again, kNever when nothing has an expiry. May be in the past: there is work left.
  int64_t due_ms() const;

 private:
  static constexpr int64_t kPauseMs = 10'000;

  // Starts on a segment that is due; false when there is none.
  bool Begin(int64_t now_ms);
  bool InProgress() const;
  void Finish(int64_t now_ms);
  // What it has cost, in items.
  size_t Look(const ShardCall& call);

  ItemStore* const store_;
  Remover* const remover_;
  uint32_t segment_ = kNoSegment;
  uint32_t next_segment_ = 0;  // where the next search begins
  uint32_t offset_ = 0;
  uint64_t opened_sequence_ = 0;  // of segment_ when its walk began: it may be freed and used anew
  int64_t earliest_ms_ = kNoCrawl;  // of the items that the walk has left
};

}  // namespace twincached
