// A connection whose poller receives and sends: io_uring's.
//
// A receive is asked for whenever the connection may read, so an idle one has one under way and a
// paused, pinned or full one has none, but for what was under way when it was paused: that is set
// aside here, kReceiveBytesMax at most, until it may be delivered. A receive that fills its buffer
// is followed by a direct read, and a value of which more is missing than one buffer holds is read
// when the socket is readable, into the place where it is wanted. Never both at once: the bytes
// would change places.
#pragma once

#include <string>

#include "net/completions.h"
#include "net/stream_connection.h"

namespace twincached::net {

// More than this is written by Flush() and FlushSoon() alike: copying it takes longer than a system
// call, and an owner that watches written() is not misled by much.
inline constexpr size_t kSendSoonBytesMax = 64u << 10;

class RingConnection final : public StreamConnection, private StreamTarget {
 public:
  RingConnection(int fd, ConnectionHandler* handler, ConnectionContext* context);
  ~RingConnection() override;

  bool FlushSoon() override;
  void Reset() override;

 private:
  // StreamConnection
  void WaitForInput() override;
  void OnDue() override;
  void OnReady(uint32_t events) override;
  void Detach() override;
  bool StaysRegistered() const override { return false; }

  // StreamTarget
  bool MayReceive() override;
  void OnReceived(int result, const char* data) override;
  absl::string_view BeginSend() override;
  void EndSend(int result) override;

  bool HasAside() const { return !aside_.empty() || end_aside_ != kNoEnd; }
  void SetAside(int result, const char* data);
  void TakeAside();
  void WaitAgain();
  void Append(const char* data, size_t bytes);
  bool WantsDirectRead() const;
  void SendNow();

  static constexpr int kNoEnd = -1;

  Completions* const completions_;  // borrowed: the poller's
  const StreamId stream_;
  bool receiving_ = false;  // asked for
  bool send_soon_ = false;  // asked for
  size_t lent_bytes_ = 0;   // to the kernel, from BeginSend() to EndSend()
  std::string aside_;       // received while it could not be delivered
  int end_aside_ = kNoEnd;  // the same for the end: 0 or an errno
};

}  // namespace twincached::net
