// What the role machine remembers of connections: candidates, the link, the peer.
//
// What it is: private to the role machine (role_core.h).
// What it is not: the streams on them; those are Sender's and Receiver's.
#pragma once

#include <cstdint>
#include <string>

#include "proto/replication/role_events.h"

namespace twincached::replication {

// A connection that is not the link, or not yet.
struct RoleCandidate {
  ConnectionId id = 0;
  bool dialled = false;
  int64_t opened_running_ms = 0, opened_real_ms = 0;
  uint64_t revision = 0;         // of what our Hello on it says
  bool sent_while_held = false;  // no client was answered since our Hello
  bool answered = false;         // their Hello was read and our Verdict is out
  bool agreed = false;           // their Verdict is the same
  Hello ours, theirs;
  Verdict verdict;
};

// The connection in use, or, when it is not open any more, what the LINK still keeps of it.
struct RoleLink {
  enum class Phase : uint8_t {
    kCopying,     // source: until CaughtUp; target: until InSyncApplied
    kConfirming,  // source: LISTENERs are told to hold
    kInSyncSent,  // source: from here on the target may be promotable
    kSynced,
  };

  ConnectionId id = 0;
  bool attached = false;  // between AttachLink and DetachLink
  bool open = false;
  bool as_source = false;
  bool outdated = false;  // Outdated was sent (source) or received (target)
  Phase phase = Phase::kCopying;
  int64_t synced_running_ms = 0;  // kSynced since then
  std::string turn_refusal;       // why the two cannot swap their roles; empty: they can
  Generation generation;          // the Verdict's
};

// Who is, or was a moment ago, at the other end of the link.
struct RolePeer {
  bool known = false;
  uint64_t node_id = 0;
  Incarnation incarnation;
};

}  // namespace twincached::replication
