// An io_uring and the receive buffers that the kernel fills, as the poller uses them.
//
// What it is: set-up, one place for the system call, buffers. What it is not: it does not know what
// a completion means for whom. Made on any thread; Start() makes the
// calling thread the only one that may use it. The destructor runs on any thread once that one has
// ended or stopped.
//
// Invariants:
// 1. The kernel works for a ring only inside a system call of the ring's thread (DEFER_TASKRUN): no
//    completion and no received byte appears between two of them.
// 2. NextEntry() never fails: a full queue is handed over first.
#pragma once

#include <liburing.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "net/completions.h"
#include "net/ring_request.h"

namespace twincached::net {

// Received at once in one system call by so many connections; the others are asked again in the
// next. 1 MiB.
inline constexpr uint32_t kReceiveBuffers = 256;
inline constexpr uint16_t kReceiveGroup = 0;

class Ring {
 public:
  // Fails when the kernel, or what guards it, does not allow what is needed; says what that is.
  static absl::StatusOr<std::unique_ptr<Ring>> Create();
  ~Ring();
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  void Start();
  bool started() const { return started_; }
  bool OnOwnThread() const { return started_ && thread_ == std::this_thread::get_id(); }

  // An entry to be filled in, with its name already on it: liburing's functions leave that alone.
  io_uring_sqe* NextEntry(const RingRequest& request);
  // Hands over all entries. Unless timeout_ms is 0, sleeps until something completes that does not
  // complete at once, or timeout_ms (-1: for ever) is over.
  void Enter(int timeout_ms);
  // Takes a request back when entries are handed over next.
  void Cancel(const RingRequest& request);
  // In this very call. Not when the ring's thread has ended: what is under way then ends with the
  // ring.
  void CancelNow(const RingRequest& request);

  // Moves what has completed into these two, which their readers empty: sends, everything else.
  void Harvest();
  std::vector<RingCompletion>& sent() { return sent_; }
  std::vector<RingCompletion>& arrived() { return arrived_; }

  const char* Buffer(uint32_t flags) const {
    return buffers_ + kReceiveBytesMax * (flags >> IORING_CQE_BUFFER_SHIFT);
  }
  // The buffer of a completion with these flags may be filled again.
  void ReturnBuffer(uint32_t flags);

 private:
  Ring() = default;
  absl::Status SetUp();
  absl::Status SetUpBuffers();
  uint32_t Unsubmitted();
  void Call(uint32_t wait_for, int timeout_ms);

  io_uring ring_ = {};
  bool made_ = false;
  bool started_ = false;
  uint32_t enter_flags_ = 0;
  uint32_t due_at_once_ = 0;  // completions of CompletesAtOnce() requests, not yet harvested
  std::vector<RingCompletion> sent_;
  std::vector<RingCompletion> arrived_;
  std::thread::id thread_;

  io_uring_buf_ring* free_buffers_ = nullptr;  // owned, mapped
  char* buffers_ = nullptr;                    // owned, mapped
};

}  // namespace twincached::net
