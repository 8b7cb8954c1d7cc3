// A connection that reads and writes when its poller says that it can: epoll's.
//
// Steady state, a request read whole and answered whole: one recv, one send.
#pragma once

#include <cstdint>

#include "net/stream_connection.h"

namespace twincached::net {

class PolledConnection final : public StreamConnection {
 public:
  PolledConnection(int fd, ConnectionHandler* handler, ConnectionContext* context);

  bool FlushSoon() override;

 private:
  void WaitForInput() override;
  void OnReady(uint32_t events) override;
  void ReadReady();
};

}  // namespace twincached::net
