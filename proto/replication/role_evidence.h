// What the role machine knows of its peer: when it was last heard, whether its process lives, how
// the link ended.
//
// What it is: private to the role machine (role_core.h).
// What it is not: what follows from it; that is role_evidence.cc's.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

namespace twincached::replication {

struct RoleEvidence {
  // The peer echoed what was sent then. Running time is rounded to late, real time to early.
  void Hear(int64_t at_running_ms, int64_t at_real_ms) {
    echo_running_ms = std::max(echo_running_ms, at_running_ms);
    echo_real_ms = std::max(echo_real_ms, at_real_ms);
  }
  int64_t SilenceMs(int64_t now_running_ms) const { return now_running_ms - echo_running_ms; }
  // The link has ended. limit_ms: real time in which the peer does not go on alone.
  void JudgeSleep(int64_t now_real_ms, int64_t limit_ms) {
    if (now_real_ms - echo_real_ms > limit_ms) slept = true;
  }
  // After a sleep that may have been so long, what waits in the sockets is read before silence
  // leads to anything: it has lasted since silent_since_ms, and not longer.
  void WakeUp(int64_t silent_since_ms, int64_t now_real_ms, int64_t limit_ms) {
    JudgeSleep(now_real_ms, limit_ms);
    if (slept) echo_running_ms = std::max(echo_running_ms, silent_since_ms);
  }
  // The peer may have gone on alone without our being told: what is here may be old.
  bool CannotKnow() const { return slept && link_was_reset; }
  // A new link, or no peer any more.
  void Forget() {
    probe_pending = peer_alive = peer_gone = link_was_reset = slept = sleep_unjudged = false;
    alone_when_judged.clear();
  }

  int64_t echo_running_ms = 0, echo_real_ms = 0;  // of the newest echo
  bool probe_pending = false;
  bool peer_alive = false;        // its process, says the newest probe
  bool peer_gone = false;         // proven: it does not go on alone any more
  bool link_was_reset = false;    // when it ended: frames may be missing
  bool slept = false;             // so long that the peer may have gone on alone
  bool sleep_unjudged = false;    // the real time of the end is not known yet
  std::string alone_when_judged;  // why; empty: nothing waits
};

}  // namespace twincached::replication
