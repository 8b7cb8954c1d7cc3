#include "net/stream_connection.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "net/socket.h"
#include "proto/check.h"
#include "proto/limits.h"

namespace twincached::net {
namespace {

// Heads, values and ends of so many replies go out together; a connection rarely has more.
constexpr size_t kPiecesPerWrite = 64;

}  // namespace

StreamConnection::StreamConnection(int fd, ConnectionHandler* handler, ConnectionContext* context)
    : handler_(handler),
      context_(context),
      fd_(fd),
      input_(&context->buffers),
      output_(&context->buffers) {
  ++context_->connections;
}

StreamConnection::~StreamConnection() {
  if (gone_ != nullptr) *gone_ = true;
  CloseSocket();
  --context_->connections;
}

// ---- Input ----

void StreamConnection::Consume(size_t bytes) {
  input_.Consume(bytes);
  wanted_ = 1;
  if (pins_ == 0) input_.Trim();
  ContinueReading();
}

void StreamConnection::SetInputWanted(size_t bytes) {
  wanted_ = std::max<size_t>(bytes, 1);
  ContinueReading();
}

void StreamConnection::ResumeReading() {
  paused_ = false;
  undelivered_ = true;
  ContinueReading();
}

void StreamConnection::UnpinInput() {
  CHECK_GT(pins_, 0u);
  if (--pins_ > 0) return;
  input_.Trim();
  ContinueReading();
}

bool StreamConnection::MayRead() const {
  return MayDeliver() && !ended_ && input_.size() < std::max(kReadBytesPerIteration, wanted_);
}

bool StreamConnection::InputDue() const {
  return undelivered_ && !input_.empty() && (input_.size() >= wanted_ || ended_);
}

void StreamConnection::ContinueReading() {
  if (fd_ < 0 || !MayDeliver()) return;
  if (InputDue() || (ended_ && !told_)) context_->ready.Link(this);
  if (!waiting_for_input_ && MayRead()) WaitForInput();
}

void StreamConnection::Read() {
  const size_t missing = wanted_ > input_.size() ? wanted_ - input_.size() : 0;
  const size_t turn_bytes = std::clamp(missing, kReadBytesPerIteration, kValueBytesPerIteration);
  const InputBuffer::Space space = input_.Prepare(wanted_);
  const size_t bytes_max = std::min(space.bytes, turn_bytes);
  const ssize_t bytes = recv(fd_, space.data, bytes_max, MSG_DONTWAIT);
  if (bytes > 0) {
    TakeReceived(static_cast<size_t>(bytes));
  } else {
    TakeEnd(bytes == 0 ? 0 : errno);
  }
}

void StreamConnection::TakeReceived(size_t bytes) {
  input_.Commit(bytes);
  undelivered_ = true;
}

void StreamConnection::TakeEnd(int error) {
  input_.Trim();
  if (error == EAGAIN || error == EINTR) return;
  if (error == 0) return End(end_reason_);
  broken_ = true;
  blocked_ = false;
  End(error == ECONNRESET ? CloseReason::kReset : CloseReason::kError);
}

void StreamConnection::End(CloseReason reason) {
  ended_ = true;
  end_reason_ = reason;
  waiting_for_input_ = false;
  SetInterest(blocked_ ? kWritable : 0);
}

bool StreamConnection::Deliver() {
  Unlink();
  if (!MayDeliver()) return true;
  if (InputDue()) {
    undelivered_ = false;
    if (!Call([](StreamConnection& self) { self.handler_->OnInput(self); })) return false;
  }
  if (!ended_ || told_ || !MayDeliver() || InputDue()) return true;
  Unlink();
  told_ = true;
  return Call([](StreamConnection& self) { self.handler_->OnClosed(self, self.end_reason_); });
}

// ---- Output ----

void StreamConnection::Flush() {
  if (!blocked_) Write();
}

bool StreamConnection::WriteReady() {
  if (!blocked_) return true;
  blocked_ = false;
  Write();
  if (blocked_) return true;
  SetInterest(interest_ & ~kWritable);
  return Call([](StreamConnection& self) { self.handler_->OnDrained(self); });
}

void StreamConnection::Write() {
  if (broken_) {
    // Nothing is sent.
  } else if (output_.has_borrowed()) {
    WriteChain();
  } else {
    WriteText();
  }
  FinishWrite();
}

void StreamConnection::WriteText() {
  const absl::string_view bytes = output_.Unwritten(send_limit_);
  if (bytes.empty()) return;
  const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  TakeSent(sent < 0 ? -errno : sent, bytes.size());
}

void StreamConnection::WriteChain() {
  while (!blocked_ && !broken_ && output_.UnwrittenBytes(send_limit_) > 0) {
    iovec pieces[kPiecesPerWrite];
    msghdr message = {};
    message.msg_iov = pieces;
    message.msg_iovlen = output_.Gather(send_limit_, pieces, kPiecesPerWrite);
    size_t asked = 0;
    for (size_t i = 0; i < message.msg_iovlen; ++i) asked += pieces[i].iov_len;
    const ssize_t sent = sendmsg(fd_, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    TakeSent(sent < 0 ? -errno : sent, asked);
  }
}

void StreamConnection::TakeSent(ssize_t result, size_t asked) {
  if (result < 0) return WriteFailed(static_cast<int>(-result));
  blocked_ = static_cast<size_t>(result) < asked;
  output_.MarkWritten(static_cast<size_t>(result));
}

void StreamConnection::FinishWrite() {
  if (broken_) output_.MarkWritten(output_.UnwrittenBytes(send_limit_));
  if (blocked_) SetInterest(interest_ | kWritable);
  output_.ReleaseIfEmpty();
  if (half_close_ && output_.empty()) {
    half_close_ = false;
    if (!broken_) shutdown(fd_, SHUT_WR);
  }
}

// The socket stays readable: what the peer sent before is read first, then the end. A reset that
// send() reported is not reported again by recv(), so the reason is kept; EPIPE says only that an
// orderly end is already in the input.
void StreamConnection::WriteFailed(int error) {
  if (error == EAGAIN || error == EINTR) {
    blocked_ = true;
    return;
  }
  broken_ = true;
  if (error == EPIPE || ended_) return;
  end_reason_ = error == ECONNRESET ? CloseReason::kReset : CloseReason::kError;
}

// ---- Ends ----

void StreamConnection::Shutdown() {
  if (fd_ < 0) return;
  half_close_ = true;
  if (!blocked_) Write();
}

void StreamConnection::Reset() {
  if (fd_ < 0) return;
  SetResetOnClose(fd_);
  CloseSocket();
  broken_ = true;
  blocked_ = false;
}

void StreamConnection::CloseSocket() {
  if (fd_ < 0) return;
  Unlink();
  Detach();
  close(fd_);
  fd_ = -1;
}

// ---- Events ----

void StreamConnection::SetInterest(uint32_t interest) {
  if (!registered_) {
    if (interest == 0) return;
    context_->poller->Add(fd_, interest, this);
    registered_ = true;
  } else if (interest == 0 && !StaysRegistered()) {
    return Unregister();
  } else if (interest != interest_) {
    context_->poller->Change(fd_, interest, this);
  }
  interest_ = interest;
}

void StreamConnection::Unregister() {
  if (registered_) context_->poller->Remove(fd_, this);
  registered_ = false;
  waiting_for_input_ = false;
  interest_ = 0;
}

bool StreamConnection::Call(void (*callback)(StreamConnection& self)) {
  DCHECK(gone_ == nullptr);
  bool gone = false;
  gone_ = &gone;
  callback(*this);
  if (gone) return false;
  gone_ = nullptr;
  return fd_ >= 0;
}

}  // namespace twincached::net
