#include "net/buffer_cache.h"

#include <sanitizer/asan_interface.h>

#include <utility>

#include "proto/check.h"

namespace twincached::net {
namespace {

char* TakeFrom(std::vector<char*>& spare, size_t bytes) {
  if (spare.empty()) return new char[bytes];
  char* data = spare.back();
  spare.pop_back();
  ASAN_UNPOISON_MEMORY_REGION(data, bytes);
  return data;
}

bool KeepIn(std::vector<char*>& spare, const Buffer& buffer, size_t kept_max) {
  if (spare.size() >= kept_max) return false;
  ASAN_POISON_MEMORY_REGION(buffer.data, buffer.capacity);
  spare.push_back(buffer.data);
  return true;
}

void FreeAll(const std::vector<char*>& spare, size_t bytes) {
  for (char* data : spare) {
    ASAN_UNPOISON_MEMORY_REGION(data, bytes);
    delete[] data;
  }
}

}  // namespace

BufferCache::~BufferCache() {
  FreeAll(small_, kSmallBufferBytes);
  FreeAll(large_, kLargeBufferBytes);
  for (const Buffer& buffer : huge_) FreeAll({buffer.data}, buffer.capacity);
}

Buffer BufferCache::Take(size_t bytes_min) {
  if (bytes_min <= kSmallBufferBytes)
    return {TakeFrom(small_, kSmallBufferBytes), kSmallBufferBytes};
  if (bytes_min <= kLargeBufferBytes)
    return {TakeFrom(large_, kLargeBufferBytes), kLargeBufferBytes};
  return TakeHuge(bytes_min);
}

// The one returned last that suits.
Buffer BufferCache::TakeHuge(size_t bytes_min) {
  for (size_t i = huge_.size(); i-- > 0;) {
    const Buffer buffer = huge_[i];
    if (buffer.capacity < bytes_min || buffer.capacity / 2 > bytes_min) continue;
    huge_.erase(huge_.begin() + static_cast<std::ptrdiff_t>(i));
    huge_bytes_ -= buffer.capacity;
    ASAN_UNPOISON_MEMORY_REGION(buffer.data, buffer.capacity);
    return buffer;
  }
  const size_t steps = (bytes_min + kHugeBufferStepBytes - 1) / kHugeBufferStepBytes;
  const size_t bytes = steps * kHugeBufferStepBytes;
  return {new char[bytes], bytes};
}

void BufferCache::Return(Buffer buffer) {
  DCHECK(buffer.data != nullptr);
  if (buffer.capacity == kSmallBufferBytes && KeepIn(small_, buffer, kSmallBuffersKept)) return;
  if (buffer.capacity == kLargeBufferBytes && KeepIn(large_, buffer, kLargeBuffersKept)) return;
  if (buffer.capacity <= kLargeBufferBytes || buffer.capacity > kHugeBytesKept) {
    delete[] buffer.data;
    return;
  }
  // The oldest may be of sizes that are out of use.
  while (huge_bytes_ + buffer.capacity > kHugeBytesKept) {
    FreeAll({huge_.front().data}, huge_.front().capacity);
    huge_bytes_ -= huge_.front().capacity;
    huge_.erase(huge_.begin());
  }
  ASAN_POISON_MEMORY_REGION(buffer.data, buffer.capacity);
  huge_.push_back(buffer);
  huge_bytes_ += buffer.capacity;
}

std::string BufferCache::TakeString() {
  if (strings_.empty()) return std::string();
  std::string text = std::move(strings_.back());
  strings_.pop_back();
  string_bytes_ -= text.capacity();
  return text;
}

void BufferCache::ReturnString(std::string text) {
  const size_t bytes = text.capacity();
  if (strings_.size() >= kStringsKept || bytes > kStringBytesKept) return;
  if (string_bytes_ + bytes > kStringBytesKeptInAll) return;
  string_bytes_ += bytes;
  text.clear();
  strings_.push_back(std::move(text));
}

}  // namespace twincached::net
