// A connection whose poller receives and sends: io_uring's.
//
// Receiving is asked for whenever the connection may read, and goes on until it is stopped. What
// comes when the connection is paused, pinned or full is set aside here, and receiving is stopped
// as soon as that is a whole buffer; it begins again when all of it has been delivered. Input that
// filled a buffer is followed by a direct read; a value of which more is missing than one buffer
// holds is read when the socket is readable, into the place where it is wanted. So is what follows
// it, and what follows several buffers at once, until it has been small kDirectReads times.
//
// Invariants:
// 1. A direct read comes when everything received is in input_: the bytes would change places.
// 2. With something set aside waiting_for_input_ is false, and the connection is in the ready list
//    as soon as it may read.
#pragma once

#include <string>

#include "net/completions.h"
#include "net/stream_connection.h"

namespace twincached::net {

// More than this is written by Flush() and FlushSoon() alike: copying it takes longer than a system
// call, and an owner that watches written() is not misled by much.
inline constexpr size_t kSendSoonBytesMax = 64u << 10;
// So many bytes at once are worth a system call: read directly, they are not copied twice.
inline constexpr size_t kBulkBytesMin = 4 * kReceiveBytesMax;
// A client with large values also sends small requests: going to and fro costs more than to read
// those directly too.
inline constexpr int kDirectReads = 16;

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
  void OnReceived(int result, const char* data, bool more) override;
  void OnHangUp() override { hung_up_ = true; }
  void FinishReceiving() override;
  void DeliverReceived() override;
  absl::string_view BeginSend() override;
  void EndSend(int result) override;

  size_t AsideBytes() const { return aside_.size() - aside_taken_; }
  bool HasAside() const { return !aside_.empty() || end_aside_ != kNoEnd; }
  void SetAside(int result, const char* data);
  void TakeAside();
  void Append(const char* data, size_t bytes);
  bool WantsDirectRead() const;
  void SendNow();

  static constexpr int kNoEnd = -1;

  Completions* const completions_;  // borrowed: the poller's
  const StreamId stream_;
  bool receiving_ = false;  // asked for
  bool filled_ = false;     // a whole buffer: there may be more
  size_t received_ = 0;     // in this Wait()
  int direct_reads_ = 0;    // so many more small ones before the poller receives again
  bool hung_up_ = false;    // told in this Wait(): there may be more, and the end is there
  bool send_soon_ = false;  // asked for
  size_t lent_bytes_ = 0;   // to the kernel, from BeginSend() to EndSend()
  std::string aside_;       // received while it could not be delivered
  size_t aside_taken_ = 0;  // of it
  int end_aside_ = kNoEnd;  // the same for the end: 0 or an errno
};

}  // namespace twincached::net
