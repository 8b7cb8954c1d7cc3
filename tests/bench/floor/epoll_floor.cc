// One recv and one send per request and connection, and an epoll_wait for all that are ready.

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/check.h"
#include "tests/bench/floor/floor_conversation.h"
#include "tests/bench/floor/floor_loops.h"
#include "tests/bench/floor/floor_store.h"

namespace twincached::bench {
namespace {

constexpr int kEventsMax = 512;
constexpr size_t kReadBytes = 64 * 1024;

struct Client {
  int fd;
  FloorConversation conversation;
  std::string output;  // what the socket did not take yet
};

class EpollFloor {
 public:
  EpollFloor(int epoll_fd, int listen_fd)
      : epoll_fd_(epoll_fd), listen_fd_(listen_fd), read_buffer_(new char[kReadBytes]) {}

  void RunForEver() {
    Watch(EPOLL_CTL_ADD, listen_fd_, EPOLLIN);
    epoll_event events[kEventsMax];
    for (;;) {
      const int count = epoll_wait(epoll_fd_, events, kEventsMax, -1);
      CHECK(count >= 0 || errno == EINTR);
      for (int i = 0; i < count; ++i) Handle(events[i].data.fd, events[i].events);
    }
  }

 private:
  void Handle(int fd, uint32_t events) {
    if (fd == listen_fd_) return Accept();
    Client* client = clients_[static_cast<size_t>(fd)].get();
    if ((events & EPOLLOUT) == 0) {
      Read(client);
    } else if (!Flush(client, true)) {
      Close(client);
    }
  }

  void Accept() {
    const int fd = accept4(listen_fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd == -1) return;
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (clients_.size() <= static_cast<size_t>(fd)) clients_.resize(static_cast<size_t>(fd) + 1);
    clients_[static_cast<size_t>(fd)].reset(new Client{fd, {}, {}});
    Watch(EPOLL_CTL_ADD, fd, EPOLLIN);
  }

  void Read(Client* client) {
    const ssize_t bytes = recv(client->fd, read_buffer_.get(), kReadBytes, 0);
    if (bytes < 0 && errno == EAGAIN) return;
    if (bytes <= 0) return Close(client);
    const absl::string_view input(read_buffer_.get(), static_cast<size_t>(bytes));
    bool go_on = client->conversation.Take(input, &store_, &client->output);
    if (!client->output.empty()) go_on = Flush(client, false) && go_on;
    if (!go_on) Close(client);
  }

  // A client that does not read its replies is not read either, until it does. False: hang up.
  bool Flush(Client* client, bool waited) {
    const ssize_t sent =
        send(client->fd, client->output.data(), client->output.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) return false;
    const size_t taken = sent < 0 ? 0 : static_cast<size_t>(sent);
    if (taken == client->output.size()) {
      client->output.clear();
      if (waited) Watch(EPOLL_CTL_MOD, client->fd, EPOLLIN);
      return true;
    }
    client->output.erase(0, taken);
    if (!waited) Watch(EPOLL_CTL_MOD, client->fd, EPOLLOUT);
    return true;
  }

  void Close(Client* client) {
    const int fd = client->fd;
    close(fd);
    clients_[static_cast<size_t>(fd)].reset();
  }

  void Watch(int operation, int fd, uint32_t events) const {
    epoll_event event = {};
    event.events = events;
    event.data.fd = fd;
    CHECK_EQ(epoll_ctl(epoll_fd_, operation, fd, &event), 0);
  }

  const int epoll_fd_;
  const int listen_fd_;
  const std::unique_ptr<char[]> read_buffer_;
  FloorStore store_;
  std::vector<std::unique_ptr<Client>> clients_;  // by descriptor
};

}  // namespace

std::string ServeWithEpoll(int listen_fd) {
  const int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_fd == -1) return absl::StrCat("epoll_create1: ", std::strerror(errno));
  EpollFloor(epoll_fd, listen_fd).RunForEver();
  return "";
}

}  // namespace twincached::bench
