#include "net/ring_connection.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "proto/check.h"
#include "proto/limits.h"

namespace twincached::net {

RingConnection::RingConnection(int fd, ConnectionHandler* handler, ConnectionContext* context)
    : StreamConnection(fd, handler, context),
      completions_(context->poller->completions()),
      stream_(completions_->Open(fd, this)) {
  WaitForInput();
}

RingConnection::~RingConnection() {
  SendNow();
  CloseSocket();
  completions_->CountHeld(-static_cast<ptrdiff_t>(AsideBytes()));
}

void RingConnection::Reset() {
  SendNow();
  StreamConnection::Reset();
}

void RingConnection::Detach() {
  Unregister();
  completions_->Close(stream_);
}

// ---- Input ----

bool RingConnection::WantsDirectRead() const {
  return direct_reads_ > 0 || wanted_ > input_.size() + kReceiveBytesMax;
}

void RingConnection::WaitForInput() {
  if (HasAside()) return context_->ready.Link(this);  // comes first, see OnDue()
  waiting_for_input_ = true;
  if (receiving_) return;
  if (WantsDirectRead()) return SetInterest(interest_ | kReadable);
  receiving_ = true;
  completions_->Receive(stream_);
}

bool RingConnection::MayReceive() {
  if (MayRead() && !HasAside() && !WantsDirectRead()) return true;
  receiving_ = false;
  waiting_for_input_ = false;
  if (MayRead()) WaitForInput();
  return false;
}

void RingConnection::OnReceived(int result, const char* data, bool more) {
  receiving_ = more;
  if (!more) waiting_for_input_ = false;
  if (ended_) return;
  filled_ = result == static_cast<int>(kReceiveBytesMax);
  received_ += static_cast<size_t>(std::max(result, 0));
  if (HasAside() || !MayRead()) return SetAside(result, data);
  if (result > 0) {
    Append(data, static_cast<size_t>(result));
  } else {
    TakeEnd(-result);
  }
}

// What came is in input_ or set aside, and no handler has been called since: nothing of the stream
// is between it and what the socket holds.
void RingConnection::FinishReceiving() {
  const bool more = filled_ || hung_up_;
  filled_ = hung_up_ = false;
  if (std::exchange(received_, 0) >= kBulkBytesMin) direct_reads_ = kDirectReads;
  if (more && MayRead() && !HasAside()) Read();
  if (receiving_ && (WantsDirectRead() || AsideBytes() >= kReceiveBytesMax)) {
    completions_->StopReceiving(stream_);
  }
}

void RingConnection::DeliverReceived() {
  if (HasNews() && !Deliver()) return;
  if (!waiting_for_input_ && MayRead()) WaitForInput();
}

void RingConnection::Append(const char* data, size_t bytes) {
  while (bytes > 0) {
    const InputBuffer::Space space = input_.Prepare(std::max(wanted_, input_.size() + bytes));
    const size_t part = std::min(bytes, space.bytes);
    std::memcpy(space.data, data, part);
    TakeReceived(part);
    data += part;
    bytes -= part;
  }
}

void RingConnection::SetAside(int result, const char* data) {
  waiting_for_input_ = false;
  if (result > 0) {
    aside_.append(data, static_cast<size_t>(result));
    completions_->CountHeld(result);
  } else {
    end_aside_ = -result;
  }
}

// As much as may be read.
void RingConnection::TakeAside() {
  const size_t room = std::max(kReadBytesPerIteration, wanted_) - input_.size();
  const size_t bytes = std::min(AsideBytes(), room);
  Append(aside_.data() + aside_taken_, bytes);
  aside_taken_ += bytes;
  completions_->CountHeld(-static_cast<ptrdiff_t>(bytes));
  if (AsideBytes() > 0) return;
  aside_ = std::string();
  aside_taken_ = 0;
  const int end = std::exchange(end_aside_, kNoEnd);
  if (end != kNoEnd) TakeEnd(end);
}

void RingConnection::OnDue() {
  if (HasAside() && MayRead()) {
    TakeAside();
    waiting_for_input_ = !HasAside() && receiving_;
  }
  if (!Deliver()) return;
  if (!waiting_for_input_ && MayRead()) WaitForInput();
}

// ---- Output ----

bool RingConnection::FlushSoon() {
  if (blocked_) return false;
  const size_t bytes = output_.UnwrittenBytes(send_limit_);
  if (bytes == 0 || bytes > kSendSoonBytesMax || output_.has_borrowed() || broken_) {
    Write();
    return false;
  }
  if (!std::exchange(send_soon_, true)) completions_->Send(stream_);
  return true;
}

void RingConnection::SendNow() {
  if (send_soon_ && fd_ >= 0 && !blocked_) Write();
}

absl::string_view RingConnection::BeginSend() {
  send_soon_ = false;
  if (blocked_ || broken_) return {};
  if (output_.has_borrowed()) {  // behind what was to be sent soon
    Write();
    return {};
  }
  const absl::string_view bytes = output_.Unwritten(send_limit_);
  lent_bytes_ = bytes.size();
  return bytes;
}

void RingConnection::EndSend(int result) {
  TakeSent(result, std::exchange(lent_bytes_, 0));
  FinishWrite();
}

// ---- Events ----

void RingConnection::OnReady(uint32_t events) {
  if ((events & kWritable) != 0 && !WriteReady()) return;
  if ((events & interest_ & kReadable) == 0) return;
  if (MayRead()) {
    const size_t before = input_.size();
    Read();
    const bool bulky = wanted_ > kReceiveBytesMax || input_.size() - before >= kReceiveBytesMax;
    direct_reads_ = bulky ? kDirectReads : std::max(direct_reads_ - 1, 0);
  }
  if (!MayRead() || !WantsDirectRead()) {
    waiting_for_input_ = false;
    SetInterest(interest_ & ~kReadable);
  }
  DeliverReceived();
}

}  // namespace twincached::net
