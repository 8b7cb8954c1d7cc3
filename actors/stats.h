// What `stats` shows, gathered from all actors by summing, and its text.
#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "proto/replication/role_machine.h"
#include "storage/shard.h"

namespace twincached {

struct ListenerStats {
  uint64_t curr_connections = 0, total_connections = 0, rejected_connections = 0;
  uint64_t bytes_read = 0, bytes_written = 0;
  uint64_t cmd_flush = 0, held_replies = 0, forwards = 0, stopped_reading = 0;
};

struct LinkStats {
  uint64_t position = 0, acknowledged_position = 0;
  uint64_t log_bytes = 0, log_bytes_max = 0, lag_mutations = 0;
  uint64_t forwards_in_flight = 0, snapshots_sent = 0, window_full_times = 0, frames_refused = 0;
  uint64_t digests_compared = 0, digest_mismatches = 0, slots_repaired = 0;
  uint64_t last_digest_position = 0;
  uint64_t memory_bytes_max = 0;  // of the node, all shards together: -m or cache_memlimit
  bool link_up = false;
  std::string peer_address;
};

struct NodeStats {
  ShardStats shard;
  ListenerStats listener;
  LinkStats link;
  bool has_role = false;  // the SUPERVISOR's part
  replication::RoleStatus role;
  uint64_t newest_version = 0;
};

// Adds `part` to `*sum`.
void Merge(const NodeStats& part, NodeStats* sum);

}  // namespace twincached
