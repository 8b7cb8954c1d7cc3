#include "net/polled_connection.h"

namespace twincached::net {

PolledConnection::PolledConnection(int fd, ConnectionHandler* handler, ConnectionContext* context)
    : StreamConnection(fd, handler, context) {
  WaitForInput();
}

bool PolledConnection::FlushSoon() {
  Flush();
  return false;
}

void PolledConnection::WaitForInput() {
  waiting_for_input_ = true;
  SetInterest(interest_ | kReadable);
}

void PolledConnection::OnReady(uint32_t events) {
  // Hung up while neither reading nor writing was asked for: epoll would say so for ever. Whoever
  // goes on reading or writing registers again and learns it there.
  if (events == 0) return Unregister();
  if ((events & kWritable) != 0 && !WriteReady()) return;
  if ((events & kReadable) != 0) ReadReady();
}

void PolledConnection::ReadReady() {
  if (!MayRead()) {
    waiting_for_input_ = false;
    SetInterest(interest_ & ~kReadable);
    return;
  }
  Read();
  if (HasNews()) Deliver();
}

}  // namespace twincached::net
