// The connection over a non-blocking stream socket whose readiness a Poller reports.
//
// What it is not: public; net/connection.h is its contract. Owned by whoever adopted it; lives on
// its loop's thread.
//
// Invariants:
// 1. Steady state, a request read whole and answered whole: one recv, one send, no change of
//    interest, no allocation. So read interest is not dropped by pausing or pinning, only when an
//    event comes that may not be served.
// 2. Input that is due without a new event (undelivered_, or the end) and may be delivered is in
//    the ready list.
// 3. Once broken_, nothing is sent any more and unsent output counts as written, so that an owner
//    waiting for its output to drain goes on, reads the rest and learns of the end.
// 4. After ended_ the socket is registered only for output still blocked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "net/buffer_cache.h"
#include "net/connection.h"
#include "net/input_buffer.h"
#include "net/output_buffer.h"
#include "net/poller.h"
#include "net/ready_list.h"

namespace twincached::net {

// What the connections of one loop share. Owned by the loop; outlives them.
struct ConnectionContext {
  Poller* poller = nullptr;
  BufferCache buffers;
  ReadyList ready;
  size_t connections = 0;  // alive
};

class StreamConnection final : public Connection, private PollTarget, private ReadyNode {
 public:
  StreamConnection(int fd, ConnectionHandler* handler, ConnectionContext* context);
  ~StreamConnection() override;

  absl::string_view input() const override { return input_.view(); }
  void Consume(size_t bytes) override;
  void SetInputWanted(size_t bytes) override;
  void PauseReading() override { paused_ = true; }
  void ResumeReading() override;
  void PinInput() override { ++pins_; }
  void UnpinInput() override;

  std::string* output() override { return output_.text(); }
  uint64_t appended() const override { return output_.appended(); }
  uint64_t written() const override { return output_.written(); }
  void set_send_limit(uint64_t stream_offset) override { send_limit_ = stream_offset; }
  void Flush() override;

  void Shutdown() override;
  void Reset() override;
  int fd() const override { return fd_; }

 private:
  void OnReady(uint32_t events) override;
  void OnDue() override { Deliver(); }

  // Input.
  bool MayDeliver() const { return !paused_ && pins_ == 0; }
  bool MayRead() const;
  bool InputDue() const;
  void ReadReady();
  void ReadFailed(int error);
  void Deliver();
  void ContinueReading();
  void End(CloseReason reason);

  // Output. WriteReady() is false when *this is gone or reset.
  bool WriteReady();
  void Write();
  void WriteFailed(int error);

  void SetInterest(uint32_t interest);
  void Unregister();
  void CloseSocket();
  // Calls the handler; false when *this is gone or reset afterwards.
  bool Call(void (*callback)(StreamConnection& self));

  // Fixed at construction; borrowed: both outlive *this.
  ConnectionHandler* const handler_;
  ConnectionContext* const context_;

  int fd_;  // owned; -1 after Reset()
  InputBuffer input_;
  OutputBuffer output_;
  uint64_t send_limit_ = kNoSendLimit;
  size_t wanted_ = 1;
  uint32_t pins_ = 0;
  uint32_t interest_ = 0;
  CloseReason end_reason_ = CloseReason::kEndOfStream;
  bool registered_ = false;
  bool paused_ = false;
  bool undelivered_ = false;  // input has come, or was asked for again, since the last OnInput
  bool ended_ = false;        // nothing will be read any more
  bool told_ = false;         // OnClosed was called
  bool blocked_ = false;      // a send was cut short: waiting for the socket to drain
  bool broken_ = false;       // sending is impossible
  bool half_close_ = false;   // asked for and not yet done
  bool* gone_ = nullptr;      // while a callback runs: where the destructor leaves word
};

}  // namespace twincached::net
