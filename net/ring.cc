#include "net/ring.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "absl/strings/str_cat.h"
#include "proto/check.h"

namespace twincached::net {
namespace {

// Handed over in one system call; more take several.
constexpr uint32_t kEntries = 512;
// What completes at once beyond this is kept by the kernel until there is room.
constexpr uint32_t kCompletions = 4096;
constexpr size_t kFreeListBytes = kReceiveBuffers * sizeof(io_uring_buf);
constexpr size_t kBufferBytes = kReceiveBuffers * kReceiveBytesMax;
static_assert((kReceiveBuffers & (kReceiveBuffers - 1)) == 0, "a mask selects the place");

// SINGLE_ISSUER and DEFER_TASKRUN (6.1): invariant 1. R_DISABLED: the thread that starts the ring
// is its only user, not the one that made it.
constexpr uint32_t kSetupFlags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                                 IORING_SETUP_R_DISABLED | IORING_SETUP_SUBMIT_ALL |
                                 IORING_SETUP_CQSIZE;
constexpr uint32_t kFeatures = IORING_FEAT_SINGLE_MMAP | IORING_FEAT_NODROP | IORING_FEAT_EXT_ARG |
                               IORING_FEAT_FAST_POLL | IORING_FEAT_SUBMIT_STABLE;

absl::Status Impossible(absl::string_view what, int error) {
  return absl::UnavailableError(absl::StrCat("no io_uring: ", what, ": ", std::strerror(error)));
}

char* Map(size_t bytes) {
  void* data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  return data == MAP_FAILED ? nullptr : static_cast<char*>(data);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Ring>> Ring::Create() {
  std::unique_ptr<Ring> ring(new Ring);
  absl::Status status = ring->SetUp();
  if (status.ok()) status = ring->SetUpBuffers();
  if (!status.ok()) return status;
  return ring;
}

absl::Status Ring::SetUp() {
  io_uring_params params = {};
  params.flags = kSetupFlags;
  params.cq_entries = kCompletions;
  const int error = io_uring_queue_init_params(kEntries, &ring_, &params);
  if (error == -EINVAL) return Impossible("it needs Linux 6.1 or newer", EINVAL);
  if (error < 0) return Impossible("io_uring_setup", -error);
  made_ = true;
  if ((params.features & kFeatures) != kFeatures) return Impossible("its features", ENOTSUP);
  for (uint32_t i = 0; i < params.sq_entries; ++i) ring_.sq.array[i] = i;
  return absl::OkStatus();
}

absl::Status Ring::SetUpBuffers() {
  char* list = Map(kFreeListBytes);
  free_buffers_ = reinterpret_cast<io_uring_buf_ring*>(list);
  buffers_ = Map(kBufferBytes);
  if (list == nullptr || buffers_ == nullptr) return Impossible("receive buffers", ENOMEM);
  io_uring_buf_reg registration = {};
  registration.ring_addr = reinterpret_cast<uintptr_t>(list);
  registration.ring_entries = kReceiveBuffers;
  registration.bgid = kReceiveGroup;
  const int error = io_uring_register_buf_ring(&ring_, &registration, 0);
  if (error < 0) return Impossible("receive buffers", -error);
  io_uring_buf_ring_init(free_buffers_);
  for (uint32_t i = 0; i < kReceiveBuffers; ++i) ReturnBuffer(i << IORING_CQE_BUFFER_SHIFT);
  return absl::OkStatus();
}

Ring::~Ring() {
  if (made_) io_uring_queue_exit(&ring_);
  if (free_buffers_ != nullptr) munmap(free_buffers_, kFreeListBytes);
  if (buffers_ != nullptr) munmap(buffers_, kBufferBytes);
}

void Ring::Start() {
  CHECK(!started_);
  // Not by liburing, whose version 2.3 does not export its function for it.
  CHECK_EQ(io_uring_register(static_cast<unsigned>(ring_.ring_fd), IORING_REGISTER_ENABLE_RINGS,
                             nullptr, 0),
           0);
  thread_ = std::this_thread::get_id();
  started_ = true;
  // Saves looking the descriptor up; not every kernel has it.
  if (io_uring_register_ring_fd(&ring_) == 1) enter_flags_ = IORING_ENTER_REGISTERED_RING;
}

io_uring_sqe* Ring::NextEntry(const RingRequest& request) {
  io_uring_sqe* entry = io_uring_get_sqe(&ring_);
  while (entry == nullptr) {
    Enter(0);
    entry = io_uring_get_sqe(&ring_);
  }
  entry->user_data = request.Pack();
  if (request.CompletesAtOnce()) ++due_at_once_;
  return entry;
}

void Ring::Cancel(const RingRequest& request) {
  io_uring_prep_cancel64(NextEntry({RingKind::kCancel, 0, 0}), request.Pack(), 0);
}

void Ring::CancelNow(const RingRequest& request) {
  if (!OnOwnThread()) return;
  Cancel(request);
  Enter(0);
}

void Ring::Harvest() {
  unsigned head;
  unsigned count = 0;
  io_uring_cqe* from;
  io_uring_for_each_cqe(&ring_, head, from) {
    ++count;
    const RingCompletion completion{RingRequest::Unpack(from->user_data), from->res, from->flags};
    if (completion.request.CompletesAtOnce()) --due_at_once_;
    if (completion.request.kind == RingKind::kSend) {
      sent_.push_back(completion);
    } else if (completion.request.kind != RingKind::kCancel) {
      arrived_.push_back(completion);
    }
  }
  if (count > 0) io_uring_cq_advance(&ring_, count);
}

uint32_t Ring::Unsubmitted() {
  io_uring_sq& queue = ring_.sq;
  queue.sqe_head = queue.sqe_tail;
  io_uring_smp_store_release(queue.ktail, queue.sqe_tail);
  return queue.sqe_tail - io_uring_smp_load_acquire(queue.khead);
}

void Ring::Enter(int timeout_ms) {
  DCHECK(OnOwnThread());
  Call(timeout_ms == 0 ? 0 : due_at_once_ + 1, timeout_ms);
  while (Unsubmitted() > 0) Call(0, 0);
}

// By hand, and not by liburing's functions for it: those that take a time-out enter twice when what
// completes at once is not all that is waited for.
void Ring::Call(uint32_t wait_for, int timeout_ms) {
  __kernel_timespec timeout = {timeout_ms / 1000, timeout_ms % 1000 * int64_t{1000000}};
  io_uring_getevents_arg argument = {};
  argument.ts = reinterpret_cast<uintptr_t>(&timeout);
  const bool timed = wait_for > 0 && timeout_ms >= 0;
  const uint32_t flags = enter_flags_ | IORING_ENTER_GETEVENTS | (timed ? IORING_ENTER_EXT_ARG : 0);
  const int result = io_uring_enter2(
      static_cast<unsigned>(ring_.enter_ring_fd), Unsubmitted(), wait_for, flags,
      timed ? reinterpret_cast<sigset_t*>(&argument) : nullptr, timed ? sizeof(argument) : 0);
  // Interrupted, timed out, or short of memory: what was not taken is still in the queue.
  CHECK(result >= 0 || result == -EINTR || result == -ETIME || result == -EAGAIN ||
        result == -EBUSY);
}

void Ring::ReturnBuffer(uint32_t flags) {
  const uint32_t index = flags >> IORING_CQE_BUFFER_SHIFT;
  DCHECK_LT(index, kReceiveBuffers);
  io_uring_buf_ring_add(free_buffers_, buffers_ + kReceiveBytesMax * index, kReceiveBytesMax,
                        static_cast<uint16_t>(index), io_uring_buf_ring_mask(kReceiveBuffers), 0);
  io_uring_buf_ring_advance(free_buffers_, 1);
}

}  // namespace twincached::net
