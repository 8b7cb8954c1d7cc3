// The bytes of one output stream that are appended and not yet written, and where in the stream
// they are.
//
// What it is not: a socket. Owned by one connection; spare strings come from and return to the
// loop's BufferCache.
//
// Invariants:
// 1. written() <= appended(); both only grow.
// 2. With nothing unwritten, and after ReleaseIfEmpty(), no storage is held.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "net/buffer_cache.h"

namespace twincached::net {

class OutputBuffer {
 public:
  explicit OutputBuffer(BufferCache* cache) : cache_(cache) {}
  ~OutputBuffer() { Release(); }
  OutputBuffer(const OutputBuffer&) = delete;
  OutputBuffer& operator=(const OutputBuffer&) = delete;

  // Where bytes are appended. The pointer is good for the life of *this.
  std::string* text();

  uint64_t appended() const { return base_ + text_.size(); }
  uint64_t written() const { return base_ + head_; }
  bool empty() const { return head_ == text_.size(); }

  // Unwritten bytes before stream offset `limit`. Valid until the next append or MarkWritten().
  absl::string_view Unwritten(uint64_t limit) const;
  // REQUIRES: no more than are unwritten.
  void MarkWritten(size_t bytes);
  void ReleaseIfEmpty();

 private:
  void Release();

  BufferCache* const cache_;  // borrowed: outlives every connection of the loop
  std::string text_;
  size_t head_ = 0;    // bytes at the front of text_ that are written
  uint64_t base_ = 0;  // stream offset of text_[0]
};

}  // namespace twincached::net
