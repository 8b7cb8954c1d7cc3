#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "tests/bench/floor/floor_loops.h"

namespace twincached::bench {
namespace {

constexpr int kBacklog = 4096;

}  // namespace

int ListenOnLoopback(uint16_t port, std::string* error) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int on = 1;
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd != -1 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
      bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 &&
      listen(fd, kBacklog) == 0) {
    return fd;
  }
  *error = absl::StrCat("cannot listen on 127.0.0.1:", port, ": ", std::strerror(errno));
  return -1;
}

}  // namespace twincached::bench
