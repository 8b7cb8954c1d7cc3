// What the role machine remembers while a role changes hands on purpose: a switchover, or the stop
// of a master.
//
// What it is: private to the role machine (role_core.h). The steps of a master, in order:
//
//   kQueueing -> kDraining -> kYielding -> kDrainingAgain -> kAwaiting      a switchover
//                                                         -> the stop       SIGTERM, SIGINT
//
// What it is not: the steps themselves; those are role_switch.cc's.
#pragma once

#include <cstdint>

namespace twincached::replication {

struct RoleHandover {
  enum class Step : uint8_t {
    kNone,
    kQueueing,       // LISTENERs are told to keep changes for the next master
    kDraining,       // until the slave has everything that was executed; STOREs still decide
    kYielding,       // STOREs are told to stop deciding
    kDrainingAgain,  // what they did by themselves until then
    kAwaiting,       // goodbye is said; the next master has not answered
  };

  // This node decides, and is about to stop it.
  bool UnderWay() const { return step != Step::kNone && step != Step::kAwaiting; }
  bool Awaiting() const { return step == Step::kAwaiting; }

  Step step = Step::kNone;
  bool asked = false;          // the peer, whether it will
  int64_t since_ms = 0;        // running time; of the newest of: asked, begun, goodbye
  uint64_t barrier_token = 0;  // of kYielding
};

// How far a stop is.
enum class RoleStop : uint8_t {
  kNone,
  kAwaitSync,    // the joiner may still become the slave that takes over
  kHandingOver,  // RoleHandover
  kClosing,      // LISTENERs are told to close
};

// What a ServingConfirmed leads to.
enum class ServingPurpose : uint8_t { kNone, kPairing, kOutdating, kHandingOver, kStopping };

}  // namespace twincached::replication
