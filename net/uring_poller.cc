#include "net/uring_poller.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "net/completions.h"
#include "net/ring.h"
#include "proto/check.h"

namespace twincached::net {
namespace {

// Whose completion it is: the upper half of the user data is the generation of the descriptor or
// stream, the lower half kind and number.
enum Kind : uint32_t { kPoll, kReceive, kHangUp, kSend, kCancel };
constexpr uint32_t kNumberBits = 28;
constexpr uint32_t kNumberMask = (1u << kNumberBits) - 1;

uint64_t UserData(Kind kind, uint32_t number, uint32_t generation) {
  return (uint64_t{generation} << 32) | (uint32_t{kind} << kNumberBits) | number;
}
Kind KindOf(uint64_t user_data) {
  return static_cast<Kind>((user_data & UINT32_MAX) >> kNumberBits);
}
uint32_t NumberOf(uint64_t user_data) { return user_data & kNumberMask; }
uint32_t GenerationOf(uint64_t user_data) { return static_cast<uint32_t>(user_data >> 32); }

// More are sent in several system calls, so that their completions have room.
constexpr uint32_t kSendsAtOnce = 256;

struct Completion {
  uint64_t user_data;
  int result;
  uint32_t flags;
};

// What is registered for a descriptor.
struct Registration {
  PollTarget* target = nullptr;
  uint32_t interest = 0;
  uint32_t asked = 0;       // interest of the poll under way
  uint32_t generation = 0;  // counts the polls that are of no interest any more
  bool armed = false;       // a poll is under way
  bool due = false;         // in polls_due_
};

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

class UringPoller final : public Poller, private Completions {
 public:
  explicit UringPoller(std::unique_ptr<Ring> ring) : ring_(std::move(ring)) {}

  const char* name() const override { return "io_uring"; }
  Completions* completions() override { return this; }

  void Add(int fd, uint32_t interest, PollTarget* target) override;
  void Change(int fd, uint32_t interest, PollTarget* target) override;
  void Remove(int fd, PollTarget* target) override;
  size_t Wait(int timeout_ms) override;

 private:
  // Completions
  StreamId Open(int fd, StreamTarget* target) override;
  void Close(StreamId stream) override;
  void Receive(StreamId stream) override;
  void StopReceiving(StreamId stream) override;
  void CountHeld(ptrdiff_t bytes) override;
  void Send(StreamId stream) override;
  void SendAll() override;

  void AskAgain(int fd);
  void CancelNow(uint64_t user_data);

  // What was written down becomes entries.
  void HandOverSends();
  void HandOverStops();
  void HandOverReceives();
  void HandOverReceive(StreamId stream);
  void HandOverPolls();
  io_uring_sqe* NextEntry(uint64_t user_data);

  // Completions of sends are taken at once, the others wait in arrived_.
  void Harvest();
  void TakeSend(const Completion& completion);
  void FinishSends();
  size_t DeliverPoll(const Completion& completion);
  void TakeReceived(const Completion& completion);
  void TakeHangUp(const Completion& completion);
  size_t DeliverReceived();

  const std::unique_ptr<Ring> ring_;
  std::vector<Registration> registrations_;  // by descriptor
  std::vector<Stream> streams_;              // by StreamId
  std::vector<StreamId> free_streams_;
  std::vector<int> polls_due_;
  std::vector<StreamId> receives_due_;
  std::vector<StreamId> sends_due_;
  std::vector<StreamId> stops_due_;
  std::vector<Completion> arrived_;
  std::vector<Completion> delivering_;  // those of arrived_ that this Wait() delivers
  std::vector<StreamId> received_;      // streams to be delivered
  ptrdiff_t held_bytes_ = 0;            // by targets, see CountHeld()
  // Complete while they are handed over, so they are not what a Wait() sleeps for.
  uint32_t sends_under_way_ = 0;
  uint32_t cancels_under_way_ = 0;
};

// ---- Readiness ----

void UringPoller::Add(int fd, uint32_t interest, PollTarget* target) {
  CHECK_GE(fd, 0);
  CHECK_LE(static_cast<uint32_t>(fd), kNumberMask);
  if (static_cast<size_t>(fd) >= registrations_.size()) registrations_.resize(fd + 1);
  Registration& registration = registrations_[fd];
  CHECK(registration.target == nullptr);
  registration.target = target;
  registration.interest = interest;
  AskAgain(fd);
}

void UringPoller::Change(int fd, uint32_t interest, PollTarget* target) {
  Registration& registration = registrations_.at(fd);
  CHECK(registration.target == target);
  registration.interest = interest;
  if (!registration.armed || registration.asked != interest) AskAgain(fd);
}

void UringPoller::Remove(int fd, PollTarget* target) {
  Registration& registration = registrations_.at(fd);
  CHECK(registration.target == target);
  registration.target = nullptr;
  registration.due = false;
  const uint64_t user_data = UserData(kPoll, fd, registration.generation++);
  if (std::exchange(registration.armed, false)) CancelNow(user_data);
}

void UringPoller::AskAgain(int fd) {
  if (!std::exchange(registrations_[fd].due, true)) polls_due_.push_back(fd);
}

// What was under way when the ring's thread ended, ends with the ring.
void UringPoller::CancelNow(uint64_t user_data) {
  if (!ring_->OnOwnThread()) return;
  io_uring_prep_cancel64(NextEntry(UserData(kCancel, 0, 0)), user_data, 0);
  ++cancels_under_way_;
  ring_->Enter(0, 0);
}

// ---- Streams ----

StreamId UringPoller::Open(int fd, StreamTarget* target) {
  if (free_streams_.empty()) {
    free_streams_.push_back(static_cast<StreamId>(streams_.size()));
    streams_.emplace_back();
  }
  const StreamId id = free_streams_.back();
  free_streams_.pop_back();
  CHECK_LE(id, kNumberMask);
  streams_[id].target = target;
  streams_[id].fd = fd;
  return id;
}

void UringPoller::Close(StreamId id) {
  Stream& stream = streams_[id];
  const bool under_way = stream.receiving || stream.watched;
  const int fd = stream.fd;
  const uint32_t generation = stream.generation + 1;
  stream = Stream();
  stream.generation = generation;
  free_streams_.push_back(id);
  if (!under_way) return;
  if (!ring_->OnOwnThread()) {
    shutdown(fd, SHUT_RDWR);  // the peer sees this at once
    return;
  }
  io_uring_prep_cancel_fd(NextEntry(UserData(kCancel, 0, 0)), fd, IORING_ASYNC_CANCEL_ALL);
  ++cancels_under_way_;
  ring_->Enter(0, 0);
}

void UringPoller::Receive(StreamId id) {
  Stream& stream = streams_[id];
  if (!stream.receiving && !std::exchange(stream.receive_due, true)) receives_due_.push_back(id);
}

void UringPoller::StopReceiving(StreamId id) {
  Stream& stream = streams_[id];
  if (stream.receiving && !std::exchange(stream.stop_due, true)) stops_due_.push_back(id);
}

// Whoever floods has had his share: what goes on by itself is stopped everywhere.
void UringPoller::CountHeld(ptrdiff_t bytes) {
  const bool many = held_bytes_ > kHeldBytesMax;
  held_bytes_ += bytes;
  if (many || held_bytes_ <= kHeldBytesMax) return;
  for (StreamId id = 0; id < streams_.size(); ++id) StopReceiving(id);
}

void UringPoller::Send(StreamId id) {
  if (!std::exchange(streams_[id].send_due, true)) sends_due_.push_back(id);
}

void UringPoller::SendAll() {
  if (sends_due_.empty()) return;
  if (!ring_->started()) ring_->Start();
  HandOverSends();
  if (sends_under_way_ == 0) return;
  ring_->Enter(0, 0);
  FinishSends();
}

// ---- Entries ----

io_uring_sqe* UringPoller::NextEntry(uint64_t user_data) {
  io_uring_sqe* entry = ring_->NextEntry();
  entry->user_data = user_data;
  return entry;
}

// MSG_DONTWAIT makes the kernel complete the request while it is handed over, whatever the socket
// says: the output is lent for the system call only.
void UringPoller::HandOverSends() {
  for (const StreamId id : sends_due_) {
    Stream& stream = streams_[id];
    if (!std::exchange(stream.send_due, false)) continue;
    const absl::string_view bytes = stream.target->BeginSend();
    if (bytes.empty()) continue;
    io_uring_sqe* entry = NextEntry(UserData(kSend, id, stream.generation));
    io_uring_prep_send(entry, stream.fd, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (++sends_under_way_ < kSendsAtOnce) continue;
    ring_->Enter(0, 0);
    FinishSends();
  }
  sends_due_.clear();
}

void UringPoller::HandOverStops() {
  for (const StreamId id : stops_due_) {
    Stream& stream = streams_[id];
    if (!std::exchange(stream.stop_due, false) || !stream.receiving) continue;
    io_uring_sqe* entry = NextEntry(UserData(kCancel, 0, 0));
    io_uring_prep_cancel64(entry, UserData(kReceive, id, stream.generation), 0);
    ++cancels_under_way_;
  }
  stops_due_.clear();
}

// No more at once than there are buffers: what finds none would only be asked again.
void UringPoller::HandOverReceives() {
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
void UringPoller::HandOverReceive(StreamId id) {
  Stream& stream = streams_[id];
  const bool goes_on = held_bytes_ <= kHeldBytesMax && !stream.hung_up;
  io_uring_sqe* entry = NextEntry(UserData(kReceive, id, stream.generation));
  io_uring_prep_recv(entry, stream.fd, nullptr, 0, 0);
  entry->ioprio = IORING_RECVSEND_POLL_FIRST | (goes_on ? IORING_RECV_MULTISHOT : 0);
  entry->flags |= IOSQE_BUFFER_SELECT;
  entry->buf_group = kReceiveGroup;
  stream.receiving = true;
  if (!goes_on || std::exchange(stream.watched, true)) return;
  entry = NextEntry(UserData(kHangUp, id, stream.generation));
  io_uring_prep_poll_add(entry, stream.fd, POLLRDHUP);
}

void UringPoller::HandOverPolls() {
  for (const int fd : polls_due_) {
    Registration& registration = registrations_[fd];
    if (!std::exchange(registration.due, false)) continue;
    if (registration.armed) {
      if (registration.asked == registration.interest) continue;
      io_uring_sqe* cancel = NextEntry(UserData(kCancel, 0, 0));
      io_uring_prep_cancel64(cancel, UserData(kPoll, fd, registration.generation++), 0);
      ++cancels_under_way_;
    }
    uint32_t events = 0;
    if (registration.interest & kReadable) events |= POLLIN;
    if (registration.interest & kWritable) events |= POLLOUT;
    io_uring_sqe* entry = NextEntry(UserData(kPoll, fd, registration.generation));
    io_uring_prep_poll_add(entry, fd, events);
    registration.asked = registration.interest;
    registration.armed = true;
  }
  polls_due_.clear();
}

// ---- Completions ----

size_t UringPoller::Wait(int timeout_ms) {
  if (!ring_->started()) ring_->Start();
  HandOverSends();
  HandOverStops();
  HandOverReceives();
  HandOverPolls();
  const bool sleep = timeout_ms != 0 && arrived_.empty() && receives_due_.empty();
  ring_->Enter(sleep ? sends_under_way_ + cancels_under_way_ + 1 : 0, timeout_ms);
  FinishSends();
  delivering_.swap(arrived_);
  size_t count = DeliverReceived();
  for (const Completion& completion : delivering_) {
    if (KindOf(completion.user_data) == kPoll) count += DeliverPoll(completion);
  }
  delivering_.clear();
  return count;
}

void UringPoller::Harvest() {
  ring_->TakeCompletions([this](const io_uring_cqe& from) {
    const Completion completion{from.user_data, from.res, from.flags};
    switch (KindOf(completion.user_data)) {
      case kSend:
        return TakeSend(completion);
      case kCancel:
        --cancels_under_way_;
        return;
      case kPoll:
      case kReceive:
      case kHangUp:
        return arrived_.push_back(completion);
    }
  });
}

void UringPoller::TakeSend(const Completion& completion) {
  CHECK_GT(sends_under_way_, 0u);
  --sends_under_way_;
  Stream& stream = streams_[NumberOf(completion.user_data)];
  CHECK_EQ(stream.generation, GenerationOf(completion.user_data));
  stream.target->EndSend(completion.result);
}

// They are all there; if the kernel ever did one later, its bytes would have to stay that long.
void UringPoller::FinishSends() {
  Harvest();
  while (sends_under_way_ > 0) {
    ring_->Enter(1, -1);
    Harvest();
  }
}

size_t UringPoller::DeliverPoll(const Completion& completion) {
  const int fd = static_cast<int>(NumberOf(completion.user_data));
  Registration& registration = registrations_[fd];
  if (registration.target == nullptr ||
      registration.generation != GenerationOf(completion.user_data)) {
    return 0;
  }
  registration.armed = false;
  AskAgain(fd);
  const int events = completion.result;
  const bool broken = events < 0 || (events & (POLLERR | POLLHUP)) != 0;
  uint32_t ready = 0;
  if (events & POLLIN) ready |= kReadable;
  if (events & POLLOUT) ready |= kWritable;
  ready = broken ? registration.interest : ready & registration.interest;
  if (ready == 0 && !broken) return 0;  // what it asked for was changed meanwhile
  registration.target->OnReady(ready);
  return 1;
}

// Everything that has come is with its target before any of them is told, and so before any other
// system call: what the socket holds then comes behind it.
size_t UringPoller::DeliverReceived() {
  for (const Completion& completion : delivering_) {
    if (KindOf(completion.user_data) == kReceive) TakeReceived(completion);
    if (KindOf(completion.user_data) == kHangUp) TakeHangUp(completion);
  }
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

void UringPoller::TakeReceived(const Completion& completion) {
  const StreamId id = NumberOf(completion.user_data);
  const bool has_buffer = (completion.flags & IORING_CQE_F_BUFFER) != 0;
  Stream& stream = streams_[id];
  if (stream.generation == GenerationOf(completion.user_data)) {
    const int result = completion.result;
    stream.receiving = (completion.flags & IORING_CQE_F_MORE) != 0;
    if (result == -ENOBUFS || result == -EINTR || result == -ECANCELED) {
      Receive(id);
    } else {
      const char* data = has_buffer ? ring_->Buffer(completion.flags) : nullptr;
      stream.target->OnReceived(result, data, stream.receiving);
      if (!std::exchange(stream.received, true)) received_.push_back(id);
    }
  }
  if (has_buffer) ring_->ReturnBuffer(completion.flags);
}

void UringPoller::TakeHangUp(const Completion& completion) {
  const StreamId id = NumberOf(completion.user_data);
  Stream& stream = streams_[id];
  if (stream.generation != GenerationOf(completion.user_data)) return;
  stream.watched = false;
  stream.hung_up = true;
  StopReceiving(id);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Poller>> NewUringPoller() {
  auto ring = Ring::Create();
  if (!ring.ok()) return ring.status();
  return std::unique_ptr<Poller>(std::make_unique<UringPoller>(std::move(*ring)));
}

}  // namespace twincached::net
