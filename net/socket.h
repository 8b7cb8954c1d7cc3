// What a socket is asked for besides bytes: listening, options, addresses, and the limit on
// descriptors.
//
// Plain functions over descriptors; nothing is owned here. None of them blocks. Option setters
// ignore a failure: the socket works without (a unix socket has no TCP options), except where a
// Status is returned.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "net/address.h"

namespace twincached::net {

struct ListenOptions {
  int backlog = 1024;       // memcached's -b default
  bool reuse_port = false;  // several sockets of one port, one per core; each of them must say so
};

// A listening socket, non-blocking and close-on-exec; what it accepts inherits TCP_NODELAY and
// keepalive. The failure names the address and the reason. The caller owns the descriptor.
absl::StatusOr<int> ListenTcp(const Address& address, const ListenOptions& options);

// As memcached's -s and -a: the socket file gets `mode` (0700). A socket file that nobody listens
// on any more is replaced; one that somebody serves, or a file of another kind, is a failure.
// Start-up only: changes the umask for a moment, which is the whole process's.
absl::StatusOr<int> ListenUnix(const std::string& path, uint32_t mode, int backlog);

void SetNoDelay(int fd);
void SetKeepAlive(int fd);
// Unacknowledged bytes break the connection after this long.
void SetUserTimeout(int fd, int64_t timeout_ms);
// close() sends RST and forgets what is unsent.
void SetResetOnClose(int fd);

// An IPv4 address mapped into IPv6 is given as the IPv4 one. Length 0 when there is none (a unix
// socket).
Address LocalAddress(int fd);
Address PeerAddress(int fd);
// The peer is a process on this host: a unix socket, or a loopback address. False when it is gone.
bool IsLocalPeer(int fd);

// Raises the soft limit on descriptors, and the hard one where allowed, to at least `wanted`.
// Returns the limit now in force, which may be lower.
size_t RaiseDescriptorLimit(size_t wanted);

}  // namespace twincached::net
