#include "actors/stats.h"

#include <algorithm>

#include "storage/size_class.h"

namespace twincached {
namespace {

// A new counter must be added up here too.
static_assert(sizeof(ShardStats) == (28 + 8 + 8 * kSizeClasses) * sizeof(uint64_t),
              "AddItems, AddCommands, AddMemory or AddClasses lacks one");
static_assert(sizeof(ListenerStats) == 9 * sizeof(uint64_t), "AddListener lacks one");

void AddItems(const ShardStats& part, ShardStats* sum) {
  sum->items += part.items;
  sum->bytes += part.bytes;
  sum->memory_bytes += part.memory_bytes;
  sum->total_items += part.total_items;
  sum->evictions += part.evictions;
  sum->expired_unfetched += part.expired_unfetched;
  sum->evicted_unfetched += part.evicted_unfetched;
  sum->reclaimed += part.reclaimed;
  sum->store_too_large += part.store_too_large;
  sum->store_no_memory += part.store_no_memory;
}

void AddCommands(const ShardStats& part, ShardStats* sum) {
  sum->get_hits += part.get_hits;
  sum->get_misses += part.get_misses;
  sum->get_expired += part.get_expired;
  sum->cmd_get += part.cmd_get;
  sum->cmd_set += part.cmd_set;
  sum->cmd_touch += part.cmd_touch;
  sum->cmd_flush += part.cmd_flush;
  sum->delete_hits += part.delete_hits;
  sum->delete_misses += part.delete_misses;
  sum->incr_hits += part.incr_hits;
  sum->incr_misses += part.incr_misses;
  sum->decr_hits += part.decr_hits;
  sum->decr_misses += part.decr_misses;
  sum->cas_hits += part.cas_hits;
  sum->cas_misses += part.cas_misses;
  sum->cas_badval += part.cas_badval;
  sum->touch_hits += part.touch_hits;
  sum->touch_misses += part.touch_misses;
}

void AddMemory(const MemoryStats& part, MemoryStats* sum) {
  sum->segments += part.segments;
  sum->free_segments += part.free_segments;
  sum->segment_bytes += part.segment_bytes;
  sum->used_bytes += part.used_bytes;
  sum->live_bytes += part.live_bytes;
  sum->outside_bytes += part.outside_bytes;
  sum->index_bytes += part.index_bytes;
  sum->ghost_bytes += part.ghost_bytes;
}

void AddClass(const SizeClassStats& part, SizeClassStats* sum) {
  sum->items += part.items;
  sum->bytes += part.bytes;
  sum->evicted += part.evicted;
  sum->evicted_nonzero += part.evicted_nonzero;
  sum->evicted_unfetched += part.evicted_unfetched;
  sum->expired_unfetched += part.expired_unfetched;
  sum->reclaimed += part.reclaimed;
  sum->no_memory += part.no_memory;
}

void AddListener(const ListenerStats& part, ListenerStats* sum) {
  sum->curr_connections += part.curr_connections;
  sum->total_connections += part.total_connections;
  sum->rejected_connections += part.rejected_connections;
  sum->bytes_read += part.bytes_read;
  sum->bytes_written += part.bytes_written;
  sum->cmd_flush += part.cmd_flush;
  sum->held_replies += part.held_replies;
  sum->forwards += part.forwards;
  sum->stopped_reading += part.stopped_reading;
}

void AddLink(const LinkStats& part, LinkStats* sum) {
  sum->position += part.position;
  sum->acknowledged_position += part.acknowledged_position;
  sum->log_bytes += part.log_bytes;
  sum->log_bytes_max += part.log_bytes_max;
  sum->lag_mutations += part.lag_mutations;
  sum->forwards_in_flight += part.forwards_in_flight;
  sum->snapshots_sent += part.snapshots_sent;
  sum->window_full_times += part.window_full_times;
  sum->frames_refused += part.frames_refused;
  sum->digests_compared += part.digests_compared;
  sum->digest_mismatches += part.digest_mismatches;
  sum->slots_repaired += part.slots_repaired;
  sum->last_digest_position += part.last_digest_position;
  sum->memory_bytes_max += part.memory_bytes_max;
  sum->link_up = sum->link_up || part.link_up;
  if (!part.peer_address.empty()) sum->peer_address = part.peer_address;
}

}  // namespace

void Merge(const NodeStats& part, NodeStats* sum) {
  AddItems(part.shard, &sum->shard);
  AddCommands(part.shard, &sum->shard);
  AddMemory(part.shard.memory, &sum->shard.memory);
  for (size_t i = 0; i < kSizeClasses; ++i) {
    AddClass(part.shard.classes[i], &sum->shard.classes[i]);
  }
  AddListener(part.listener, &sum->listener);
  AddLink(part.link, &sum->link);
  if (part.has_role) {
    sum->has_role = true;
    sum->role = part.role;
  }
  sum->newest_version = std::max(sum->newest_version, part.newest_version);
}

}  // namespace twincached
