// Connected sockets that a ring reads and writes: the contract of net/completions.h.
//
// What is asked for between two Wait()s is written down and handed over in the next one, so that no
// entry names a descriptor that was closed meanwhile. The exception is Close(), a system call at
// once if something is under way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "net/completions.h"
#include "net/ring.h"
#include "net/ring_request.h"

namespace twincached::net {

class RingStreams final : public Completions {
 public:
  explicit RingStreams(Ring* ring) : ring_(ring) {}

  StreamId Open(int fd, StreamTarget* target) override;
  void Close(StreamId stream) override;
  void Receive(StreamId stream) override;
  void StopReceiving(StreamId stream) override;
  void CountHeld(ptrdiff_t bytes) override;
  void Send(StreamId stream) override;
  void SendAll() override;

  // Makes entries of what is due. False when something is left for the next time.
  bool HandOver();
  // Tells the outcome of what was sent. Behind the system call, before anything else: the kernel
  // has finished all of it; if it ever had not, its bytes would have to stay that long.
  void FinishSends();
  // Gives what was received to its target. When all of it is given, Deliver() lets the targets tell
  // it, with no system call of the ring in between: what a socket holds then comes behind it.
  void Take(const RingCompletion& completion);
  size_t Deliver();

 private:
  struct Stream {
    StreamTarget* target = nullptr;
    int fd = -1;
    uint32_t generation = 0;   // counts those that had this number before
    bool receiving = false;    // under way
    bool watched = false;      // a poll for the end is under way
    bool hung_up = false;      // that has come: receives one by one
    bool stop_due = false;     // in stops_due_
    bool received = false;     // in received_
    bool receive_due = false;  // in receives_due_
    bool send_due = false;     // in sends_due_
  };

  void HandOverSends();
  void HandOverStops();
  void HandOverReceives();
  void HandOverReceive(StreamId stream);
  void TakeSent(const RingCompletion& completion);
  void TakeReceived(const RingCompletion& completion);
  void TakeHangUp(StreamId stream);

  Ring* const ring_;  // borrowed: outlives *this
  std::vector<Stream> streams_;
  std::vector<StreamId> free_streams_;
  std::vector<StreamId> sends_due_;
  std::vector<StreamId> stops_due_;
  std::vector<StreamId> receives_due_;
  std::vector<StreamId> received_;  // to be delivered
  uint32_t sends_under_way_ = 0;
  ptrdiff_t held_bytes_ = 0;  // by targets, see CountHeld()
};

}  // namespace twincached::net
