// One connection of the LINK to another node, or to a stranger: from its accept or connect to its
// end.
#pragma once

#include <cstdint>
#include <memory>

#include "net/connection.h"
#include "proto/replication/replication.pb.h"
#include "proto/replication/role_events.h"

namespace twincached {

struct LinkPeer {
  static constexpr int64_t kNotSent = -1;
  bool hello_sent() const { return hello_sent_ms != kNotSent; }

  replication::ConnectionId id = 0;
  std::unique_ptr<net::Connection> connection;
  replication::Hello ours, theirs;
  bool dialled = false;
  int64_t hello_sent_ms = kNotSent;  // ours; CLOCK_BOOTTIME
  // A Hello or Verdict is with the SUPERVISOR: nothing is read meanwhile.
  bool awaits_role = false;
  bool agreed = false;  // its Verdict came: it is read on as the link or not at all
};

}  // namespace twincached
