// The connection over a non-blocking stream socket, whichever way its poller does input and output.
//
// What it is: buffers, delivery, pins, pauses and ends. What it is not: public; net/connection.h is
// its contract. The two ways are its subclasses: PolledConnection reads and writes when it is told
// that it can, RingConnection has the poller do it. Owned by whoever adopted it; lives on its
// loop's thread.
//
// Invariants:
// 1. Steady state, a request read whole and answered whole: no change of interest, no allocation.
//    So what waits for input is not taken back by pausing or pinning, only when input comes that
//    may not be served.
// 2. Input that is due without a new event (undelivered_, or the end) and may be delivered is in
//    the ready list.
// 3. Once broken_, nothing is sent any more and unsent output counts as written, so that an owner
//    waiting for its output to drain goes on, reads the rest and learns of the end.
// 4. After ended_ the socket is registered only for output still blocked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

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

class StreamConnection : public Connection, protected PollTarget, protected ReadyNode {
 public:
  ~StreamConnection() override;

  absl::string_view input() const override { return input_.view(); }
  void Consume(size_t bytes) override;
  void SetInputWanted(size_t bytes) override;
  void PauseReading() override { paused_ = true; }
  void ResumeReading() override;
  void PinInput() override { ++pins_; }
  void UnpinInput() override;

  std::string* output() override { return output_.text(); }
  void Borrow(absl::string_view bytes, std::shared_ptr<const void> owner) override {
    output_.Borrow(bytes, std::move(owner));
  }
  uint64_t appended() const override { return output_.appended(); }
  uint64_t written() const override { return output_.written(); }
  void set_send_limit(uint64_t stream_offset) override { send_limit_ = stream_offset; }
  void Flush() override;

  void Shutdown() override;
  void Reset() override;
  int fd() const override { return fd_; }

 protected:
  StreamConnection(int fd, ConnectionHandler* handler, ConnectionContext* context);

  // ---- What a subclass does in its way ----
  // Sees to it that input is read when it comes, and sets waiting_for_input_. REQUIRES: MayRead().
  virtual void WaitForInput() = 0;
  // Input is to be delivered without an event.
  void OnDue() override { Deliver(); }
  // Whether a registration that asks for nothing is kept: it will be asked for something again.
  virtual bool StaysRegistered() const { return !ended_; }
  // Gives up what the poller knows of the socket, which is about to be closed.
  virtual void Detach() { Unregister(); }

  // ---- Input ----
  bool MayDeliver() const { return !paused_ && pins_ == 0; }
  bool MayRead() const;
  // Reads what is there, and of what is wanted no more than a turn's share.
  void Read();
  void TakeReceived(size_t bytes);  // of the space last prepared in input_
  // 0 or an errno: nothing more comes. EAGAIN is no end.
  void TakeEnd(int error);
  bool HasNews() const { return !input_.empty() || ended_; }
  // False when *this is gone or reset.
  bool Deliver();
  // Reading may have become possible: undoes what was done when it was not, and sees to
  // invariant 2.
  void ContinueReading();

  // ---- Output. WriteReady() is false when *this is gone or reset. ----
  bool WriteReady();
  void Write();
  // The outcome of a send of `asked` bytes: how many were taken, or a negative errno.
  void TakeSent(ssize_t result, size_t asked);
  void FinishWrite();

  void SetInterest(uint32_t interest);
  void Unregister();
  void CloseSocket();

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
  bool waiting_for_input_ = false;
  bool paused_ = false;
  bool undelivered_ = false;  // input has come, or was asked for again, since the last OnInput
  bool ended_ = false;        // nothing will be read any more
  bool told_ = false;         // OnClosed was called
  bool blocked_ = false;      // a send was cut short: waiting for the socket to drain
  bool broken_ = false;       // sending is impossible
  bool half_close_ = false;   // asked for and not yet done
  bool* gone_ = nullptr;      // while a callback runs: where the destructor leaves word

 private:
  bool InputDue() const;
  void End(CloseReason reason);
  void WriteText();
  void WriteChain();
  void WriteFailed(int error);
  // Calls the handler; false when *this is gone or reset afterwards.
  bool Call(void (*callback)(StreamConnection& self));
};

}  // namespace twincached::net
