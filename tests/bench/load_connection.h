// LoadConnection: one client connection that sends batches of requests and awaits their replies.
//
// What it is: a non-blocking socket with its own buffers, made once, so that a request allocates
// nothing. What it is not: a reader of epoll (the load runner tells it when to read or write), or
// something that reconnects: a failed connection stays failed and its requests count as errors.
// Owned by the load runner, on its one thread.
//
// Invariants: (1) a new batch starts only when the last one is fully answered; (2) the buffers
// never grow after construction; (3) replies are matched to requests in order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "tests/bench/reply_recorder.h"
#include "tests/bench/request_text.h"

namespace twincached::bench {

// The time of CLOCK_MONOTONIC.
uint64_t MonotonicNs();

class LoadConnection {
 public:
  enum class State {
    kIdle,     // answered in full, may start a batch
    kWaiting,  // replies are outstanding
    kBlocked,  // as kWaiting, and the socket takes no more bytes: call Send when it does
    kFailed,   // closed
  };

  // `text` and `recorder` outlive the connection. REQUIRES: pipeline > 0.
  LoadConnection(const RequestText* text, ReplyRecorder* recorder, int pipeline);
  ~LoadConnection();
  LoadConnection(const LoadConnection&) = delete;
  LoadConnection& operator=(const LoadConnection&) = delete;

  // Connects to an IPv4 address. False with one line in `*error`.
  bool Connect(const std::string& host, uint16_t port, std::string* error);

  // Takes up to one batch of requests and sends them. Their latency counts from `due_ns`.
  // Stays kIdle when the source is at its end. REQUIRES: state() == kIdle.
  void StartBatch(RequestSource* source, uint64_t due_ns);

  // Sends what is left of the batch.
  void Send();

  // Reads once and records the replies that are complete.
  void Receive();

  // Counts what is outstanding, at least one, as errors and closes.
  void Fail(absl::string_view reason);

  State state() const { return state_; }
  int fd() const { return fd_; }
  uint64_t due_ns() const { return due_ns_; }

 private:
  void ScanReplies(uint64_t now_ns);
  // Takes one reply off the input; false when it is incomplete or ended the connection.
  bool ScanOne(uint64_t now_ns);
  void CompactInput();

  // Fixed at construction.
  const RequestText* const text_;
  ReplyRecorder* const recorder_;
  const size_t output_bytes_max_;
  const size_t input_bytes_max_;
  // Owned here.
  int fd_ = -1;
  State state_ = State::kIdle;
  std::unique_ptr<char[]> output_;
  std::unique_ptr<char[]> input_;
  std::vector<Request> batch_;
  size_t batch_requests_ = 0;
  size_t answered_ = 0;
  size_t output_begin_ = 0;
  size_t output_end_ = 0;
  size_t input_begin_ = 0;
  size_t input_end_ = 0;
  uint64_t due_ns_ = 0;
};

}  // namespace twincached::bench
