// What a poller offers that does input and output itself, instead of telling when they are
// possible: io_uring.
//
// One stream is one connected socket and the StreamTarget behind it. Implemented by such a poller,
// used by the connections of its loop only, on its thread. A stream's bytes come in a buffer of the
// poller, lent during OnReceived(); its output is lent to the kernel inside one system call.
//
// Invariants:
// 1. No call reaches a target after Close(), also in the running Wait(): a late completion is
//    recognised by the generation of its stream, not by its descriptor.
// 2. Receiving begins only if the target still wants it when the kernel is asked, and can bring as
//    much as all receive buffers hold before StopReceiving() takes effect. Buffers are given back
//    at once: what may not be delivered is the target's to keep, and CountHeld() sees to it that
//    all of that together is bounded (kHeldBytesMax): beyond it, a Receive() brings one buffer.
// 3. Output is read by the kernel only between BeginSend() and EndSend(), which are called in one
//    Wait() or SendAll(), and no target is told anything in between.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace twincached::net {

// A small pipeline; what fills it is followed by a direct read. Larger ones would be touched in
// turn, and pass through the processor's cache for requests of 100 bytes.
inline constexpr size_t kReceiveBytesMax = 4u << 10;

// What all connections of a loop keep because they may not deliver it; one that floods fills this
// once. Beyond it each of them gets no more than a buffer.
inline constexpr ptrdiff_t kHeldBytesMax = 4 << 20;

class StreamTarget {
 public:
  virtual ~StreamTarget() = default;

  // Asked just before the kernel is. False: the request is dropped, ask again later.
  virtual bool MayReceive() = 0;
  // `result` bytes at `data`, valid during the call; 0 the end, negative an errno. `more`:
  // receiving goes on. Calls no handler, nor does FinishReceiving(), which follows when all that
  // has come has been told to all; then comes DeliverReceived().
  virtual void OnReceived(int result, const char* data, bool more) = 0;
  // The peer sends no more than what has come and what its socket still holds. Calls no handler.
  virtual void OnHangUp() = 0;
  virtual void FinishReceiving() = 0;
  virtual void DeliverReceived() = 0;

  // What to send now; it stays as it is until EndSend(). Empty: nothing, and no EndSend().
  virtual absl::string_view BeginSend() = 0;
  // Bytes sent, or a negative errno. Calls no handler.
  virtual void EndSend(int result) = 0;
};

using StreamId = uint32_t;

class Completions {
 public:
  virtual ~Completions() = default;

  // The descriptor stays the caller's.
  virtual StreamId Open(int fd, StreamTarget* target) = 0;
  // Gives up what was asked for. When it returns, the kernel holds the socket no more: close() is
  // seen by the peer at once. One system call if a receive was under way. (When the loop's thread
  // has ended, it is an orderly end in any case.)
  virtual void Close(StreamId stream) = 0;

  // Begins to receive in the next Wait(). Nothing when it does already.
  virtual void Receive(StreamId stream) = 0;
  // From the next Wait() on. What then is to be received is asked by MayReceive().
  virtual void StopReceiving(StreamId stream) = 0;
  // A target keeps so many bytes more (or less) that may not be delivered.
  virtual void CountHeld(ptrdiff_t bytes) = 0;
  // BeginSend() at the begin of the next Wait(), without a system call of its own. Nothing when it
  // is asked for already.
  virtual void Send(StreamId stream) = 0;
  // What Send() asked for, now.
  virtual void SendAll() = 0;
};

}  // namespace twincached::net
