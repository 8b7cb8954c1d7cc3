// Spare input and output storage of one loop, so that an idle connection holds none and a busy one
// allocates nothing.
//
// What it is: stacks of char buffers (small for requests, large for streams, huge for large values)
// and one of strings. The most recently returned is handed out first: it is the one still in the
// processor's cache. Owned by the event loop; used by its connections only, on its thread. Bounds:
// kSmallBuffersKept, kLargeBuffersKept, kHugeBytesKept, kStringsKept and kStringBytesKeptInAll;
// what is returned beyond them is freed. Under AddressSanitizer the storage of a returned buffer is
// poisoned: a view that outlived it is reported.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "proto/limits.h"

namespace twincached::net {

// One request, or a pipeline of small ones.
inline constexpr size_t kSmallBufferBytes = 16u << 10;
// A connection that fills small ones: room for one read behind an incomplete frame of the same
// size.
inline constexpr size_t kLargeBufferBytes = 2 * kReadBytesPerIteration;
// All in use at once means so many connections with a request in the same iteration: 4 MiB, of
// which touched pages count.
inline constexpr size_t kSmallBuffersKept = 256;
inline constexpr size_t kLargeBuffersKept = 8;
// Larger ones come in multiples of this, so that one serves values of about the same size; those
// kept have so many bytes together. Without them each large value would fault its pages in anew.
inline constexpr size_t kHugeBufferStepBytes = 64u << 10;
inline constexpr size_t kHugeBytesKept = 2u << 20;
inline constexpr size_t kStringsKept = 256;
// A string that grew beyond this for a large reply is freed rather than kept.
inline constexpr size_t kStringBytesKept = 256u << 10;
// All spare strings together.
inline constexpr size_t kStringBytesKeptInAll = 4u << 20;

struct Buffer {
  char* data = nullptr;
  size_t capacity = 0;
};

class BufferCache {
 public:
  BufferCache() = default;
  ~BufferCache();
  BufferCache(const BufferCache&) = delete;
  BufferCache& operator=(const BufferCache&) = delete;

  // A buffer of at least bytes_min, contents undefined. It is rounded up to the small or large
  // size, or is a huge one, at most twice as large.
  Buffer Take(size_t bytes_min);
  void Return(Buffer buffer);

  // An empty string, with capacity if there is a spare one.
  std::string TakeString();
  void ReturnString(std::string text);

 private:
  Buffer TakeHuge(size_t bytes_min);
  std::vector<char*> small_;
  std::vector<char*> large_;
  std::vector<Buffer> huge_;
  std::vector<std::string> strings_;
  size_t string_bytes_ = 0;  // capacity of strings_
  size_t huge_bytes_ = 0;    // of huge_
};

}  // namespace twincached::net
