// TargetConnection: one connection of the trace player to one server.
//
// What it is: a blocking socket with a limit on every wait, and the bytes that came and are not
// judged yet. What it is not: a judge of answers.
// Owned by the player, on its one thread. A connection that failed once is not used again.
//
// Bounds: one request, and one answer, may take the timeout given at construction, and the last
// wait of it as long again; kInputBytesMax bytes that nobody takes are an error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace twincached::bench {

// Many times the longest value of a trace.
constexpr size_t kInputBytesMax = size_t{1} << 20;

struct TargetAddress {
  std::string host;  // an IPv4 address
  uint16_t port = 0;

  std::string ToString() const;
};

class TargetConnection {
 public:
  TargetConnection(TargetAddress address, int timeout_ms);
  ~TargetConnection();
  TargetConnection(const TargetConnection&) = delete;
  TargetConnection& operator=(const TargetConnection&) = delete;

  // All of these return false with one line in `*error`, which names the target.
  bool Connect(std::string* error);
  // Sends a request. The time that its answer may take starts with the first Receive.
  bool Send(absl::string_view bytes, std::string* error);
  // Waits for more input.
  bool Receive(std::string* error);

  // What came and was not taken; until the next Receive.
  absl::string_view input() const;
  // REQUIRES: `bytes` <= input().size().
  void Take(size_t bytes) { input_begin_ += bytes; }

  const TargetAddress& address() const { return address_; }

 private:
  bool Fail(absl::string_view what, std::string* error) const;
  bool FailWithErrno(absl::string_view what, std::string* error) const;

  // Fixed at construction.
  TargetAddress address_;
  int timeout_ms_;
  // Owned here.
  int fd_ = -1;
  int64_t waiting_since_ms_ = -1;  // of the first Receive after a Send
  std::string buffer_;             // of kInputBytesMax bytes
  size_t input_begin_ = 0;
  size_t input_end_ = 0;
};

}  // namespace twincached::bench
