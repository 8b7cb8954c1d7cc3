#include "tests/sim/process.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "proto/check.h"

namespace twincached::sim {

thread_local Process* Process::current_ = nullptr;

Process::~Process() {
  for (File& file : files_) {
    if (file.stream != nullptr) file.stream->Vanish();
  }
}

// ---------------------------------------------------------------- the process ends

void Process::Die(int64_t gap_us) {
  dead_ = true;
  auto files = std::make_shared<std::vector<File>>(std::move(files_));
  files_.clear();
  for (size_t fd = 0; fd < files->size(); ++fd) {
    File& file = (*files)[fd];
    if (file.kind == Kind::kFree) continue;
    if (file.stream != nullptr) file.stream->set_observer(nullptr);
    if (file.listener != nullptr) file.listener->set_observer(nullptr);
    timeline_.After(static_cast<int64_t>(fd + 1) * gap_us, [files, fd] {
      File& closing = (*files)[fd];
      if (closing.stream != nullptr) closing.stream->Close(closing.reset_on_close);
      closing.stream.reset();
      closing.listener.reset();
    });
  }
}

void Process::Vanish() {
  dead_ = true;
  for (File& file : files_) {
    if (file.stream != nullptr) file.stream->Vanish();
    file = File();
  }
  files_.clear();
}

std::vector<TcpEndPtr> Process::Streams() const {
  std::vector<TcpEndPtr> streams;
  for (const File& file : files_) {
    if (file.stream != nullptr && file.stream->connected()) streams.push_back(file.stream);
  }
  return streams;
}

// ---------------------------------------------------------------- descriptors

int Process::Open(Kind kind) {
  size_t fd = 3;
  files_.resize(std::max(files_.size(), fd));
  while (fd < files_.size() && files_[fd].kind != Kind::kFree) ++fd;
  if (fd == files_.size()) files_.emplace_back();
  files_[fd].kind = kind;
  return static_cast<int>(fd);
}

Process::File* Process::Get(int fd, Kind kind) {
  if (fd < 0 || static_cast<size_t>(fd) >= files_.size()) return nullptr;
  File* file = &files_[static_cast<size_t>(fd)];
  return file->kind == kind ? file : nullptr;
}

int Process::Close(int fd) {
  if (dead_) return 0;
  CHECK(fd >= 0 && static_cast<size_t>(fd) < files_.size());
  File file = std::move(files_[static_cast<size_t>(fd)]);
  files_[static_cast<size_t>(fd)] = File();
  if (file.kind == Kind::kFree) return -EBADF;
  if (file.stream != nullptr) file.stream->Close(file.reset_on_close);
  return 0;
}

// ---------------------------------------------------------------- sockets

int Process::Socket() { return dead_ ? -ENFILE : Open(Kind::kSocket); }

int Process::Bind(int fd, SocketName name) {
  if (dead_) return 0;
  File* file = Get(fd, Kind::kSocket);
  if (file == nullptr) return -EBADF;
  if (name.ip != host_ && name.ip != 0) return -EADDRNOTAVAIL;
  file->name = {host_, name.port};
  return 0;
}

int Process::Listen(int fd) {
  if (dead_) return 0;
  File* file = Get(fd, Kind::kSocket);
  if (file == nullptr) return -EBADF;
  file->listener = network_.Listen(file->name);
  if (file->listener == nullptr) return -EADDRINUSE;
  file->kind = Kind::kListener;
  file->name = file->listener->name();
  file->listener->set_observer([this, fd] { Changed(fd); });
  return 0;
}

int Process::Accept(int fd) {
  File* file = Get(fd, Kind::kListener);
  TcpEndPtr stream = file == nullptr ? nullptr : file->listener->Accept();
  if (stream == nullptr) return -EAGAIN;
  const int accepted = Open(Kind::kStream);
  stream->set_observer([this, accepted] { Changed(accepted); });
  files_[static_cast<size_t>(accepted)].stream = std::move(stream);
  return accepted;
}

int Process::Connect(int fd, SocketName name) {
  if (dead_) return -ENETUNREACH;
  File* file = Get(fd, Kind::kSocket);
  if (file == nullptr) return -EBADF;
  file->kind = Kind::kStream;
  file->stream = network_.Connect(host_, name, [this, fd] { Changed(fd); });
  return -EINPROGRESS;
}

int64_t Process::Send(int fd, const char* data, size_t bytes) {
  if (dead_) return static_cast<int64_t>(bytes);
  File* file = Get(fd, Kind::kStream);
  return file == nullptr ? -EBADF : file->stream->Send(data, bytes);
}

int64_t Process::Receive(int fd, char* data, size_t bytes_max) {
  if (dead_) return -EAGAIN;
  File* file = Get(fd, Kind::kStream);
  return file == nullptr ? -EBADF : file->stream->Receive(data, bytes_max);
}

int Process::Shutdown(int fd) {
  File* file = Get(fd, Kind::kStream);
  if (file != nullptr) file->stream->ShutdownWrite();
  return 0;
}

int Process::SetUserTimeout(int fd, int64_t timeout_ms) {
  File* file = Get(fd, Kind::kStream);
  if (file != nullptr) file->stream->set_user_timeout_us(timeout_ms * 1000);
  return 0;
}

int Process::SetResetOnClose(int fd) {
  File* file = Get(fd, Kind::kStream);
  if (file != nullptr) file->reset_on_close = true;
  return 0;
}

int Process::TakeError(int fd) {
  File* file = Get(fd, Kind::kStream);
  return file == nullptr ? 0 : file->stream->TakeError();
}

SocketName Process::LocalName(int fd) {
  if (const File* file = Get(fd, Kind::kStream)) return file->stream->local();
  if (const File* file = Get(fd, Kind::kListener)) return file->name;
  return {};
}

SocketName Process::PeerName(int fd) {
  const File* file = Get(fd, Kind::kStream);
  return file == nullptr ? SocketName() : file->stream->peer();
}

// ---------------------------------------------------------------- eventfd and epoll

int Process::EventFd() { return Open(Kind::kEvent); }

int64_t Process::ReadEvent(int fd) {
  File* file = Get(fd, Kind::kEvent);
  if (file == nullptr || file->event_count == 0) return -EAGAIN;
  return static_cast<int64_t>(std::exchange(file->event_count, 0));
}

int Process::WriteEvent(int fd) {
  File* file = Get(fd, Kind::kEvent);
  if (file == nullptr) return 0;
  ++file->event_count;
  Changed(fd);
  return 0;
}

int Process::EpollCreate() { return Open(Kind::kEpoll); }

int Process::EpollControl(int epoll_fd, int operation, int fd, const epoll_event* event) {
  if (dead_) return 0;
  if (fd < 0 || static_cast<size_t>(fd) >= files_.size()) return -EBADF;
  File& file = files_[static_cast<size_t>(fd)];
  if (file.kind == Kind::kFree) return -EBADF;
  if ((operation == EPOLL_CTL_ADD) != (file.epoll_fd < 0)) return -EEXIST;
  if (operation == EPOLL_CTL_DEL) {
    file.epoll_fd = -1;
    return 0;
  }
  file.epoll_fd = epoll_fd;
  file.interest = event->events;
  file.data = event->data.u64;
  if (Ready(file) != 0) Changed(fd);
  return 0;
}

uint32_t Process::Ready(const File& file) const {
  uint32_t ready = 0;
  switch (file.kind) {
    case Kind::kStream:
      if (file.stream->Readable()) ready |= EPOLLIN;
      if (file.stream->Writable()) ready |= EPOLLOUT;
      if (file.stream->Broken()) ready |= EPOLLERR;
      if (file.stream->HungUp()) ready |= EPOLLHUP;
      break;
    case Kind::kListener:
      if (file.listener->HasWaiting()) ready |= EPOLLIN;
      break;
    case Kind::kEvent:
      if (file.event_count > 0) ready |= EPOLLIN;
      break;
    default:
      break;
  }
  return ready & (file.interest | EPOLLERR | EPOLLHUP);
}

int Process::EpollWait(int epoll_fd, epoll_event* events, int events_max, int timeout_ms) {
  newest_epoll_fd_ = epoll_fd;
  newest_timeout_ms_ = timeout_ms;
  int count = 0;
  const size_t begin = next_event_++;
  for (size_t i = 0; i < files_.size() && count < events_max; ++i) {
    const File& file = files_[(begin + i) % files_.size()];
    if (file.epoll_fd != epoll_fd) continue;
    const uint32_t ready = Ready(file);
    if (ready == 0) continue;
    events[count].events = ready;
    events[count].data.u64 = file.data;
    ++count;
  }
  return count;
}

void Process::Changed(int fd) {
  if (dead_) return;
  const File& file = files_[static_cast<size_t>(fd)];
  if (file.epoll_fd >= 0 && on_ready_) on_ready_(file.epoll_fd);
}

// ---------------------------------------------------------------- clocks

int64_t Process::MonotonicUs() const {
  const int64_t now_us = timeline_.now_us();
  return clock_.monotonic_offset_us + now_us + now_us * clock_.drift_ppm / 1000000;
}

int64_t Process::WallUs() const { return MonotonicUs() + clock_.wall_offset_us; }

}  // namespace twincached::sim
