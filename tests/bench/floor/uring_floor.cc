// One io_uring_enter for everything: it sends the replies of all requests that came, and waits for
// the next ones. Accept and receive are armed once per listener and connection (multishot), bytes
// arrive in a ring of buffers that the kernel picks from.

#include <liburing.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/mman.h>
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

constexpr unsigned kSubmissions = 4096;
constexpr unsigned kCompletions = 32768;
constexpr unsigned kBuffers = 2048;  // a power of two
constexpr size_t kBufferBytes = 4096;
constexpr int kBufferGroup = 0;

enum class Operation : uint64_t { kAccept, kReceive, kSend, kAwaitRoom };

uint64_t UserData(Operation operation, int fd) {
  return static_cast<uint64_t>(operation) << 32 | static_cast<uint32_t>(fd);
}

struct Client {
  int fd;
  FloorConversation conversation;
  std::string output;   // to be sent after `sending`
  std::string sending;  // what the kernel is reading
  bool receiving = false;
  bool awaits_room = false;
  bool is_dirty = false;  // in dirty_
};

class UringFloor {
 public:
  explicit UringFloor(int listen_fd) : listen_fd_(listen_fd) {}

  // One line when the kernel cannot do it.
  std::string SetUp() {
    io_uring_params parameters = {};
    parameters.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                       IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP;
    parameters.cq_entries = kCompletions;
    int failed = io_uring_queue_init_params(kSubmissions, &ring_, &parameters);
    if (failed != 0) return Refusal("io_uring_setup", -failed);
    io_uring_register_ring_fd(&ring_);
    const size_t ring_bytes = kBuffers * sizeof(io_uring_buf);
    void* memory = mmap(nullptr, ring_bytes + kBuffers * kBufferBytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return Refusal("mmap", errno);
    buffer_ring_ = static_cast<io_uring_buf_ring*>(memory);
    buffers_ = static_cast<char*>(memory) + ring_bytes;
    io_uring_buf_reg registration = {};
    registration.ring_addr = reinterpret_cast<uint64_t>(memory);
    registration.ring_entries = kBuffers;
    registration.bgid = kBufferGroup;
    failed = io_uring_register_buf_ring(&ring_, &registration, 0);
    if (failed != 0) return Refusal("register a ring of buffers", -failed);
    io_uring_buf_ring_init(buffer_ring_);
    for (unsigned i = 0; i < kBuffers; ++i) GiveBack(i);
    PublishBuffers();
    return "";
  }

  void RunForEver() {
    ArmAccept();
    for (;;) {
      // Sends never wait, so each has completed when the kernel begins to wait: one more than
      // these completions is the first news from a client.
      const unsigned sends = QueueSends();
      const int submitted = io_uring_submit_and_wait(&ring_, sends + 1);
      CHECK(submitted >= 0 || submitted == -EINTR);
      unsigned head = 0;
      unsigned seen = 0;
      io_uring_cqe* completion = nullptr;
      io_uring_for_each_cqe(&ring_, head, completion) {
        Handle(*completion);
        ++seen;
      }
      PublishBuffers();
      io_uring_cq_advance(&ring_, seen);
    }
  }

 private:
  static std::string Refusal(const char* what, int error) {
    return absl::StrCat("this kernel or container has no io_uring that the floor can use (", what,
                        ": ", std::strerror(error), "); --poller=epoll needs none");
  }

  io_uring_sqe* NewSubmission(Operation operation, int fd) {
    io_uring_sqe* submission = io_uring_get_sqe(&ring_);
    if (submission == nullptr) {
      io_uring_submit(&ring_);
      submission = io_uring_get_sqe(&ring_);
      CHECK(submission != nullptr);
    }
    new_user_data_ = UserData(operation, fd);
    return submission;
  }

  // A prep function clears what was set before it, so the tag comes last.
  void Tag(io_uring_sqe* submission) const { submission->user_data = new_user_data_; }

  void ArmAccept() {
    io_uring_sqe* submission = NewSubmission(Operation::kAccept, listen_fd_);
    io_uring_prep_multishot_accept(submission, listen_fd_, nullptr, nullptr, SOCK_CLOEXEC);
    Tag(submission);
  }

  void ArmReceive(Client* client) {
    io_uring_sqe* submission = NewSubmission(Operation::kReceive, client->fd);
    io_uring_prep_recv_multishot(submission, client->fd, nullptr, 0, 0);
    submission->flags |= IOSQE_BUFFER_SELECT;
    submission->buf_group = kBufferGroup;
    Tag(submission);
    client->receiving = true;
  }

  unsigned QueueSends() {
    unsigned sends = 0;
    for (const int fd : dirty_) {
      Client* client = clients_[static_cast<size_t>(fd)].get();
      client->is_dirty = false;
      if (client->sending.empty()) client->sending.swap(client->output);
      io_uring_sqe* submission = NewSubmission(Operation::kSend, fd);
      io_uring_prep_send(submission, fd, client->sending.data(), client->sending.size(),
                         MSG_NOSIGNAL | MSG_DONTWAIT);
      Tag(submission);
      ++sends;
    }
    dirty_.clear();
    return sends;
  }

  void Handle(const io_uring_cqe& completion) {
    const int fd = static_cast<int>(completion.user_data & UINT32_MAX);
    const auto operation = static_cast<Operation>(completion.user_data >> 32);
    if (operation == Operation::kAccept) return Accepted(completion);
    Client* client = clients_[static_cast<size_t>(fd)].get();
    switch (operation) {
      case Operation::kReceive:
        return Received(completion, client);
      case Operation::kSend:
        return Sent(completion.res, client);
      default:
        client->awaits_room = false;
        SendLater(client);
    }
  }

  void Accepted(const io_uring_cqe& completion) {
    if ((completion.flags & IORING_CQE_F_MORE) == 0) ArmAccept();
    const int fd = completion.res;
    if (fd < 0) return;
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (clients_.size() <= static_cast<size_t>(fd)) clients_.resize(static_cast<size_t>(fd) + 1);
    clients_[static_cast<size_t>(fd)] = std::make_unique<Client>();
    clients_[static_cast<size_t>(fd)]->fd = fd;
    ArmReceive(clients_[static_cast<size_t>(fd)].get());
  }

  void Received(const io_uring_cqe& completion, Client* client) {
    client->receiving = (completion.flags & IORING_CQE_F_MORE) != 0;
    if (completion.res > 0) {
      const unsigned buffer = completion.flags >> IORING_CQE_BUFFER_SHIFT;
      const absl::string_view input(buffers_ + buffer * kBufferBytes,
                                    static_cast<size_t>(completion.res));
      const bool go_on = client->conversation.Take(input, &store_, &client->output);
      GiveBack(buffer);
      SendLater(client);
      if (!go_on) shutdown(client->fd, SHUT_RD);
    }
    if (client->receiving) return;
    if (completion.res > 0 || completion.res == -ENOBUFS) return ArmReceive(client);
    CloseWhenDone(client);
  }

  void Sent(int result, Client* client) {
    if (result < 0 && result != -EAGAIN) {
      client->sending.clear();
      client->output.clear();
      shutdown(client->fd, SHUT_RDWR);
      return CloseWhenDone(client);
    }
    client->sending.erase(0, static_cast<size_t>(result < 0 ? 0 : result));
    if (client->sending.empty()) {
      SendLater(client);
      return CloseWhenDone(client);
    }
    io_uring_sqe* submission = NewSubmission(Operation::kAwaitRoom, client->fd);
    io_uring_prep_poll_add(submission, client->fd, POLLOUT);
    Tag(submission);
    client->awaits_room = true;
  }

  void SendLater(Client* client) {
    if (client->is_dirty || client->awaits_room) return;
    if (client->sending.empty() && client->output.empty()) return;
    client->is_dirty = true;
    dirty_.push_back(client->fd);
  }

  // The kernel has no operation of this client under way any more, and nothing is left to be sent.
  void CloseWhenDone(Client* client) {
    if (client->receiving || client->awaits_room || client->is_dirty) return;
    if (!client->sending.empty() || !client->output.empty()) return;
    const int fd = client->fd;
    close(fd);
    clients_[static_cast<size_t>(fd)].reset();
  }

  void GiveBack(unsigned buffer) {
    io_uring_buf_ring_add(buffer_ring_, buffers_ + buffer * kBufferBytes, kBufferBytes,
                          static_cast<unsigned short>(buffer), io_uring_buf_ring_mask(kBuffers),
                          given_back_++);
  }

  void PublishBuffers() {
    io_uring_buf_ring_advance(buffer_ring_, given_back_);
    given_back_ = 0;
  }

  const int listen_fd_;
  io_uring ring_ = {};
  io_uring_buf_ring* buffer_ring_ = nullptr;
  char* buffers_ = nullptr;
  int given_back_ = 0;  // buffers that the kernel does not see yet
  uint64_t new_user_data_ = 0;
  FloorStore store_;
  std::vector<std::unique_ptr<Client>> clients_;  // by descriptor
  std::vector<int> dirty_;                        // descriptors with output
};

}  // namespace

std::string ServeWithIoUring(int listen_fd) {
  UringFloor floor(listen_fd);
  const std::string refusal = floor.SetUp();
  if (refusal.empty()) floor.RunForEver();
  return refusal;
}

}  // namespace twincached::bench
