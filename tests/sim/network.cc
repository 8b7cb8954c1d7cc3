#include "tests/sim/network.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "proto/check.h"

namespace twincached::sim {

namespace {

constexpr int64_t kRetransmitUs = 200000;
constexpr int64_t kRetransmitUsMax = 1600000;
constexpr int64_t kConnectAgainUs = 1000000;
constexpr int64_t kSameHostDelayUs = 15;

}  // namespace

// ---------------------------------------------------------------- hosts and paths

int64_t Network::DelayUs(Ip from, Ip to) {
  if (from == to) return kSameHostDelayUs;
  return random_.Between(delay_least_us_, delay_most_us_);
}

bool Network::IsCut(Ip from, Ip to) const {
  if (down_.count(from) != 0 || down_.count(to) != 0) return true;
  return from != to && cuts_.count({from, to}) != 0;
}

void Network::SetHostUp(Ip host, bool up) {
  if (up) {
    down_.erase(host);
  } else {
    down_.insert(host);
  }
}

// ---------------------------------------------------------------- connections begin

std::unique_ptr<TcpListener> Network::Listen(SocketName name) {
  while (name.port == 0 || (name.port >= 32768 && listeners_.count(name) != 0)) {
    name.port = std::max<uint16_t>(next_port_++, 32768);
  }
  auto listener = std::make_unique<TcpListener>(this, name);
  if (!listeners_.emplace(name, listener.get()).second) return nullptr;
  return listener;
}

TcpListener::~TcpListener() {
  auto found = network_->listeners_.find(name_);
  if (found != network_->listeners_.end() && found->second == this) {
    network_->listeners_.erase(found);
  }
  for (const TcpEndPtr& end : waiting_) end->Close(true);
}

TcpEndPtr TcpListener::Accept() {
  if (waiting_.empty()) return nullptr;
  TcpEndPtr end = std::move(waiting_.front());
  waiting_.pop_front();
  return end;
}

TcpEndPtr Network::Connect(Ip from, SocketName to, std::function<void()> observer) {
  const SocketName local{from, std::max<uint16_t>(next_port_++, 32768)};
  auto caller = std::make_shared<TcpEnd>(this, local, to);
  caller->set_observer(std::move(observer));
  timeline_.After(DelayUs(from, to.ip), [this, caller] { Reach(caller, kConnectAgainUs); });
  return caller;
}

// The caller's SYN is at the other host, or would be.
void Network::Reach(const TcpEndPtr& caller, int64_t again_us) {
  if (caller->state_ != TcpEnd::State::kConnecting) return;
  const Ip from = caller->local_.ip, to = caller->peer_.ip;
  if (IsCut(from, to) || IsCut(to, from)) {
    timeline_.After(again_us, [this, caller, again_us] { Reach(caller, 2 * again_us); });
    return;
  }
  auto found = listeners_.find(caller->peer_);
  const int64_t back_us = DelayUs(to, from);
  if (found == listeners_.end()) {
    timeline_.After(back_us, [caller] {
      if (caller->state_ == TcpEnd::State::kConnecting) caller->Break(ECONNREFUSED);
    });
    return;
  }
  auto callee = std::make_shared<TcpEnd>(this, caller->peer_, caller->local_);
  callee->state_ = TcpEnd::State::kOpen;
  callee->other_ = caller;
  caller->other_ = callee;
  callee->last_arrival_us_ = timeline_.now_us() + back_us;  // nothing overtakes the SYN-ACK
  found->second->waiting_.push_back(callee);
  if (found->second->observer_) found->second->observer_();
  timeline_.After(back_us, [caller, callee] {
    if (caller->state_ == TcpEnd::State::kConnecting) {
      caller->state_ = TcpEnd::State::kOpen;
      caller->Notify();
    } else if (caller->state_ == TcpEnd::State::kClosed) {
      callee->Break(ECONNRESET);
    }
  });
}

// ---------------------------------------------------------------- bytes

bool TcpEnd::PathIsCut(bool forth) const {
  return forth ? network_->IsCut(local_.ip, peer_.ip) : network_->IsCut(peer_.ip, local_.ip);
}

bool TcpEnd::Writable() const {
  if (Broken()) return true;
  return state_ == State::kOpen && !shut_ && sent_bytes_ - acked_bytes_ < kSendBufferBytes;
}

int64_t TcpEnd::Send(const char* data, size_t bytes) {
  if (error_ != 0) return -std::exchange(error_, 0);
  if (state_ != State::kOpen || shut_) return -EPIPE;
  const size_t room =
      kSendBufferBytes - std::min<size_t>(kSendBufferBytes, sent_bytes_ - acked_bytes_);
  const size_t taken = std::min(bytes, room);
  if (taken == 0) return -EAGAIN;
  Push(std::string(data, taken), false);
  return static_cast<int64_t>(taken);
}

void TcpEnd::Push(std::string bytes, bool end) {
  const int64_t now_us = network_->timeline_.now_us();
  sent_bytes_ += bytes.size();
  if (unacked_.empty() && user_timeout_us_ > 0) ArmUserTimeout(now_us + user_timeout_us_);
  unacked_.push_back({sent_bytes_ + (end ? 1 : 0), now_us});
  last_arrival_us_ = std::max(last_arrival_us_, now_us + network_->DelayUs(local_.ip, peer_.ip));
  flying_.push_back({std::move(bytes), last_arrival_us_, end});
  ArmDelivery(last_arrival_us_);
}

void TcpEnd::ArmDelivery(int64_t at_us) {
  if (std::exchange(delivery_armed_, true)) return;
  network_->timeline_.At(at_us, [self = shared_from_this()] {
    self->delivery_armed_ = false;
    self->DeliverDue();
  });
}

// Runs at the sender; what arrives is put into the other end.
void TcpEnd::DeliverDue() {
  if (flying_.empty()) return;
  const int64_t now_us = network_->timeline_.now_us();
  if (PathIsCut(true)) {
    retransmit_us_ = std::min(std::max(2 * retransmit_us_, kRetransmitUs), kRetransmitUsMax);
    return ArmDelivery(now_us + retransmit_us_);
  }
  retransmit_us_ = 0;
  const TcpEndPtr other = other_.lock();
  if (other == nullptr || other->state_ != State::kOpen) {
    flying_.clear();
    // Nobody is there: the other host says so.
    if (!PathIsCut(false) && state_ == State::kOpen) {
      network_->timeline_.After(network_->DelayUs(peer_.ip, local_.ip),
                                [self = shared_from_this()] { self->Break(ECONNRESET); });
    }
    return;
  }
  const uint64_t arrived_before = arrived_bytes_;
  while (!flying_.empty() && flying_.front().arrives_us <= now_us &&
         other->unread_bytes() < kReceiveBufferBytes) {
    Chunk chunk = std::move(flying_.front());
    flying_.pop_front();
    if (!chunk.bytes.empty() && std::exchange(other->corrupt_next_, false)) {
      chunk.bytes[network_->random_.Below(chunk.bytes.size())] ^=
          static_cast<char>(1 << network_->random_.Below(8));
    }
    if (network_->on_delivery_) network_->on_delivery_(peer_, chunk.bytes);
    arrived_bytes_ += chunk.bytes.size() + (chunk.end ? 1 : 0);
    other->input_ += chunk.bytes;
    if (chunk.end) other->ended_ = true;
  }
  if (arrived_bytes_ > arrived_before) {
    SendAck(arrived_bytes_, kRetransmitUs);
    other->Notify();
  }
  if (flying_.empty() || flying_.front().arrives_us <= now_us) return;  // Receive() goes on
  ArmDelivery(flying_.front().arrives_us);
}

void TcpEnd::SendAck(uint64_t offset, int64_t again_us) {
  network_->timeline_.After(network_->DelayUs(peer_.ip, local_.ip),
                            [self = shared_from_this(), offset, again_us] {
                              if (!self->PathIsCut(false)) return self->Acknowledge(offset);
                              self->network_->timeline_.After(again_us, [self, offset, again_us] {
                                if (self->state_ == State::kOpen)
                                  self->SendAck(offset, 2 * again_us);
                              });
                            });
}

void TcpEnd::Acknowledge(uint64_t offset) {
  if (offset <= acked_bytes_) return;
  const bool was_full = sent_bytes_ - acked_bytes_ >= kSendBufferBytes;
  acked_bytes_ = std::min(offset, sent_bytes_);
  while (!unacked_.empty() && unacked_.front().end_offset <= offset) unacked_.pop_front();
  if (was_full) Notify();
}

void TcpEnd::ArmUserTimeout(int64_t at_us) {
  if (std::exchange(timeout_armed_, true)) return;
  network_->timeline_.At(at_us, [self = shared_from_this()] {
    self->timeout_armed_ = false;
    if (self->state_ != State::kOpen || self->unacked_.empty()) return;
    const int64_t due_us = self->unacked_.front().sent_us + self->user_timeout_us_;
    if (due_us > self->network_->timeline_.now_us()) return self->ArmUserTimeout(due_us);
    self->flying_.clear();
    self->Break(ETIMEDOUT);
  });
}

int64_t TcpEnd::Receive(char* data, size_t bytes_max) {
  const size_t bytes = std::min(bytes_max, unread_bytes());
  if (bytes == 0) {
    if (error_ != 0) return -std::exchange(error_, 0);
    if (ended_ || state_ == State::kBroken) return 0;
    return -EAGAIN;
  }
  input_.copy(data, bytes, read_bytes_);
  read_bytes_ += bytes;
  if (2 * read_bytes_ >= input_.size()) input_.erase(0, std::exchange(read_bytes_, 0));
  const TcpEndPtr other = other_.lock();
  if (other != nullptr && !other->flying_.empty()) {
    other->ArmDelivery(std::max(network_->timeline_.now_us() + kSameHostDelayUs,
                                other->flying_.front().arrives_us));
  }
  return static_cast<int64_t>(bytes);
}

// ---------------------------------------------------------------- connections end

void TcpEnd::ShutdownWrite() {
  if (state_ != State::kOpen || std::exchange(shut_, true)) return;
  Push({}, true);
}

void TcpEnd::Close(bool reset) {
  observer_ = nullptr;
  if (state_ == State::kClosed) return;
  const State before = std::exchange(state_, State::kClosed);
  if (before != State::kOpen) return;
  if (reset || unread_bytes() > 0) {
    flying_.clear();
    SendReset();
  } else if (!shut_) {
    shut_ = true;
    Push({}, true);
  }
}

void TcpEnd::Vanish() {
  observer_ = nullptr;
  state_ = State::kClosed;
  flying_.clear();
}

// Resets are not sent again: one that is lost is lost.
void TcpEnd::SendReset() {
  const TcpEndPtr other = other_.lock();
  if (other == nullptr) return;
  network_->timeline_.After(network_->DelayUs(local_.ip, peer_.ip),
                            [self = shared_from_this(), other] {
                              if (!self->PathIsCut(true)) other->Break(ECONNRESET);
                            });
}

void TcpEnd::Kill() {
  if (state_ != State::kOpen) return;
  flying_.clear();
  SendReset();
  Break(ECONNRESET);
}

void TcpEnd::Break(int error) {
  if (state_ == State::kClosed || state_ == State::kBroken) return;
  state_ = State::kBroken;
  error_ = error;
  flying_.clear();
  Notify();
}

int TcpEnd::TakeError() { return std::exchange(error_, 0); }

void TcpEnd::Notify() {
  if (observer_) observer_();
}

}  // namespace twincached::sim
