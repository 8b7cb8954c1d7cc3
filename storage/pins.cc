#include "storage/pins.h"

#include <algorithm>
#include <utility>

#include "proto/check.h"

namespace twincached {

struct Pins::Range {
  explicit Range(const MemoryRange& the_memory) : memory(the_memory) {}
  ~Range() {
    if (disowned_bytes == nullptr) return;
    UnmapPages(memory.begin, memory.bytes);
    disowned_bytes->fetch_sub(memory.bytes, std::memory_order_relaxed);
  }
  bool held() const { return readers.load(std::memory_order_acquire) > 0; }

  const MemoryRange memory;
  std::atomic<uint32_t> readers{0};
  bool returning = false;
  std::shared_ptr<std::atomic<size_t>> disowned_bytes;  // set: nobody else unmaps it
};

// What a reader did comes before what the owner does when it sees that nobody reads.
class Pins::Reader {
 public:
  explicit Reader(std::shared_ptr<Range> range) : range_(std::move(range)) {
    range_->readers.fetch_add(1, std::memory_order_relaxed);
  }
  ~Reader() { range_->readers.fetch_sub(1, std::memory_order_release); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

 private:
  const std::shared_ptr<Range> range_;
};

Pins::Pins() : disowned_bytes_(std::make_shared<std::atomic<size_t>>(0)) {}

Pins::Range* Pins::Find(const char* begin) const {
  for (const std::shared_ptr<Range>& range : ranges_) {
    if (range->memory.begin == begin) return range.get();
  }
  return nullptr;
}

// Ranges that nobody holds, nor waits for.
void Pins::Forget() {
  const auto end = std::remove_if(ranges_.begin(), ranges_.end(), [this](const auto& range) {
    if (range->returning || range->held()) return false;
    bytes_ -= range->memory.bytes;
    return true;
  });
  ranges_.erase(end, ranges_.end());
}

Pin Pins::Take(const MemoryRange& memory, size_t bytes_max) {
  const auto known = std::find_if(ranges_.begin(), ranges_.end(), [&memory](const auto& range) {
    return range->memory.begin == memory.begin;
  });
  if (known != ranges_.end()) {
    DCHECK(!(*known)->returning);
    return std::make_shared<Reader>(*known);
  }
  Forget();
  const size_t disowned_bytes = disowned_bytes_->load(std::memory_order_relaxed);
  if (ranges_.size() >= kRangesMax) return nullptr;
  if (bytes_ + disowned_bytes + memory.bytes > bytes_max) return nullptr;
  ranges_.push_back(std::make_shared<Range>(memory));
  bytes_ += memory.bytes;
  return std::make_shared<Reader>(ranges_.back());
}

bool Pins::Holds(const char* begin) const {
  const Range* range = Find(begin);
  return range != nullptr && range->held();
}

bool Pins::ReturnLater(const char* begin) {
  Range* range = Find(begin);
  if (range == nullptr) return false;
  if (range->held()) {
    range->returning = true;
    ++returning_;
    return true;
  }
  // Its addresses may be another range's next.
  Forget();
  return false;
}

MemoryRange Pins::TakeReturned() {
  if (returning_ == 0) return {};
  for (const std::shared_ptr<Range>& range : ranges_) {
    if (!range->returning || range->held()) continue;
    const MemoryRange memory = range->memory;
    range->returning = false;
    --returning_;
    Forget();
    return memory;
  }
  return {};
}

std::vector<MemoryRange> Pins::Disown() {
  std::vector<MemoryRange> held;
  for (const std::shared_ptr<Range>& range : ranges_) {
    if (!range->held()) continue;
    held.push_back(range->memory);
    disowned_bytes_->fetch_add(range->memory.bytes, std::memory_order_relaxed);
    range->disowned_bytes = disowned_bytes_;
  }
  ranges_.clear();
  bytes_ = returning_ = 0;
  return held;
}

}  // namespace twincached
