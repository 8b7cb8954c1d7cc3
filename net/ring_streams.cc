#include "net/ring_streams.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "proto/check.h"

namespace twincached::net {
namespace {

// More are sent in several system calls, so that their completions have room.
constexpr uint32_t kSendsAtOnce = 256;

}  // namespace

StreamId RingStreams::Open(int fd, StreamTarget* target) {
  if (free_streams_.empty()) {
    free_streams_.push_back(static_cast<StreamId>(streams_.size()));
    streams_.emplace_back();
  }
  const StreamId id = free_streams_.back();
  free_streams_.pop_back();
  CHECK_LE(id, RingRequest::kNumberMax);
  streams_[id].target = target;
  streams_[id].fd = fd;
  return id;
}

void RingStreams::Close(StreamId id) {
  const Stream was = std::exchange(streams_[id], Stream());
  streams_[id].generation = was.generation + 1;
  free_streams_.push_back(id);
  if (!was.receiving && !was.watched) return;
  if (!ring_->OnOwnThread()) {
    shutdown(was.fd, SHUT_RDWR);  // the peer sees this at once
    return;
  }
  // By name and not by descriptor: for that the kernel would look through all requests.
  if (was.receiving) ring_->Cancel({RingKind::kReceive, id, was.generation});
  if (was.watched) ring_->Cancel({RingKind::kHangUp, id, was.generation});
  ring_->Enter(0);
}

void RingStreams::Receive(StreamId id) {
  Stream& stream = streams_[id];
  if (!stream.receiving && !std::exchange(stream.receive_due, true)) receives_due_.push_back(id);
}

void RingStreams::StopReceiving(StreamId id) {
  Stream& stream = streams_[id];
  if (stream.receiving && !std::exchange(stream.stop_due, true)) stops_due_.push_back(id);
}

// Whoever floods has had his share: what goes on by itself is stopped everywhere.
void RingStreams::CountHeld(ptrdiff_t bytes) {
  const bool many = held_bytes_ > kHeldBytesMax;
  held_bytes_ += bytes;
  if (many || held_bytes_ <= kHeldBytesMax) return;
  for (StreamId id = 0; id < streams_.size(); ++id) StopReceiving(id);
}

void RingStreams::Send(StreamId id) {
  if (!std::exchange(streams_[id].send_due, true)) sends_due_.push_back(id);
}

void RingStreams::SendAll() {
  if (sends_due_.empty()) return;
  if (!ring_->started()) ring_->Start();
  HandOverSends();
  if (sends_under_way_ == 0) return;
  ring_->Enter(0);
  FinishSends();
}

// ---- Entries ----

bool RingStreams::HandOver() {
  HandOverSends();
  HandOverStops();
  HandOverReceives();
  return receives_due_.empty();
}

// MSG_DONTWAIT makes the kernel complete the request while it is handed over, whatever the socket
// says: the output is lent for the system call only.
void RingStreams::HandOverSends() {
  for (const StreamId id : sends_due_) {
    Stream& stream = streams_[id];
    if (!std::exchange(stream.send_due, false)) continue;
    const absl::string_view bytes = stream.target->BeginSend();
    if (bytes.empty()) continue;
    io_uring_sqe* entry = ring_->NextEntry({RingKind::kSend, id, stream.generation});
    io_uring_prep_send(entry, stream.fd, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (++sends_under_way_ < kSendsAtOnce) continue;
    ring_->Enter(0);
    FinishSends();
  }
  sends_due_.clear();
}

void RingStreams::HandOverStops() {
  for (const StreamId id : stops_due_) {
    Stream& stream = streams_[id];
    if (!std::exchange(stream.stop_due, false) || !stream.receiving) continue;
    ring_->Cancel({RingKind::kReceive, id, stream.generation});
  }
  stops_due_.clear();
}

// No more at once than there are buffers: what finds none would only be asked again.
void RingStreams::HandOverReceives() {
  size_t seen = 0;
  for (uint32_t asked = 0; seen < receives_due_.size() && asked < kReceiveBuffers; ++seen) {
    const StreamId id = receives_due_[seen];
    if (!std::exchange(streams_[id].receive_due, false)) continue;
    if (!streams_[id].target->MayReceive()) continue;
    HandOverReceive(id);
    ++asked;
  }
  receives_due_.erase(receives_due_.begin(), receives_due_.begin() + static_cast<long>(seen));
}

// One that goes on by itself looks at the socket only when it is woken, and a reset that came
// together with the last bytes wakes it once: the end is watched apart, and behind it receives are
// asked for one by one, each of which looks.
void RingStreams::HandOverReceive(StreamId id) {
  Stream& stream = streams_[id];
  const bool goes_on = held_bytes_ <= kHeldBytesMax && !stream.hung_up;
  io_uring_sqe* entry = ring_->NextEntry({RingKind::kReceive, id, stream.generation});
  io_uring_prep_recv(entry, stream.fd, nullptr, 0, 0);
  entry->ioprio = IORING_RECVSEND_POLL_FIRST | (goes_on ? IORING_RECV_MULTISHOT : 0);
  entry->flags |= IOSQE_BUFFER_SELECT;
  entry->buf_group = kReceiveGroup;
  stream.receiving = true;
  if (!goes_on || std::exchange(stream.watched, true)) return;
  entry = ring_->NextEntry({RingKind::kHangUp, id, stream.generation});
  io_uring_prep_poll_add(entry, stream.fd, POLLRDHUP);
}

// ---- Completions ----

void RingStreams::FinishSends() {
  for (;;) {
    ring_->Harvest();
    for (const RingCompletion& completion : ring_->sent()) TakeSent(completion);
    ring_->sent().clear();
    if (sends_under_way_ == 0) return;
    ring_->Enter(0);
  }
}

void RingStreams::TakeSent(const RingCompletion& completion) {
  CHECK_GT(sends_under_way_, 0u);
  --sends_under_way_;
  Stream& stream = streams_[completion.request.number];
  CHECK_EQ(stream.generation, completion.request.generation);
  stream.target->EndSend(completion.result);
}

void RingStreams::Take(const RingCompletion& completion) {
  if (streams_[completion.request.number].generation != completion.request.generation) {
    // Of a stream that was closed.
  } else if (completion.request.kind == RingKind::kHangUp) {
    TakeHangUp(completion.request.number);
  } else {
    TakeReceived(completion);
  }
  if ((completion.flags & IORING_CQE_F_BUFFER) != 0) ring_->ReturnBuffer(completion.flags);
}

void RingStreams::TakeReceived(const RingCompletion& completion) {
  const StreamId id = completion.request.number;
  const int result = completion.result;
  Stream& stream = streams_[id];
  stream.receiving = (completion.flags & IORING_CQE_F_MORE) != 0;
  // No buffer was left, or it was taken back: whether to go on is asked again.
  if (result == -ENOBUFS || result == -EINTR || result == -ECANCELED) return Receive(id);
  const bool has_buffer = (completion.flags & IORING_CQE_F_BUFFER) != 0;
  const char* data = has_buffer ? ring_->Buffer(completion.flags) : nullptr;
  stream.target->OnReceived(result, data, stream.receiving);
  if (!std::exchange(stream.received, true)) received_.push_back(id);
}

void RingStreams::TakeHangUp(StreamId id) {
  Stream& stream = streams_[id];
  stream.watched = false;
  stream.hung_up = true;
  StopReceiving(id);
  stream.target->OnHangUp();
  if (!std::exchange(stream.received, true)) received_.push_back(id);
}

size_t RingStreams::Deliver() {
  for (const StreamId id : received_) streams_[id].target->FinishReceiving();
  size_t count = 0;
  for (const StreamId id : received_) {
    if (!std::exchange(streams_[id].received, false)) continue;
    streams_[id].target->DeliverReceived();
    ++count;
  }
  received_.clear();
  return count;
}

}  // namespace twincached::net
