#include "actors/open_batches.h"

#include "proto/check.h"

namespace twincached {

void OpenBatches::Add(uint64_t position, uint32_t shard, uint64_t seq, int64_t now_ms) {
  DCHECK(batches_.empty() || batches_.back().position < position);
  if (batches_.empty()) progress_ms_ = now_ms;
  batches_.push_back({position, seq, shard});
}

bool OpenBatches::Acknowledge(uint64_t position, int64_t now_ms) {
  if (batches_.empty() || batches_.front().position > position) return false;
  while (!batches_.empty() && batches_.front().position <= position) {
    Skip(batches_.front().shard, batches_.front().seq);
    batches_.pop_front();
  }
  progress_ms_ = now_ms;
  return true;
}

void OpenBatches::SkipAll() {
  for (const Batch& batch : batches_) Skip(batch.shard, batch.seq);
  batches_.clear();
}

}  // namespace twincached
