// What is done to a world, and when: one line of a scenario (scenario.h).
//
//     action  = "at" MS verb *( " " word )       the words of each verb: below
//     verb    = "start" | "kill" | "power" | "ambush" | "term" | "stop" | "cont" | "stopcore" |
//     "stopstore"
//             | "freeze" | "cut" | "heal" | "reset" | "delay" | "pace" | "corrupt"
//             | "clock" | "switch" | "garbage" | "expect" | "promoted" | "wiped"
//             | "forked"
//
// A node is named `a`, `b`, or by what it is at that time: `master`, `slave`. A state is one of the
// pair protocol's, or `none`: no process runs. Times are milliseconds of virtual time, in lines and
// values alike.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace twincached::sim {

struct Action {
  enum Verb : uint8_t {
    kStart,      // NODE: a process, where none runs
    kKill,       // NODE FREE_MS: SIGKILL; its sockets close that much later
    kPower,      // NODE: its host is gone, until it is started again
    kAmbush,     // NODE STATE: loses its power as soon as the other enters that state
    kTerm,       // NODE: SIGTERM
    kStop,       // NODE: SIGSTOP
    kCont,       // NODE: SIGCONT; all its threads run again
    kStopCore,   // NODE CORE: that thread hangs, between two iterations
    kStopStore,  // NODE CORE: that thread hangs while it runs the STORE of the same number
    kFreeze,     // MS: both hosts stand still, then go on at once
    kCut,        // FROM TO: nothing passes from one node to the other
    kHeal,       // everything passes again
    kReset,      // the peer link is reset, both processes live
    kDelay,      // LEAST MOST: of the network, in microseconds
    kPace,       // SHARE MOST: that share (per mille) of wake-ups waits up to MOST ms
    kCorrupt,    // NODE: one bit of what it receives next from its peer is flipped
    kClock,      // NODE STEP_MS: its wall clock jumps
    kSwitch,     // NODE: asked for a switchover
    kGarbage,    // NODE: a stranger writes nonsense to its replication port
    kExpect,     // NODE STATE: by now it is in that state
    kPromoted,   // TIMES: so often a slave has taken over by now
    kForked,     // TIMES: so often both served alone
    kWiped,      // TIMES: so often the last process that had everything is gone or empty
  };

  int64_t at_ms = 0;
  Verb verb = kHeal;
  std::string node;
  std::string other;  // kCut: to; kExpect: the state
  int64_t first = 0, second = 0;

  std::string ToString() const;
};

// The error says what of the line is wrong.
absl::StatusOr<Action> ParseAction(absl::string_view line);

}  // namespace twincached::sim
