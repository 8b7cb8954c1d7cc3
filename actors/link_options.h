// What a LINK is given at start: where the peer is, and what this node says of itself in its Hello.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "net/address.h"
#include "proto/replication/role_machine.h"

namespace twincached {

struct LinkOptions {
  net::HostPort peer;                   // host empty: none
  std::vector<net::Address> addresses;  // of the replication port
  uint32_t shard_count = 1;
  uint64_t slot_seed = 0;
  uint64_t incarnation_low = 0;
  size_t memory_bytes_max = 0;  // at start, of all shards together
  size_t memory_bytes_min = 0;  // below it `cache_memlimit` does not go
  size_t item_bytes_max = 0;
  uint32_t client_port = 0;
  int64_t clock_offset_ms = 0;  // stream clock at start: the wall clock
  replication::Timers timers;
};

}  // namespace twincached
