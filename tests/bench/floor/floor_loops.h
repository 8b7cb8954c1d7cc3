// The two floors: the least that a server must do for its sockets, by epoll and by io_uring.
//
// What they are: one thread, one loop, no timers, no idle work; the physical limit on the machine
// at hand, which servers are measured against. What they are not: safe. There is no limit on
// connections or on output that a client does not read.
#pragma once

#include <cstdint>
#include <string>

namespace twincached::bench {

// Listens on 127.0.0.1. -1 with one line in `*error`.
int ListenOnLoopback(uint16_t port, std::string* error);

// Serve what connects to `listen_fd` until the process is ended; return only when they cannot run
// at all, with one line. A kernel without io_uring, or with less of it than the floor needs (6.1),
// is such a case.
std::string ServeWithEpoll(int listen_fd);
std::string ServeWithIoUring(int listen_fd);

}  // namespace twincached::bench
