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
// The same for pieces.
constexpr size_t kCutPiecesMin = 64;

}  // namespace

std::string* OutputBuffer::text() {
  if (text_.empty() && text_.capacity() <= kInlineBytes) text_ = cache_->TakeString();
  return &text_;
}

void OutputBuffer::Borrow(absl::string_view bytes, std::shared_ptr<const void> owner) {
  if (bytes.empty()) return;
  pieces_.push_back({text_.size(), bytes, std::move(owner)});
  borrowed_bytes_ += bytes.size();
}

absl::string_view OutputBuffer::Unwritten(uint64_t limit) const {
  DCHECK(!has_borrowed());
  const size_t bytes = UnwrittenBytes(limit);
  if (bytes == 0) return {};
  return absl::string_view(text_.data() + head_, bytes);
}

size_t OutputBuffer::Gather(uint64_t limit, iovec* pieces, size_t pieces_max) const {
  size_t left = UnwrittenBytes(limit);
  size_t count = 0;
  size_t at = head_;
  for (size_t next = first_piece_; left > 0 && count < pieces_max; ++count) {
    const size_t end = next < pieces_.size() ? pieces_[next].place : text_.size();
    absl::string_view bytes(text_.data() + at, end - at);
    at = end;
    if (bytes.empty()) bytes = pieces_[next++].unwritten;
    bytes = bytes.substr(0, left);
    pieces[count] = {const_cast<char*>(bytes.data()), bytes.size()};
    left -= bytes.size();
  }
  return count;
}

void OutputBuffer::MarkWritten(size_t bytes) {
  CHECK_LE(bytes, text_.size() - head_ + borrowed_bytes_);
  while (borrowed_bytes_ > 0 && bytes > 0) {
    const Piece& piece = pieces_[first_piece_];
    const size_t before = piece.place - head_;
    const size_t part = std::min(bytes, before > 0 ? before : piece.unwritten.size());
    before > 0 ? MarkTextWritten(part) : MarkPieceWritten(part);
    bytes -= part;
  }
  MarkTextWritten(bytes);
  if (empty()) {
    Release();
  } else {
    CutWritten();
  }
}

void OutputBuffer::MarkTextWritten(size_t bytes) { head_ += bytes; }

void OutputBuffer::MarkPieceWritten(size_t bytes) {
  Piece& piece = pieces_[first_piece_];
  piece.unwritten.remove_prefix(bytes);
  base_ += bytes;
  borrowed_bytes_ -= bytes;
  if (!piece.unwritten.empty()) return;
  piece.owner.reset();
  ++first_piece_;
}

void OutputBuffer::CutWritten() {
  if (first_piece_ >= kCutPiecesMin && first_piece_ > pieces_.size() / 2) {
    pieces_.erase(pieces_.begin(), pieces_.begin() + static_cast<std::ptrdiff_t>(first_piece_));
    first_piece_ = 0;
  }
  if (head_ < kCutBytesMin || head_ <= text_.size() / 2) return;
  text_.erase(0, head_);
  for (size_t i = first_piece_; i < pieces_.size(); ++i) pieces_[i].place -= head_;
  base_ += head_;
  head_ = 0;
}

void OutputBuffer::ReleaseIfEmpty() {
  if (empty()) Release();
}

void OutputBuffer::Release() {
  base_ += text_.size();
  head_ = 0;
  if (!pieces_.empty()) pieces_ = {};
  first_piece_ = 0;
  borrowed_bytes_ = 0;
  if (text_.capacity() <= kInlineBytes) {
    text_.clear();
    return;
  }
  cache_->ReturnString(std::move(text_));
  text_ = std::string();
}

}  // namespace twincached::net
