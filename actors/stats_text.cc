#include "actors/stats_text.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "net/poller_kind.h"
#include "proto/limits.h"
#include "proto/memcache/stats_writer.h"
#include "proto/memcache/text_replies.h"
#include "proto/version.h"
#include "storage/size_class.h"

namespace twincached {
namespace {

// The repcached whose contract this is; its scripts ask for the name.
constexpr char kRepcachedVersion[] = "2.3.1-twincached";
// memcached's own answer when dumping is disabled (-X), as it is here.
constexpr char kNoDump[] = "CLIENT_ERROR stats cachedump not allowed\r\n";

// What `stats` is composed from.
struct Facts {
  const NodeStats& node;
  const ProcessStats& process;
  const Config& config;
};

absl::string_view OrNone(absl::string_view text) { return text.empty() ? "none" : text; }

const char* AckName(bool pair) { return pair ? "pair" : "local"; }

const char* RoleName(const NodeStats& node) { return node.role.decides ? "MASTER" : "SLAVE"; }

uint64_t Microseconds(double seconds) {
  return static_cast<uint64_t>(std::max(0.0, seconds) * 1e6 + 0.5);
}

// ---- stats ----

void WriteProcess(const Facts& facts, StatsWriter* out) {
  const ProcessStats& process = facts.process;
  const ListenerStats& listener = facts.node.listener;
  out->Signed("pid", process.pid);
  out->Signed("uptime", process.uptime_seconds);
  out->Signed("time", process.unix_seconds);
  out->Text("version", kVersion);
  out->Number("pointer_size", 8 * sizeof(void*));
  out->Seconds("rusage_user", Microseconds(process.user_seconds));
  out->Seconds("rusage_system", Microseconds(process.system_seconds));
  out->Numbers({{"max_connections", facts.config.connections_max},
                {"curr_connections", listener.curr_connections},
                {"total_connections", listener.total_connections},
                {"rejected_connections", listener.rejected_connections}});
}

void WriteCommands(const Facts& facts, StatsWriter* out) {
  const ShardStats& shard = facts.node.shard;
  out->Numbers({{"cmd_get", shard.cmd_get},
                {"cmd_set", shard.cmd_set},
                {"cmd_flush", facts.node.listener.cmd_flush},
                {"cmd_touch", shard.cmd_touch},
                {"get_hits", shard.get_hits},
                {"get_misses", shard.get_misses},
                {"get_expired", shard.get_expired},
                {"get_flushed", 0},  // what a flush takes is gone at once
                {"delete_misses", shard.delete_misses},
                {"delete_hits", shard.delete_hits},
                {"incr_misses", shard.incr_misses},
                {"incr_hits", shard.incr_hits},
                {"decr_misses", shard.decr_misses},
                {"decr_hits", shard.decr_hits},
                {"cas_misses", shard.cas_misses},
                {"cas_hits", shard.cas_hits},
                {"cas_badval", shard.cas_badval},
                {"touch_hits", shard.touch_hits},
                {"touch_misses", shard.touch_misses},
                {"store_too_large", shard.store_too_large},
                {"store_no_memory", shard.store_no_memory},
                {"auth_cmds", 0},
                {"auth_errors", 0}});
}

void WriteTraffic(const Facts& facts, StatsWriter* out) {
  // Over the limit a client is told so and closed: accepting never stops.
  out->Numbers({{"bytes_read", facts.node.listener.bytes_read},
                {"bytes_written", facts.node.listener.bytes_written},
                {"limit_maxbytes", facts.node.link.memory_bytes_max},
                {"accepting_conns", 1},
                {"listen_disabled_num", 0},
                {"time_in_listen_disabled_us", 0},
                {"threads", facts.config.threads}});
}

void WriteItems(const Facts& facts, StatsWriter* out) {
  const ShardStats& shard = facts.node.shard;
  out->Numbers({{"bytes", shard.bytes},
                {"curr_items", shard.items},
                {"total_items", shard.total_items},
                {"expired_unfetched", shard.expired_unfetched},
                {"evicted_unfetched", shard.evicted_unfetched},
                {"evictions", shard.evictions},
                {"reclaimed", shard.reclaimed}});
}

// repcached's three lines. Its queue held keys on their way to the peer; ours are a slave's writes
// on their way to the master.
void WriteRepcached(const Facts& facts, StatsWriter* out) {
  const uint64_t in_flight = facts.node.link.forwards_in_flight;
  out->Text("replication", RoleName(facts.node));
  out->Text("repcached_version", kRepcachedVersion);
  out->Number("repcached_qi_free",
              kForwardsInFlightMax - std::min<uint64_t>(kForwardsInFlightMax, in_flight));
}

void WritePlain(const Facts& facts, StatsWriter* out) {
  WriteProcess(facts, out);
  WriteCommands(facts, out);
  WriteTraffic(facts, out);
  WriteItems(facts, out);
  WriteRepcached(facts, out);
}

// ---- stats settings ----

std::string Interfaces(const Config& config) {
  return config.listen.empty() ? "127.0.0.1" : absl::StrJoin(config.listen, ",");
}

void WriteMemcachedSettings(const Facts& facts, StatsWriter* out) {
  const Config& config = facts.config;
  out->Number("maxbytes", facts.node.link.memory_bytes_max);
  out->Number("maxconns", config.connections_max);
  out->Signed("tcpport", config.port);
  out->Number("udpport", 0);
  out->Text("inter", Interfaces(config));
  out->Signed("verbosity", config.verbosity);
  out->Text("evictions", config.evict ? "on" : "off");
  out->Text("domain_socket", config.unix_socket.empty() ? "NULL" : config.unix_socket);
  out->Text("umask", absl::StrFormat("%o", config.unix_socket_mode));
  out->YesNo("shutdown_command", false);
  out->Number("num_threads", config.threads);
  out->YesNo("detail_enabled", false);
  out->Number("reqs_per_event", kRequestsPerIteration);
  out->YesNo("cas_enabled", true);
  out->Signed("tcp_backlog", config.backlog);
  out->Text("binding_protocol", "ascii");
  out->YesNo("auth_enabled_sasl", false);
  out->YesNo("auth_enabled_ascii", false);
  out->Number("item_size_max", config.item_bytes_max);
  out->YesNo("maxconns_fast", true);
  out->YesNo("flush_enabled", true);
  out->YesNo("dump_enabled", false);
  out->Number("idle_timeout", 0);
  out->YesNo("track_sizes", true);
  out->YesNo("ssl_enabled", false);
}

absl::string_view SoloWrites(const Config& config) {
  return config.refuse_solo_writes ? "refuse" : "allow";
}

void WriteOurSettings(const Config& config, StatsWriter* out) {
  const replication::Timers& timers = config.timers;
  out->Text("poller", net::PollerName(config.poller));
  out->YesNo("lock_memory", config.lock_memory);
  out->Text("huge_pages", config.huge_pages ? "always" : "auto");
  out->Text("node_name", OrNone(config.node_name));
  out->Text("cluster", OrNone(config.cluster));
  out->Text("peer", OrNone(config.peer));
  out->Signed("replication_port", config.replication_port);
  out->Text("solo_writes", SoloWrites(config));
  out->Text("ack", AckName(config.ack_pair));
  out->Signed("heartbeat_ms", timers.heartbeat);
  out->Signed("suspect_after_ms", timers.suspect_after);
  out->Signed("read_hold_ms", timers.read_hold);
  out->Signed("solo_after_ms", timers.solo_after);
  out->Signed("promote_after_ms", timers.promote_after);
  out->Signed("ack_timeout_ms", timers.ack_timeout);
}

void WriteSettings(const Facts& facts, StatsWriter* out) {
  WriteMemcachedSettings(facts, out);
  WriteOurSettings(facts.config, out);
}

// ---- stats replication ----

std::string PeerText(const Facts& facts) {
  const LinkStats& link = facts.node.link;
  if (!link.peer_address.empty()) return link.peer_address;
  return std::string(OrNone(facts.config.peer));
}

void WriteRole(const Facts& facts, StatsWriter* out) {
  const replication::RoleStatus& role = facts.node.role;
  const int64_t since_change_ms = facts.process.real_ms - role.last_change_ms;
  out->Text("role", RoleName(facts.node));
  out->Text("state", replication::State_Name(role.state));
  out->Number("epoch", role.epoch.number());
  out->Number("version", facts.node.newest_version);
  out->Text("peer", PeerText(facts));
  out->Text("peer_state", role.link_up ? replication::State_Name(role.peer_state) : "none");
  out->Text("solo_writes", SoloWrites(facts.config));
  out->Text("ack", AckName(facts.config.ack_pair));
  out->Text("peer_ack", role.link_up ? AckName(role.peer_ack_pair) : "none");
  out->Number("last_change_ms", static_cast<uint64_t>(std::max<int64_t>(0, since_change_ms)));
  out->Text("last_reason", OrNone(role.last_reason));
}

void WriteStream(const Facts& facts, StatsWriter* out) {
  const LinkStats& link = facts.node.link;
  const ListenerStats& listener = facts.node.listener;
  const replication::RoleStatus& role = facts.node.role;
  out->Numbers({{"log_bytes", link.log_bytes},
                {"log_bytes_max", link.log_bytes_max},
                {"lag_mutations", link.lag_mutations},
                {"held_replies", listener.held_replies},
                {"forwards", listener.forwards},
                {"resyncs", role.resyncs},
                {"promotions", role.promotions},
                {"emptied", role.emptied},
                {"position", link.position},
                {"acknowledged_position", link.acknowledged_position}});
  out->Text("generation", absl::StrCat(absl::Hex(role.generation.id(), absl::kZeroPad16)));
  out->Numbers({{"forwards_in_flight", link.forwards_in_flight},
                {"snapshots_sent", link.snapshots_sent},
                {"window_full_times", link.window_full_times},
                {"stopped_reading", listener.stopped_reading},
                {"frames_refused", link.frames_refused},
                {"digests_compared", link.digests_compared},
                {"digest_mismatches", link.digest_mismatches},
                {"slots_repaired", link.slots_repaired},
                {"last_digest_position", link.last_digest_position}});
}

void WriteReplication(const Facts& facts, StatsWriter* out) {
  WriteRole(facts, out);
  WriteStream(facts, out);
}

// ---- what memcached tells by slab class, here by range of sizes (size_class.h) ----

// Numbered from 1, as memcached's classes.
std::string ClassName(absl::string_view prefix, size_t size_class, absl::string_view name) {
  return absl::StrCat(prefix, size_class + 1, ":", name);
}

bool HasHistory(const SizeClassStats& stats) {
  return stats.evicted + stats.reclaimed + stats.no_memory > 0;
}

void WriteItemClasses(const Facts& facts, StatsWriter* out) {
  for (size_t i = 0; i < kSizeClasses; ++i) {
    const SizeClassStats& stats = facts.node.shard.classes[i];
    if (stats.items == 0 && !HasHistory(stats)) continue;
    const NamedCounter counters[] = {{"number", stats.items},
                                     {"mem_requested", stats.bytes},
                                     {"evicted", stats.evicted},
                                     {"evicted_nonzero", stats.evicted_nonzero},
                                     {"outofmemory", stats.no_memory},
                                     {"reclaimed", stats.reclaimed},
                                     {"expired_unfetched", stats.expired_unfetched},
                                     {"evicted_unfetched", stats.evicted_unfetched}};
    for (const NamedCounter& counter : counters) {
      out->Number(ClassName("items:", i, counter.name), counter.value);
    }
  }
}

std::string Ratio(uint64_t part, uint64_t whole) {
  return absl::StrFormat("%.3f", whole == 0 ? 0.0 : static_cast<double>(part) / whole);
}

// Ours: where the memory is.
void WriteMemory(const MemoryStats& memory, StatsWriter* out) {
  const uint64_t garbage_bytes = memory.used_bytes - memory.live_bytes;
  out->Numbers({{"segments", memory.segments},
                {"segments_free", memory.free_segments},
                {"segments_bytes", memory.segment_bytes},
                {"segments_live_bytes", memory.live_bytes},
                {"segments_garbage_bytes", garbage_bytes}});
  out->Text("segments_fill", Ratio(memory.live_bytes, memory.segment_bytes));
  out->Text("segments_garbage", Ratio(garbage_bytes, memory.segment_bytes));
  out->Numbers({{"outside_bytes", memory.outside_bytes},
                {"index_bytes", memory.index_bytes},
                {"ghost_bytes", memory.ghost_bytes}});
}

void WriteSlabs(const Facts& facts, StatsWriter* out) {
  const ShardStats& shard = facts.node.shard;
  uint64_t active = 0;
  for (size_t i = 0; i < kSizeClasses; ++i) {
    const SizeClassStats& stats = shard.classes[i];
    if (stats.items == 0) continue;
    ++active;
    out->Number(ClassName("", i, "chunk_size"), SizeClassBytes(i));
    out->Number(ClassName("", i, "used_chunks"), stats.items);
    out->Number(ClassName("", i, "mem_requested"), stats.bytes);
  }
  out->Number("active_slabs", active);
  out->Number("total_malloced", shard.memory_bytes);
  WriteMemory(shard.memory, out);
}

void WriteSizes(const Facts& facts, StatsWriter* out) {
  for (size_t i = 0; i < kSizeClasses; ++i) {
    const uint64_t items = facts.node.shard.classes[i].items;
    if (items > 0) out->Number(absl::StrCat(SizeClassBytes(i)), items);
  }
}

struct Section {
  absl::string_view argument;
  void (*write)(const Facts& facts, StatsWriter* out);
};

constexpr Section kSections[] = {
    {"", WritePlain},
    {"settings", WriteSettings},
    {"replication", WriteReplication},
    {"items", WriteItemClasses},
    {"slabs", WriteSlabs},
    {"sizes", WriteSizes},
};

}  // namespace

std::string ComposeStats(absl::string_view argument, const NodeStats& stats,
                         const ProcessStats& process, const Config& config) {
  if (argument == "reset") return std::string(text_replies::kReset);
  if (argument == "cachedump") return kNoDump;
  for (const Section& section : kSections) {
    if (section.argument != argument) continue;
    std::string text;
    StatsWriter out(&text);
    section.write({stats, process, config}, &out);
    out.End();
    return text;
  }
  return std::string(text_replies::kError);
}

}  // namespace twincached
