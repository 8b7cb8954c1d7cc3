// One connected stream socket with its input and output buffers.
//
// Owned by whoever adopted it (LISTENER or LINK); lives on that one core; the loop outlives it.
// Bytes read are in input() until consumed; bytes appended to output(), or borrowed behind it,
// leave in Flush(), with one system call (more for many borrowed pieces), or soon after
// FlushSoon(). Reading stops by itself while the input holds max(kReadBytesPerIteration, wanted)
// bytes, so an owner that stops consuming stops the client.
//
// Invariants:
// 1. Views of input() stay valid until the next Consume(), return to Poll(), or destruction; a
//    pinned input (PinInput/UnpinInput) is neither moved nor read into nor given up, so views of it
//    live across iterations and Consume().
// 2. Never sends a byte beyond send_limit().
// 3. Memory: an idle connection with empty buffers holds no buffer storage at all. Input storage is
//    at most max(kReadBytesPerIteration, wanted) rounded up to a size of net/buffer_cache.h, and
//    with io_uring what was received but could not be delivered (kHeldBytesMax for all of a loop);
//    output is bounded by its owner.
// 4. While reading is paused or the input pinned there is no OnInput and no OnClosed; they come
//    after ResumeReading() or UnpinInput(). So an owner that paused must resume at some time to
//    learn of the end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"

namespace twincached::net {

class Connection;

enum class CloseReason : uint8_t { kEndOfStream, kReset, kError };

class ConnectionHandler {
 public:
  virtual ~ConnectionHandler() = default;
  // New bytes are in connection.input(). Not called while reading is paused or the input is pinned.
  virtual void OnInput(Connection& connection) = 0;
  // The peer closed or broke the stream. Input that came before it has been delivered by OnInput,
  // also what is less than wanted. Called once; the handler destroys the connection, now or later.
  // After kEndOfStream what is flushed is still sent, and OnDrained called: a client may half-close
  // and wait for its replies. There are no other callbacks any more.
  virtual void OnClosed(Connection& connection, CloseReason reason) = 0;
  // Everything appended (up to the send limit) has been written after an earlier Flush() could not
  // write it all; or thrown away, the peer having broken the stream: OnClosed follows when the
  // input is read to its end.
  virtual void OnDrained(Connection& connection) = 0;
};

// Read in one iteration instead of kReadBytesPerIteration, where so much of what is wanted is still
// to come: fewer reads for a large value.
inline constexpr size_t kValueBytesPerIteration = 256u << 10;

inline constexpr uint64_t kNoSendLimit = UINT64_MAX;

class Connection {
 public:
  // Closes the socket. What FlushSoon() promised is tried once more; other unsent output is lost.
  virtual ~Connection() = default;

  // ---- Input ----
  virtual absl::string_view input() const = 0;
  virtual void Consume(size_t bytes) = 0;
  // No OnInput before input() has at least this many bytes (end of stream excepted). Reset to 1 by
  // Consume().
  virtual void SetInputWanted(size_t bytes) = 0;
  virtual void PauseReading() = 0;
  // Input already there is delivered (again) in the next Poll(), which does not sleep. Also without
  // a pause before: this is how an owner that stopped in the middle asks to be called once more.
  virtual void ResumeReading() = 0;
  // No reading until UnpinInput(). Pins nest. UnpinInput() delivers nothing that was delivered
  // before.
  virtual void PinInput() = 0;
  virtual void UnpinInput() = 0;

  // ---- Output ----
  // Append here, then Flush(). Do not remove bytes. The pointer is good until the next Flush(); ask
  // again then.
  virtual std::string* output() = 0;
  // Appends bytes that are sent from where they are. They stay as they are while `owner` lives; it
  // is let go when they are written or thrown away, or the connection goes.
  virtual void Borrow(absl::string_view bytes, std::shared_ptr<const void> owner) = 0;
  // Total bytes ever appended and ever written (or thrown away after a break), as offsets in the
  // output stream.
  virtual uint64_t appended() const = 0;
  virtual uint64_t written() const = 0;
  // Bytes at or beyond this stream offset are held back. kNoSendLimit: none.
  virtual void set_send_limit(uint64_t stream_offset) = 0;
  // Writes what may be written; the rest goes out as the socket drains.
  virtual void Flush() = 0;
  // As Flush(), but the poller may write it, together with what others have to write, at the begin
  // of the next Poll(): true. The send limit of that moment counts. For whoever need not know here
  // how much went out: OnDrained comes only if it could not all be written. Much output, or
  // borrowed, is written at once: false.
  virtual bool FlushSoon() = 0;

  // ---- Ends ----
  // Half-closes once all output is written; the handler's OnClosed comes when the peer closes too.
  virtual void Shutdown() = 0;
  virtual void Reset() = 0;    // RST now (linger 0); no more callbacks, input() stays
  virtual int fd() const = 0;  // -1 after Reset()

  // For the owner: which of its connections this is.
  void* owner_data = nullptr;
};

}  // namespace twincached::net
