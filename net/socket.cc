#include "net/socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "proto/check.h"

namespace twincached::net {
namespace {

void SetOption(int fd, int level, int option, int value) {
  setsockopt(fd, level, option, &value, sizeof(value));
}

absl::Status ListenError(absl::string_view where, int error) {
  const std::string text = absl::StrCat("cannot listen on ", where, ": ", std::strerror(error));
  switch (error) {
    case EADDRINUSE:
      return absl::AlreadyExistsError(text);
    case EADDRNOTAVAIL:
      return absl::NotFoundError(text);
    case EACCES:
    case EPERM:
      return absl::PermissionDeniedError(text);
    case EMFILE:
    case ENFILE:
      return absl::ResourceExhaustedError(text);
    default:
      return absl::UnknownError(text);
  }
}

absl::Status CloseAndFail(int fd, absl::string_view where) {
  const int error = errno;
  close(fd);
  return ListenError(where, error);
}

Address FromSockaddr(const sockaddr_storage& from, socklen_t length) {
  Address address;
  if (from.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(from);
    if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
      sockaddr_in v4 = {};
      v4.sin_family = AF_INET;
      v4.sin_port = v6.sin6_port;
      std::memcpy(&v4.sin_addr, v6.sin6_addr.s6_addr + 12, 4);
      std::memcpy(address.storage, &v4, sizeof(v4));
      address.length = sizeof(v4);
      return address;
    }
  } else if (from.ss_family != AF_INET) {
    return address;
  }
  CHECK_LE(length, sizeof(address.storage));
  std::memcpy(address.storage, &from, length);
  address.length = length;
  return address;
}

// True when a socket file is there and somebody accepts connections on it.
bool IsServed(const sockaddr_un& name) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return false;
  const int result = connect(fd, reinterpret_cast<const sockaddr*>(&name), sizeof(name));
  const bool served = result == 0 || errno == EAGAIN || errno == EINPROGRESS;
  close(fd);
  return served;
}

absl::Status RemoveStaleSocketFile(const std::string& path, const sockaddr_un& name) {
  struct stat info;
  if (lstat(path.c_str(), &info) != 0) return absl::OkStatus();
  if (!S_ISSOCK(info.st_mode)) {
    return absl::AlreadyExistsError(
        absl::StrCat("cannot listen on ", path, ": a file of another kind is there"));
  }
  if (IsServed(name)) return ListenError(path, EADDRINUSE);
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return ListenError(path, errno);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<int> ListenTcp(const Address& address, const ListenOptions& options) {
  const auto* name = reinterpret_cast<const sockaddr*>(address.storage);
  const int fd = socket(name->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return ListenError(address.ToString(), errno);
  SetOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (options.reuse_port) SetOption(fd, SOL_SOCKET, SO_REUSEPORT, 1);
  if (name->sa_family == AF_INET6)
    SetOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, address.dual_stack ? 0 : 1);
  SetNoDelay(fd);
  SetKeepAlive(fd);
  if (bind(fd, name, address.length) != 0) return CloseAndFail(fd, address.ToString());
  if (listen(fd, options.backlog) != 0) return CloseAndFail(fd, address.ToString());
  return fd;
}

absl::StatusOr<int> ListenUnix(const std::string& path, uint32_t mode, int backlog) {
  sockaddr_un name = {};
  name.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(name.sun_path)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the path of a unix socket has 1 to ", sizeof(name.sun_path) - 1, " characters: ", path));
  }
  std::memcpy(name.sun_path, path.data(), path.size());
  const absl::Status removed = RemoveStaleSocketFile(path, name);
  if (!removed.ok()) return removed;
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return ListenError(path, errno);
  const mode_t umask_before = umask(~mode & 0777);
  const int bound = bind(fd, reinterpret_cast<const sockaddr*>(&name), sizeof(name));
  const int error = errno;
  umask(umask_before);
  errno = error;
  if (bound != 0) return CloseAndFail(fd, path);
  if (listen(fd, backlog) != 0) return CloseAndFail(fd, path);
  return fd;
}

void SetNoDelay(int fd) { SetOption(fd, IPPROTO_TCP, TCP_NODELAY, 1); }

void SetKeepAlive(int fd) { SetOption(fd, SOL_SOCKET, SO_KEEPALIVE, 1); }

void SetUserTimeout(int fd, int64_t timeout_ms) {
  SetOption(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(timeout_ms));
}

void SetResetOnClose(int fd) {
  const linger now = {1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

Address LocalAddress(int fd) {
  sockaddr_storage name = {};
  socklen_t length = sizeof(name);
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&name), &length) != 0) return Address();
  return FromSockaddr(name, length);
}

Address PeerAddress(int fd) {
  sockaddr_storage name = {};
  socklen_t length = sizeof(name);
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&name), &length) != 0) return Address();
  return FromSockaddr(name, length);
}

bool IsLocalPeer(int fd) {
  sockaddr_storage name = {};
  socklen_t length = sizeof(name);
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&name), &length) != 0) return false;
  if (name.ss_family == AF_UNIX) return true;
  const std::string host = FromSockaddr(name, length).HostString();
  return host == "::1" || host.compare(0, 4, "127.") == 0;
}

size_t RaiseDescriptorLimit(size_t wanted) {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  if (limit.rlim_cur >= wanted) return limit.rlim_cur;
  const rlimit raised = {wanted, std::max<rlim_t>(limit.rlim_max, wanted)};
  if (setrlimit(RLIMIT_NOFILE, &raised) == 0) return wanted;
  const rlimit allowed = {std::min<rlim_t>(limit.rlim_max, wanted), limit.rlim_max};
  if (setrlimit(RLIMIT_NOFILE, &allowed) == 0) return allowed.rlim_cur;
  return limit.rlim_cur;
}

}  // namespace twincached::net
