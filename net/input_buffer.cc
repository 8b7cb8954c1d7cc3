#include "net/input_buffer.h"

#include <algorithm>
#include <cstring>

#include "proto/check.h"

namespace twincached::net {
namespace {

// Less free space than this behind the bytes, and they are moved to the front before the next read.
constexpr size_t kSpaceBytesMin = kSmallBufferBytes / 4;

}  // namespace

InputBuffer::~InputBuffer() { Release(); }

size_t InputBuffer::CapacityFor(size_t wanted) const {
  size_t bytes = std::max(wanted, size() + 1);
  if (filled_ || bytes > kSmallBufferBytes) bytes = std::max(bytes, kLargeBufferBytes);
  return std::max(bytes, kSmallBufferBytes);
}

InputBuffer::Space InputBuffer::Prepare(size_t wanted) {
  const size_t capacity = CapacityFor(wanted);
  if (buffer_.capacity < capacity) {
    MoveTo(capacity);
  } else if (begin_ > 0 &&
             (buffer_.capacity - begin_ < wanted || buffer_.capacity - end_ < kSpaceBytesMin)) {
    std::memmove(buffer_.data, buffer_.data + begin_, size());
    end_ -= begin_;
    begin_ = 0;
  }
  DCHECK_LT(end_, buffer_.capacity);
  return {buffer_.data + end_, buffer_.capacity - end_};
}

void InputBuffer::Commit(size_t bytes) {
  const size_t space = buffer_.capacity - end_;
  CHECK_LE(bytes, space);
  if (bytes == space) {
    filled_ = true;
  } else if (bytes < kSpaceBytesMin) {
    filled_ = false;
  }
  end_ += bytes;
}

void InputBuffer::Consume(size_t bytes) {
  CHECK_LE(bytes, size());
  begin_ += bytes;
}

void InputBuffer::Trim() {
  if (empty()) {
    Release();
  } else if (buffer_.capacity > kLargeBufferBytes && size() <= kSmallBufferBytes) {
    MoveTo(kSmallBufferBytes);
  } else if (buffer_.capacity > kLargeBufferBytes && size() <= kLargeBufferBytes) {
    MoveTo(kLargeBufferBytes);
  }
}

void InputBuffer::MoveTo(size_t capacity) {
  const Buffer fresh = cache_->Take(capacity);
  const size_t bytes = size();
  if (bytes > 0) std::memcpy(fresh.data, buffer_.data + begin_, bytes);
  Release();
  buffer_ = fresh;
  end_ = bytes;
}

void InputBuffer::Release() {
  if (buffer_.data != nullptr) cache_->Return(buffer_);
  buffer_ = Buffer();
  begin_ = end_ = 0;
}

}  // namespace twincached::net
