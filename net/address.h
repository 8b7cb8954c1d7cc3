// A socket address (IPv4, IPv6) and its text, and the blocking name look-up kept away from the
// loops.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace twincached::net {

struct HostPort {
  std::string host;  // name or literal, without brackets
  uint16_t port = 0;
};

// "host", "host:port", "1.2.3.4:5", "[::1]:5", "::1"; the default port where none is given.
absl::StatusOr<HostPort> ParseHostPort(absl::string_view text, uint16_t default_port);

struct Address {
  alignas(8) unsigned char storage[28] = {};  // a sockaddr_in or sockaddr_in6
  uint32_t length = 0;           // of what is in storage; 0: no address (the peer of a unix socket)
  bool dual_stack = false;       // [::] made from "*": a listener on it takes IPv4 too
  std::string ToString() const;  // "127.0.0.1:11211", "[::1]:11211"; "unix" when there is none
  std::string HostString() const;
  uint16_t port() const;
  Address WithPort(uint16_t port) const;
};

// Literals only; never blocks.
absl::StatusOr<Address> ParseAddress(const HostPort& host_port);
// Names too; blocks. For start-up only. "*" or "" is every address (0.0.0.0, and [::] where there
// is IPv6). A name with addresses of both kinds gives an IPv4 one, so that the two ends of a pair
// choose alike.
absl::StatusOr<Address> ResolveBlocking(const HostPort& host_port);

class EventLoop;
// Looks a name up on a thread of its own (started on first use, for names only: literals are
// answered without one) and calls back on the loop, exactly once, unless the resolver was destroyed
// before.
class Resolver {
 public:
  explicit Resolver(EventLoop* loop);  // borrowed, outlives the resolver
  ~Resolver();
  void Resolve(const HostPort& host_port, std::function<void(absl::StatusOr<Address>)> on_done);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace twincached::net
