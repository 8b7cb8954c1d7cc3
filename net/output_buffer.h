// The bytes of one output stream that are appended and not yet written, and where in the stream
// they are.
//
// They are a chain: bytes of its own, and between them pieces that are somebody else's and are kept
// where they are. What it is not: a socket. Owned by one connection; spare strings come from and
// return to the loop's BufferCache.
//
// Invariants:
// 1. written() <= appended(); both only grow.
// 2. With nothing unwritten, and after ReleaseIfEmpty(), no storage is held.
// 3. A borrowed piece is let go as soon as it is written, or *this is destroyed.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

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
  // Appends bytes without copying them; they stay where and what they are while `owner` lives.
  void Borrow(absl::string_view bytes, std::shared_ptr<const void> owner);

  uint64_t appended() const { return base_ + text_.size() + borrowed_bytes_; }
  uint64_t written() const { return base_ + head_; }
  bool empty() const { return head_ == text_.size() && borrowed_bytes_ == 0; }
  bool has_borrowed() const { return borrowed_bytes_ > 0; }

  // Unwritten bytes before stream offset `limit`.
  size_t UnwrittenBytes(uint64_t limit) const {
    const uint64_t end = limit < appended() ? limit : appended();
    return end > written() ? end - written() : 0;
  }
  // These bytes, in one piece. Valid until the next append or MarkWritten().
  // REQUIRES: !has_borrowed().
  absl::string_view Unwritten(uint64_t limit) const;
  // The first of them, in pieces_max pieces at most; how many. Valid as long.
  size_t Gather(uint64_t limit, iovec* pieces, size_t pieces_max) const;
  // REQUIRES: no more than are unwritten.
  void MarkWritten(size_t bytes);
  void ReleaseIfEmpty();

 private:
  struct Piece {
    size_t place;  // before text_[place]
    absl::string_view unwritten;
    std::shared_ptr<const void> owner;
  };

  void MarkTextWritten(size_t bytes);
  void MarkPieceWritten(size_t bytes);
  void CutWritten();
  void Release();

  BufferCache* const cache_;  // borrowed: outlives every connection of the loop
  std::string text_;
  size_t head_ = 0;    // bytes at the front of text_ that are written
  uint64_t base_ = 0;  // stream offset of text_[0], as if what is written of pieces stood before it
  uint64_t borrowed_bytes_ = 0;  // unwritten, of all pieces
  std::vector<Piece> pieces_;
  size_t first_piece_ = 0;  // those before it are written
};

}  // namespace twincached::net
