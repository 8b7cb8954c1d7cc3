// The WARMER: touches memory before a STORE needs it.
//
// One per node. It waits for the kernel, so it has a thread of its own. The first touch of a huge
// page is 0.1 ms where memory is plenty, and 10 ms on a virtual machine whose host has not backed
// it yet; a STORE would stop for that. It owns nothing: what it is told of may be gone by then.
// Nobody watches it: without it every STORE touches its memory itself.
#pragma once

#include "actors/interfaces.h"

namespace caf {
class actor_system;
}  // namespace caf

namespace twincached {

warmer_actor SpawnWarmer(caf::actor_system* system);

}  // namespace twincached
