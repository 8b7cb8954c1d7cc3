#include "net/output_buffer.h"

#include <algorithm>
#include <utility>

#include "proto/check.h"

namespace twincached::net {
namespace {

// A string with no more capacity than this holds its bytes in itself.
constexpr size_t kInlineBytes = 15;
// Written bytes are cut off when they are at least this many and the larger part: each byte is
// moved once on average.
constexpr size_t kCutBytesMin = 64u << 10;

}  // namespace

std::string* OutputBuffer::text() {
  if (text_.empty() && text_.capacity() <= kInlineBytes) text_ = cache_->TakeString();
  return &text_;
}

absl::string_view OutputBuffer::Unwritten(uint64_t limit) const {
  const uint64_t end = std::min(limit, appended());
  if (end <= written()) return {};
  return absl::string_view(text_.data() + head_, end - written());
}

void OutputBuffer::MarkWritten(size_t bytes) {
  CHECK_LE(bytes, text_.size() - head_);
  head_ += bytes;
  if (head_ == text_.size()) {
    Release();
  } else if (head_ >= kCutBytesMin && head_ > text_.size() / 2) {
    text_.erase(0, head_);
    base_ += head_;
    head_ = 0;
  }
}

void OutputBuffer::ReleaseIfEmpty() {
  if (text_.empty()) Release();
}

void OutputBuffer::Release() {
  base_ += text_.size();
  head_ = 0;
  if (text_.capacity() <= kInlineBytes) {
    text_.clear();
    return;
  }
  cache_->ReturnString(std::move(text_));
  text_ = std::string();
}

}  // namespace twincached::net
