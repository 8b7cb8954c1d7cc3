#include "net/address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "proto/check.h"

namespace twincached::net {
namespace {

static_assert(sizeof(Address::storage) >= sizeof(sockaddr_in6) &&
              sizeof(sockaddr_in6) >= sizeof(sockaddr_in));
// Family and port are at the same place in both kinds.
static_assert(offsetof(sockaddr_in, sin_family) == offsetof(sockaddr_in6, sin6_family));
constexpr size_t kPortAt = offsetof(sockaddr_in, sin_port);
static_assert(kPortAt == offsetof(sockaddr_in6, sin6_port));

sa_family_t Family(const Address& address) {
  sa_family_t family = AF_UNSPEC;
  if (address.length != 0) {
    std::memcpy(&family, address.storage + offsetof(sockaddr_in, sin_family), sizeof(family));
  }
  return family;
}

Address FromSockaddr(const sockaddr* from, socklen_t length, uint16_t port) {
  Address address;
  CHECK_LE(length, sizeof(address.storage));
  std::memcpy(address.storage, from, length);
  address.length = length;
  return address.WithPort(port);
}

absl::Status BadAddress(absl::string_view text, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("bad address '", text, "': ", why));
}

absl::StatusOr<Address> LookUp(const HostPort& host_port, int flags) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host_port.host.c_str(), nullptr, &hints, &found);
  if (error != 0) {
    return absl::NotFoundError(
        absl::StrCat("cannot resolve '", host_port.host, "': ", gai_strerror(error)));
  }
  const addrinfo* chosen = found;
  for (const addrinfo* other = found; other != nullptr; other = other->ai_next) {
    if (other->ai_family == AF_INET) {
      chosen = other;
      break;
    }
  }
  const Address address = FromSockaddr(chosen->ai_addr, chosen->ai_addrlen, host_port.port);
  freeaddrinfo(found);
  return address;
}

// [::] where a socket can be bound to it, else 0.0.0.0.
Address EveryAddress(uint16_t port) {
  sockaddr_in6 v6 = {};
  v6.sin6_family = AF_INET6;
  const int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool usable = fd >= 0 && bind(fd, reinterpret_cast<const sockaddr*>(&v6), sizeof(v6)) == 0;
  if (fd >= 0) close(fd);
  if (usable) {
    Address address = FromSockaddr(reinterpret_cast<const sockaddr*>(&v6), sizeof(v6), port);
    address.dual_stack = true;
    return address;
  }
  sockaddr_in v4 = {};
  v4.sin_family = AF_INET;
  return FromSockaddr(reinterpret_cast<const sockaddr*>(&v4), sizeof(v4), port);
}

}  // namespace

absl::StatusOr<HostPort> ParseHostPort(absl::string_view text, uint16_t default_port) {
  absl::string_view host = text;
  absl::string_view port;
  bool has_port = false;
  if (!text.empty() && text.front() == '[') {
    const size_t close = text.find(']');
    if (close == absl::string_view::npos) return BadAddress(text, "']' is missing");
    host = text.substr(1, close - 1);
    absl::string_view rest = text.substr(close + 1);
    if (host.empty()) return BadAddress(text, "nothing between the brackets");
    if (!rest.empty() && rest.front() != ':')
      return BadAddress(text, "after ']' only :port may follow");
    has_port = !rest.empty();
    if (has_port) port = rest.substr(1);
  } else if (const size_t colon = text.find(':');
             colon != absl::string_view::npos && colon == text.rfind(':')) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
    has_port = true;
  }
  uint32_t number = default_port;
  if (has_port &&
      (port.empty() || port.find_first_not_of("0123456789") != absl::string_view::npos ||
       !absl::SimpleAtoi(port, &number) || number > UINT16_MAX)) {
    return BadAddress(text, "the port is a number from 0 to 65535");
  }
  return HostPort{std::string(host), static_cast<uint16_t>(number)};
}

absl::StatusOr<Address> ParseAddress(const HostPort& host_port) {
  sockaddr_in v4 = {};
  v4.sin_family = AF_INET;
  if (inet_pton(AF_INET, host_port.host.c_str(), &v4.sin_addr) == 1) {
    return FromSockaddr(reinterpret_cast<const sockaddr*>(&v4), sizeof(v4), host_port.port);
  }
  if (host_port.host.find(':') != std::string::npos) return LookUp(host_port, AI_NUMERICHOST);
  return BadAddress(host_port.host, "not an IPv4 or IPv6 address");
}

absl::StatusOr<Address> ResolveBlocking(const HostPort& host_port) {
  if (host_port.host.empty() || host_port.host == "*") return EveryAddress(host_port.port);
  const absl::StatusOr<Address> literal = ParseAddress(host_port);
  const bool may_be_name = host_port.host.find(':') == std::string::npos;
  return literal.ok() || !may_be_name ? literal : LookUp(host_port, 0);
}

std::string Address::HostString() const {
  char text[INET6_ADDRSTRLEN + 32] = "unix";
  if (length != 0) {
    const int error = getnameinfo(reinterpret_cast<const sockaddr*>(storage), length, text,
                                  sizeof(text), nullptr, 0, NI_NUMERICHOST);
    CHECK_EQ(error, 0);
  }
  return text;
}

std::string Address::ToString() const {
  switch (Family(*this)) {
    case AF_INET:
      return absl::StrCat(HostString(), ":", port());
    case AF_INET6:
      return absl::StrCat("[", HostString(), "]:", port());
    default:
      return HostString();
  }
}

uint16_t Address::port() const {
  in_port_t port = 0;
  if (length != 0) std::memcpy(&port, storage + kPortAt, sizeof(port));
  return ntohs(port);
}

Address Address::WithPort(uint16_t port) const {
  Address address = *this;
  const in_port_t network_port = htons(port);
  if (length != 0) std::memcpy(address.storage + kPortAt, &network_port, sizeof(network_port));
  return address;
}

}  // namespace twincached::net
