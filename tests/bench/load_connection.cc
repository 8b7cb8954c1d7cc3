#include "tests/bench/load_connection.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "proto/check.h"

namespace twincached::bench {
namespace {

constexpr size_t kInputBytesMin = 64 * 1024;
constexpr size_t kShownBytesMax = 120;

std::string ErrnoText(absl::string_view what) {
  return absl::StrCat(what, ": ", std::strerror(errno));
}

std::string Shown(absl::string_view bytes) {
  return absl::CHexEscape(bytes.substr(0, kShownBytesMax));
}

}  // namespace

uint64_t MonotonicNs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000000000 + static_cast<uint64_t>(now.tv_nsec);
}

LoadConnection::LoadConnection(const RequestText* text, ReplyRecorder* recorder, int pipeline)
    : text_(text),
      recorder_(recorder),
      output_bytes_max_(static_cast<size_t>(pipeline) * text->RequestBytesMax()),
      input_bytes_max_(std::max(kInputBytesMin, text->ReplyBytesMax() + kReplyLineBytesMax)),
      output_(new char[output_bytes_max_]),
      input_(new char[input_bytes_max_]),
      batch_(static_cast<size_t>(pipeline)) {
  CHECK_GT(pipeline, 0);
}

LoadConnection::~LoadConnection() {
  if (fd_ != -1) close(fd_);
}

bool LoadConnection::Connect(const std::string& host, uint16_t port, std::string* error) {
  CHECK_EQ(fd_, -1);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) {
    *error = absl::StrCat("not an IPv4 address: ", host);
    return false;
  }
  fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd_ == -1) {
    *error = ErrnoText("socket");
    return false;
  }
  if (connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    *error = ErrnoText(absl::StrCat("connect to ", host, ":", port));
    return false;
  }
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  if (fcntl(fd_, F_SETFL, O_NONBLOCK) != 0) *error = ErrnoText("fcntl");
  return error->empty();
}

void LoadConnection::StartBatch(RequestSource* source, uint64_t due_ns) {
  DCHECK(state_ == State::kIdle);
  batch_requests_ = answered_ = output_begin_ = output_end_ = 0;
  due_ns_ = due_ns;
  while (batch_requests_ < batch_.size() && source->Next(&batch_[batch_requests_])) {
    output_end_ += text_->Write(batch_[batch_requests_], output_.get() + output_end_);
    ++batch_requests_;
  }
  DCHECK_LE(output_end_, output_bytes_max_);
  if (batch_requests_ > 0) Send();
}

void LoadConnection::Send() {
  while (output_begin_ < output_end_) {
    const size_t left = output_end_ - output_begin_;
    const ssize_t sent = send(fd_, output_.get() + output_begin_, left, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno == EAGAIN) {
      state_ = State::kBlocked;
      return;
    }
    if (sent < 0) return Fail(ErrnoText("send"));
    output_begin_ += static_cast<size_t>(sent);
  }
  state_ = State::kWaiting;
}

void LoadConnection::Receive() {
  CompactInput();
  const size_t room = input_bytes_max_ - input_end_;
  const ssize_t received = recv(fd_, input_.get() + input_end_, room, 0);
  if (received < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (received < 0) return Fail(ErrnoText("receive"));
  if (received == 0) return Fail("connection closed by the server");
  input_end_ += static_cast<size_t>(received);
  ScanReplies(MonotonicNs());
}

void LoadConnection::ScanReplies(uint64_t now_ns) {
  while (answered_ < batch_requests_ && input_begin_ < input_end_) {
    if (!ScanOne(now_ns)) return;
  }
  if (answered_ < batch_requests_) return;
  if (input_begin_ < input_end_) return Fail("bytes that nobody asked for");
  if (state_ == State::kWaiting) state_ = State::kIdle;
}

bool LoadConnection::ScanOne(uint64_t now_ns) {
  char key_bytes[kKeyBytesMax];
  const Request& request = batch_[answered_];
  const absl::string_view key = text_->WriteKey(request.key_index, key_bytes);
  const absl::string_view input(input_.get() + input_begin_, input_end_ - input_begin_);
  const ReplyScan reply = ScanReply(request.kind, key, input);
  switch (reply.outcome) {
    case ReplyOutcome::kIncomplete:
      if (input.size() == input_bytes_max_) Fail("a reply longer than the values of this load");
      return false;
    case ReplyOutcome::kBroken:
      Fail(absl::StrCat("wrong reply: ", Shown(input.substr(0, reply.bytes))));
      return false;
    case ReplyOutcome::kErrorLine:
      recorder_->Wrong(1, Shown(input.substr(0, reply.bytes)));
      break;
    default:
      recorder_->Right(reply.outcome, due_ns_, now_ns);
  }
  input_begin_ += reply.bytes;
  ++answered_;
  return true;
}

void LoadConnection::CompactInput() {
  const size_t left = input_end_ - input_begin_;
  if (left > 0 && input_begin_ > 0) {
    std::memmove(input_.get(), input_.get() + input_begin_, left);
  }
  input_begin_ = 0;
  input_end_ = left;
}

void LoadConnection::Fail(absl::string_view reason) {
  recorder_->Wrong(std::max<uint64_t>(1, batch_requests_ - answered_), reason);
  answered_ = batch_requests_;
  state_ = State::kFailed;
  if (fd_ != -1) close(fd_);
  fd_ = -1;
}

}  // namespace twincached::bench
