// The bytes that were received and not yet consumed, contiguous.
//
// What it is not: a socket; somebody else reads into what Prepare() offers. Owned by one
// connection; storage comes from and returns to the loop's BufferCache.
//
// Invariants:
// 1. Only Prepare() and Trim() move bytes or give storage back; Consume() and Commit() leave every
//    view valid.
// 2. After Trim() an empty buffer holds no storage, and one that grew for a large value holds at
//    most a large buffer, unless more bytes than that are unconsumed.
#pragma once

#include <cstddef>

#include "absl/strings/string_view.h"
#include "net/buffer_cache.h"

namespace twincached::net {

class InputBuffer {
 public:
  explicit InputBuffer(BufferCache* cache) : cache_(cache) {}
  ~InputBuffer();
  InputBuffer(const InputBuffer&) = delete;
  InputBuffer& operator=(const InputBuffer&) = delete;

  absl::string_view view() const { return {buffer_.data + begin_, end_ - begin_}; }
  size_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }
  size_t capacity() const { return buffer_.capacity; }

  // Free space behind the unconsumed bytes, at least one byte. Storage grows at once to `wanted`
  // bytes in all, so a large value is moved once at most.
  struct Space {
    char* data;
    size_t bytes;
  };
  Space Prepare(size_t wanted);
  // `bytes` of the space last prepared have been filled. REQUIRES: no more than it had.
  void Commit(size_t bytes);

  // REQUIRES: bytes <= size().
  void Consume(size_t bytes);
  void Trim();

 private:
  size_t CapacityFor(size_t wanted) const;
  void MoveTo(size_t capacity);
  void Release();

  BufferCache* const cache_;  // borrowed: outlives every connection of the loop
  Buffer buffer_;
  size_t begin_ = 0;
  size_t end_ = 0;
  bool filled_ =
      false;  // the last read took all that was offered: the next one gets a large buffer
};

}  // namespace twincached::net
