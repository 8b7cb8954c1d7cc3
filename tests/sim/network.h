// Hosts, the paths between them, and TCP as an application sees it.
//
// What it is: byte streams that arrive late, stall, are cut one way, time out and are reset, as
// Linux does it. What it is not: packets; a cut stream goes on at the next retransmission after the
// cut has healed. Bounds: kSendBufferBytes unacknowledged and kReceiveBufferBytes unread per
// direction.
//
// Invariants:
// 1. Bytes arrive in order, once, unchanged (unless Corrupt() was asked for), or the stream breaks.
// 2. A reset or end is seen only behind the bytes that came before it.
// 3. Nothing happens inside a call of the application: all that follows is an event of the
//    timeline.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "tests/sim/random.h"
#include "tests/sim/timeline.h"

namespace twincached::sim {

inline constexpr size_t kSendBufferBytes = 256u << 10;
inline constexpr size_t kReceiveBufferBytes = 128u << 10;

using Ip = uint32_t;  // host byte order

struct SocketName {
  Ip ip = 0;
  uint16_t port = 0;
  bool operator<(const SocketName& other) const {
    return ip != other.ip ? ip < other.ip : port < other.port;
  }
};

class Network;

// One end of a connection. Whoever owns it closes it.
class TcpEnd : public std::enable_shared_from_this<TcpEnd> {
 public:
  TcpEnd(Network* network, SocketName local, SocketName peer)
      : network_(network), local_(local), peer_(peer) {}

  // Called when it may have become readable, writable or broken.
  void set_observer(std::function<void()> observer) { observer_ = std::move(observer); }
  void set_user_timeout_us(int64_t timeout_us) { user_timeout_us_ = timeout_us; }
  SocketName local() const { return local_; }
  SocketName peer() const { return peer_; }

  // Bytes taken, or -errno.
  int64_t Send(const char* data, size_t bytes);
  // Bytes, 0 at the end, or -errno.
  int64_t Receive(char* data, size_t bytes_max);
  void ShutdownWrite();
  // Unread input, or `reset`, makes it a reset, as in Linux. Nothing is called back afterwards.
  void Close(bool reset);
  // The host is gone: the other end learns nothing.
  void Vanish();
  int TakeError();

  bool connected() const { return state_ == State::kOpen; }
  bool Readable() const { return unread_bytes() > 0 || ended_ || error_ != 0; }
  bool Writable() const;
  bool Broken() const { return error_ != 0 || state_ == State::kBroken; }
  bool HungUp() const { return Broken() || (ended_ && shut_); }
  // Flips one bit of the next bytes that arrive here.
  void CorruptNext() { corrupt_next_ = true; }
  // As `ss -K` does it: both ends are reset.
  void Kill();

 private:
  friend class Network;
  enum class State : uint8_t { kConnecting, kOpen, kBroken, kClosed };
  struct Chunk {
    std::string bytes;
    int64_t arrives_us;
    bool end;
  };
  struct Sent {
    uint64_t end_offset;
    int64_t sent_us;
  };

  void Push(std::string bytes, bool end);
  void ArmDelivery(int64_t at_us);
  void DeliverDue();
  void Acknowledge(uint64_t offset);
  void SendAck(uint64_t offset, int64_t again_us);
  void ArmUserTimeout(int64_t at_us);
  void Break(int error);
  void SendReset();
  void Notify();
  bool PathIsCut(bool forth) const;
  size_t unread_bytes() const { return input_.size() - read_bytes_; }

  Network* const network_;
  const SocketName local_, peer_;
  std::weak_ptr<TcpEnd> other_;
  std::function<void()> observer_;
  State state_ = State::kConnecting;

  // What comes in.
  std::string input_;
  size_t read_bytes_ = 0;  // of input_
  bool ended_ = false;
  bool corrupt_next_ = false;
  int error_ = 0;

  // What goes out.
  std::deque<Chunk> flying_;
  std::deque<Sent> unacked_;
  uint64_t sent_bytes_ = 0, acked_bytes_ = 0, arrived_bytes_ = 0;
  int64_t last_arrival_us_ = 0;
  int64_t retransmit_us_ = 0;  // 0: nothing was lost
  bool delivery_armed_ = false, timeout_armed_ = false;
  bool shut_ = false;
  int64_t user_timeout_us_ = 0;
};
using TcpEndPtr = std::shared_ptr<TcpEnd>;

// A listening socket's queue. Closing it resets what was not accepted.
class TcpListener {
 public:
  TcpListener(Network* network, SocketName name) : network_(network), name_(name) {}
  ~TcpListener();
  void set_observer(std::function<void()> observer) { observer_ = std::move(observer); }
  SocketName name() const { return name_; }
  bool HasWaiting() const { return !waiting_.empty(); }
  TcpEndPtr Accept();  // nullptr when nobody waits

 private:
  friend class Network;
  Network* const network_;
  const SocketName name_;
  std::function<void()> observer_;
  std::deque<TcpEndPtr> waiting_;
};

class Network {
 public:
  Network(Timeline* timeline, Random* random) : timeline_(*timeline), random_(*random) {}

  // Port 0: any. nullptr: in use.
  std::unique_ptr<TcpListener> Listen(SocketName name);
  // Connected, refused or silent: the observer is told in all but the last.
  TcpEndPtr Connect(Ip from, SocketName to, std::function<void()> observer);

  // ---- Faults ----
  // One way; between hosts only.
  void Cut(Ip from, Ip to) { cuts_.insert({from, to}); }
  void Heal(Ip from, Ip to) { cuts_.erase({from, to}); }
  void HealAll() { cuts_.clear(); }
  void SetDelay(int64_t least_us, int64_t most_us) {
    delay_least_us_ = least_us;
    delay_most_us_ = most_us;
  }
  void SetHostUp(Ip host, bool up);

  // What has arrived, for the trace: called with every delivery.
  void set_on_delivery(std::function<void(const SocketName& to, const std::string& bytes)> hook) {
    on_delivery_ = std::move(hook);
  }

 private:
  friend class TcpEnd;
  friend class TcpListener;

  int64_t DelayUs(Ip from, Ip to);
  bool IsCut(Ip from, Ip to) const;
  void Reach(const TcpEndPtr& caller, int64_t again_us);

  Timeline& timeline_;
  Random& random_;
  std::map<SocketName, TcpListener*> listeners_;
  std::set<std::pair<Ip, Ip>> cuts_;
  std::set<Ip> down_;
  uint16_t next_port_ = 32768;
  int64_t delay_least_us_ = 50, delay_most_us_ = 200;
  std::function<void(const SocketName&, const std::string&)> on_delivery_;
};

}  // namespace twincached::sim
