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

bool RingConnection::WantsDirectRead() const { return wanted_ > input_.size() + kReceiveBytesMax; }

void RingConnection::WaitForInput() {
  waiting_for_input_ = true;
  if (receiving_) return;
  if (HasAside()) return context_->ready.Link(this);
  if (WantsDirectRead()) return SetInterest(interest_ | kReadable);
  receiving_ = true;
  completions_->Receive(stream_);
}

// Asking again comes before the delivery, in which *this may go away; whether it may be read then
// is seen in MayReceive().
void RingConnection::WaitAgain() {
  waiting_for_input_ = false;
  if (MayRead()) WaitForInput();
}

bool RingConnection::MayReceive() {
  if (MayRead() && !WantsDirectRead()) return true;
  receiving_ = false;
  WaitAgain();
  return false;
}

void RingConnection::OnReceived(int result, const char* data) {
  receiving_ = false;
  if (!MayRead()) return SetAside(result, data);
  if (result > 0) {
    Append(data, static_cast<size_t>(result));
    const bool full = static_cast<size_t>(result) == kReceiveBytesMax;
    if (full && MayRead()) Read(kReadBytesPerIteration - kReceiveBytesMax);
  } else {
    TakeEnd(-result);
  }
  WaitAgain();
  if (HasNews()) Deliver();
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
  DCHECK(!HasAside());
  waiting_for_input_ = false;
  if (result > 0) {
    aside_.assign(data, static_cast<size_t>(result));
  } else {
    end_aside_ = -result;
  }
}

void RingConnection::TakeAside() {
  const std::string bytes = std::move(aside_);
  aside_ = std::string();
  Append(bytes.data(), bytes.size());
  const int end = std::exchange(end_aside_, kNoEnd);
  if (end != kNoEnd) TakeEnd(end);
  WaitAgain();
}

void RingConnection::OnDue() {
  if (HasAside() && MayRead()) TakeAside();
  Deliver();
}

// ---- Output ----

bool RingConnection::FlushSoon() {
  if (blocked_) return false;
  const size_t bytes = output_.Unwritten(send_limit_).size();
  if (bytes == 0 || bytes > kSendSoonBytesMax || broken_) {
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
  if (MayRead()) Read(kReadBytesPerIteration);
  if (!MayRead() || !WantsDirectRead()) {
    SetInterest(interest_ & ~kReadable);
    WaitAgain();
  }
  if (HasNews()) Deliver();
}

}  // namespace twincached::net
