// The system calls of net/, linked here instead of to the C library (--wrap, see BUILD.bazel).
// Those made while no simulated process runs go on to the real kernel.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "proto/check.h"
#include "tests/sim/process.h"

using twincached::sim::Process;
using twincached::sim::SocketName;

namespace {

// A result of the simulated kernel as the C library gives it.
template <typename Result>
Result Errno(Result result) {
  if (result >= 0) return result;
  errno = static_cast<int>(-result);
  return -1;
}

SocketName FromSockaddr(const sockaddr* address) {
  CHECK_EQ(address->sa_family, AF_INET);
  sockaddr_in name;
  std::memcpy(&name, address, sizeof(name));
  return {ntohl(name.sin_addr.s_addr), ntohs(name.sin_port)};
}

int ToSockaddr(SocketName from, sockaddr* address, socklen_t* length) {
  sockaddr_in name = {};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(from.ip);
  name.sin_port = htons(from.port);
  std::memcpy(address, &name, sizeof(name));
  *length = sizeof(name);
  return 0;
}

}  // namespace

extern "C" {

int __real_close(int fd);
ssize_t __real_read(int fd, void* data, size_t bytes);
ssize_t __real_write(int fd, const void* data, size_t bytes);
int __real_clock_gettime(clockid_t clock, timespec* time);
int __real_madvise(void* begin, size_t bytes, int advice) noexcept;

int __wrap_socket(int, int, int) { return Errno(Process::current()->Socket()); }

int __wrap_bind(int fd, const sockaddr* address, socklen_t) {
  return Errno(Process::current()->Bind(fd, FromSockaddr(address)));
}

int __wrap_listen(int fd, int) { return Errno(Process::current()->Listen(fd)); }

int __wrap_accept4(int fd, sockaddr*, socklen_t*, int) {
  return Errno(Process::current()->Accept(fd));
}

int __wrap_connect(int fd, const sockaddr* address, socklen_t) {
  return Errno(Process::current()->Connect(fd, FromSockaddr(address)));
}

ssize_t __wrap_send(int fd, const void* data, size_t bytes, int) {
  return Errno(Process::current()->Send(fd, static_cast<const char*>(data), bytes));
}

ssize_t __wrap_sendmsg(int fd, const msghdr* message, int) {
  std::string bytes;
  for (size_t i = 0; i < message->msg_iovlen; ++i) {
    const iovec& piece = message->msg_iov[i];
    bytes.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
  }
  return Errno(Process::current()->Send(fd, bytes.data(), bytes.size()));
}

ssize_t __wrap_recv(int fd, void* data, size_t bytes, int) {
  return Errno(Process::current()->Receive(fd, static_cast<char*>(data), bytes));
}

// With _FORTIFY_SOURCE.
ssize_t __wrap___recv_chk(int fd, void* data, size_t bytes, size_t, int flags) {
  return __wrap_recv(fd, data, bytes, flags);
}

int __wrap_shutdown(int fd, int) { return Errno(Process::current()->Shutdown(fd)); }

int __wrap_setsockopt(int fd, int level, int option, const void* value, socklen_t) {
  Process* process = Process::current();
  if (level == IPPROTO_TCP && option == TCP_USER_TIMEOUT) {
    int timeout_ms;
    std::memcpy(&timeout_ms, value, sizeof(timeout_ms));
    return Errno(process->SetUserTimeout(fd, timeout_ms));
  }
  if (level == SOL_SOCKET && option == SO_LINGER) return Errno(process->SetResetOnClose(fd));
  return 0;
}

int __wrap_getsockopt(int fd, int, int option, void* value, socklen_t*) {
  CHECK_EQ(option, SO_ERROR);
  const int error = Process::current()->TakeError(fd);
  std::memcpy(value, &error, sizeof(error));
  return 0;
}

int __wrap_getsockname(int fd, sockaddr* address, socklen_t* length) {
  return ToSockaddr(Process::current()->LocalName(fd), address, length);
}

int __wrap_getpeername(int fd, sockaddr* address, socklen_t* length) {
  return ToSockaddr(Process::current()->PeerName(fd), address, length);
}

int __wrap_eventfd(unsigned, int) { return Errno(Process::current()->EventFd()); }

int __wrap_epoll_create1(int) { return Errno(Process::current()->EpollCreate()); }

int __wrap_epoll_ctl(int epoll_fd, int operation, int fd, epoll_event* event) {
  return Errno(Process::current()->EpollControl(epoll_fd, operation, fd, event));
}

int __wrap_epoll_wait(int epoll_fd, epoll_event* events, int events_max, int timeout_ms) {
  return Process::current()->EpollWait(epoll_fd, events, events_max, timeout_ms);
}

int __wrap_close(int fd) {
  Process* process = Process::current();
  return process == nullptr ? __real_close(fd) : Errno(process->Close(fd));
}

ssize_t __wrap_read(int fd, void* data, size_t bytes) {
  Process* process = Process::current();
  if (process == nullptr) return __real_read(fd, data, bytes);
  const int64_t count = process->ReadEvent(fd);
  if (count < 0) return Errno(count);
  std::memcpy(data, &count, sizeof(count));
  return sizeof(count);
}

ssize_t __wrap___read_chk(int fd, void* data, size_t bytes, size_t) {
  return __wrap_read(fd, data, bytes);
}

ssize_t __wrap_write(int fd, const void* data, size_t bytes) {
  Process* process = Process::current();
  if (process == nullptr) return __real_write(fd, data, bytes);
  process->WriteEvent(fd);
  return static_cast<ssize_t>(bytes);
}

int __wrap_clock_gettime(clockid_t clock, timespec* time) {
  const Process* process = Process::current();
  if (process == nullptr) return __real_clock_gettime(clock, time);
  int64_t now_us = 0;
  if (clock == CLOCK_REALTIME) now_us = process->WallUs();
  if (clock == CLOCK_MONOTONIC || clock == CLOCK_BOOTTIME) now_us = process->MonotonicUs();
  time->tv_sec = now_us / 1000000;
  time->tv_nsec = now_us % 1000000 * 1000;
  return 0;
}

// Pages that a store gives back are left as they are: to fault them in again takes longer than
// everything else in a world, and nobody may read what they held.
int __wrap_madvise(void* begin, size_t bytes, int advice) noexcept {
  if (advice == MADV_DONTNEED && Process::current() != nullptr) return 0;
  return __real_madvise(begin, bytes, advice);
}

}  // extern "C"
