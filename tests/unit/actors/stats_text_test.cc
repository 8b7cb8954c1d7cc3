// The text of `stats`: shapes that monitoring parses, and each number at its name.
#include "actors/stats_text.h"

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/version.h"

namespace twincached {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsSupersetOf;
using ::testing::Key;
using ::testing::MatchesRegex;
using ::testing::Not;

struct Asked {
  NodeStats stats;
  ProcessStats process;
  Config config;
};

std::string Text(absl::string_view argument, const Asked& asked = Asked()) {
  return ComposeStats(argument, asked.stats, asked.process, asked.config);
}

// Name and value of every line, in order; the shape of the whole answer is checked.
std::vector<std::pair<std::string, std::string>> Lines(const std::string& text) {
  std::vector<std::pair<std::string, std::string>> lines;
  EXPECT_TRUE(absl::EndsWith(text, "END\r\n")) << text;
  for (const absl::string_view line : absl::StrSplit(text, "\r\n")) {
    if (line == "END") break;
    const std::vector<std::string> words = absl::StrSplit(line, absl::MaxSplits(' ', 2));
    EXPECT_EQ(words.size(), 3u) << line;
    if (words.size() != 3) continue;
    EXPECT_EQ(words[0], "STAT") << line;
    EXPECT_FALSE(words[1].empty() || words[2].empty()) << line;
    lines.emplace_back(words[1], words[2]);
  }
  return lines;
}

std::map<std::string, std::string> Values(const std::string& text) {
  std::map<std::string, std::string> values;
  for (const auto& line : Lines(text)) {
    EXPECT_TRUE(values.insert(line).second) << "twice: " << line.first;
  }
  return values;
}

std::vector<std::string> Names(const std::string& text) {
  std::vector<std::string> names;
  for (const auto& line : Lines(text)) names.push_back(line.first);
  return names;
}

TEST(StatsText, PlainHasMemcachedsNamesInItsOrderAndRepcachedsThree) {
  EXPECT_THAT(
      Names(Text("")),
      ElementsAre("pid", "uptime", "time", "version", "pointer_size", "rusage_user",
                  "rusage_system", "max_connections", "curr_connections", "total_connections",
                  "rejected_connections", "cmd_get", "cmd_set", "cmd_flush", "cmd_touch",
                  "get_hits", "get_misses", "get_expired", "get_flushed", "delete_misses",
                  "delete_hits", "incr_misses", "incr_hits", "decr_misses", "decr_hits",
                  "cas_misses", "cas_hits", "cas_badval", "touch_hits", "touch_misses",
                  "store_too_large", "store_no_memory", "auth_cmds", "auth_errors", "bytes_read",
                  "bytes_written", "limit_maxbytes", "accepting_conns", "listen_disabled_num",
                  "time_in_listen_disabled_us", "threads", "bytes", "curr_items", "total_items",
                  "expired_unfetched", "evicted_unfetched", "evictions", "reclaimed", "replication",
                  "repcached_version", "repcached_qi_free"));
}

TEST(StatsText, PlainTellsEachCounterUnderItsName) {
  Asked asked;
  ShardStats& shard = asked.stats.shard;
  std::map<std::string, uint64_t*> shard_counters = {
      {"bytes", &shard.bytes},
      {"curr_items", &shard.items},
      {"total_items", &shard.total_items},
      {"evictions", &shard.evictions},
      {"expired_unfetched", &shard.expired_unfetched},
      {"evicted_unfetched", &shard.evicted_unfetched},
      {"reclaimed", &shard.reclaimed},
      {"get_hits", &shard.get_hits},
      {"get_misses", &shard.get_misses},
      {"get_expired", &shard.get_expired},
      {"cmd_get", &shard.cmd_get},
      {"cmd_set", &shard.cmd_set},
      {"cmd_touch", &shard.cmd_touch},
      {"delete_hits", &shard.delete_hits},
      {"delete_misses", &shard.delete_misses},
      {"incr_hits", &shard.incr_hits},
      {"incr_misses", &shard.incr_misses},
      {"decr_hits", &shard.decr_hits},
      {"decr_misses", &shard.decr_misses},
      {"cas_hits", &shard.cas_hits},
      {"cas_misses", &shard.cas_misses},
      {"cas_badval", &shard.cas_badval},
      {"touch_hits", &shard.touch_hits},
      {"touch_misses", &shard.touch_misses},
      {"store_too_large", &shard.store_too_large},
      {"store_no_memory", &shard.store_no_memory},
      {"cmd_flush", &asked.stats.listener.cmd_flush},
      {"curr_connections", &asked.stats.listener.curr_connections},
      {"total_connections", &asked.stats.listener.total_connections},
      {"rejected_connections", &asked.stats.listener.rejected_connections},
      {"bytes_read", &asked.stats.listener.bytes_read},
      {"bytes_written", &asked.stats.listener.bytes_written},
  };
  uint64_t number = 1000;
  for (const auto& counter : shard_counters) *counter.second = number++;
  const auto values = Values(Text("", asked));
  for (const auto& counter : shard_counters) {
    EXPECT_EQ(values.at(counter.first), absl::StrCat(*counter.second)) << counter.first;
  }
}

TEST(StatsText, AFlushOfAllShardsIsOneCommand) {
  Asked asked;
  asked.stats.listener.cmd_flush = 1;
  asked.stats.shard.cmd_flush = 4;
  EXPECT_EQ(Values(Text("", asked)).at("cmd_flush"), "1");
}

TEST(StatsText, PlainTellsTheProcessAndItsLimits) {
  Asked asked;
  asked.process.pid = 4711;
  asked.process.uptime_seconds = 60;
  asked.process.unix_seconds = 1700000000;
  asked.process.user_seconds = 1.0000015;
  asked.process.system_seconds = 0;
  asked.stats.link.memory_bytes_max = 48u << 20;
  asked.config.connections_max = 99;
  asked.config.threads = 3;
  const auto values = Values(Text("", asked));
  EXPECT_EQ(values.at("pid"), "4711");
  EXPECT_EQ(values.at("uptime"), "60");
  EXPECT_EQ(values.at("time"), "1700000000");
  EXPECT_EQ(values.at("version"), kVersion);
  EXPECT_EQ(values.at("pointer_size"), absl::StrCat(8 * sizeof(void*)));
  EXPECT_EQ(values.at("rusage_user"), "1.000002");
  EXPECT_EQ(values.at("rusage_system"), "0.000000");
  EXPECT_EQ(values.at("limit_maxbytes"), "50331648");
  EXPECT_EQ(values.at("max_connections"), "99");
  EXPECT_EQ(values.at("threads"), "3");
  EXPECT_EQ(values.at("accepting_conns"), "1");
}

TEST(StatsText, RoleIsMasterForWhoeverDecides) {
  Asked asked;
  for (const auto state :
       {replication::MASTER, replication::SOLO, replication::FEED, replication::HOLD}) {
    asked.stats.role.state = state;
    asked.stats.role.decides = true;
    EXPECT_EQ(Values(Text("", asked)).at("replication"), "MASTER");
    EXPECT_EQ(Values(Text("replication", asked)).at("role"), "MASTER");
  }
  for (const auto state : {replication::SLAVE, replication::JOIN, replication::HOLD}) {
    asked.stats.role.state = state;
    asked.stats.role.decides = false;
    EXPECT_EQ(Values(Text("", asked)).at("replication"), "SLAVE");
    EXPECT_EQ(Values(Text("replication", asked)).at("role"), "SLAVE");
  }
}

TEST(StatsText, RepcachedsQueueRunsOutWithTheForwards) {
  Asked asked;
  const int64_t empty = std::stoll(Values(Text("")).at("repcached_qi_free"));
  asked.stats.link.forwards_in_flight = 100;
  EXPECT_EQ(std::stoll(Values(Text("", asked)).at("repcached_qi_free")), empty - 100);
  asked.stats.link.forwards_in_flight = UINT64_MAX;
  EXPECT_EQ(Values(Text("", asked)).at("repcached_qi_free"), "0");
}

TEST(StatsText, SettingsHaveMemcachedsNames) {
  Asked asked;
  Config& config = asked.config;
  config.port = 2000;
  config.listen = {"127.0.0.1", "[::1]:5"};
  config.memory_bytes_max = 16u << 20;  // at start
  asked.stats.link.memory_bytes_max = 32u << 20;
  config.connections_max = 77;
  config.evict = false;
  config.threads = 2;
  config.verbosity = 1;
  config.backlog = 9;
  config.item_bytes_max = 2u << 20;
  config.unix_socket = "/run/a.sock";
  config.unix_socket_mode = 0750;
  config.lock_memory = config.huge_pages = true;
  config.poller = net::PollerKind::kUring;
  const auto values = Values(Text("settings", asked));
  const std::map<std::string, std::string> expected = {{"maxbytes", "33554432"},
                                                       {"maxconns", "77"},
                                                       {"tcpport", "2000"},
                                                       {"udpport", "0"},
                                                       {"inter", "127.0.0.1,[::1]:5"},
                                                       {"verbosity", "1"},
                                                       {"evictions", "off"},
                                                       {"domain_socket", "/run/a.sock"},
                                                       {"umask", "750"},
                                                       {"num_threads", "2"},
                                                       {"cas_enabled", "yes"},
                                                       {"tcp_backlog", "9"},
                                                       {"item_size_max", "2097152"},
                                                       {"detail_enabled", "no"},
                                                       {"maxconns_fast", "yes"},
                                                       {"auth_enabled_sasl", "no"},
                                                       {"dump_enabled", "no"},
                                                       {"flush_enabled", "yes"},
                                                       {"shutdown_command", "no"},
                                                       {"poller", "io_uring"},
                                                       {"lock_memory", "yes"},
                                                       {"huge_pages", "always"}};
  for (const auto& line : expected) EXPECT_EQ(values.at(line.first), line.second) << line.first;
  const auto defaults = Values(Text("settings"));
  EXPECT_EQ(defaults.at("lock_memory"), "no");
  EXPECT_EQ(defaults.at("huge_pages"), "auto");
  EXPECT_EQ(defaults.at("inter"), "127.0.0.1");
  EXPECT_EQ(defaults.at("domain_socket"), "NULL");
  EXPECT_EQ(defaults.at("evictions"), "on");
  EXPECT_EQ(defaults.at("umask"), "700");
}

TEST(StatsText, SettingsTellThePair) {
  Asked asked;
  asked.config.peer = "10.0.0.2:11300";
  asked.config.replication_port = 11301;
  asked.config.ack_pair = false;
  asked.config.refuse_solo_writes = true;
  const auto values = Values(Text("settings", asked));
  EXPECT_EQ(values.at("peer"), "10.0.0.2:11300");
  EXPECT_EQ(values.at("replication_port"), "11301");
  EXPECT_EQ(values.at("ack"), "local");
  EXPECT_EQ(values.at("solo_writes"), "refuse");
  EXPECT_EQ(Values(Text("replication", asked)).at("solo_writes"), "refuse");
  EXPECT_EQ(values.at("suspect_after_ms"), "300");
  EXPECT_EQ(values.at("read_hold_ms"), "500");
  EXPECT_EQ(values.at("solo_after_ms"), "700");
  EXPECT_EQ(values.at("promote_after_ms"), "1000");
  EXPECT_EQ(values.at("ack_timeout_ms"), "2000");
  EXPECT_EQ(Values(Text("settings")).at("peer"), "none");
}

TEST(StatsText, ReplicationTellsRolePeerAndStream) {
  Asked asked;
  replication::RoleStatus& role = asked.stats.role;
  role.state = replication::MASTER;
  role.decides = true;
  role.epoch.set_number(3);
  role.generation.set_id(0xabc);
  role.link_up = true;
  role.peer_state = replication::SLAVE;
  role.peer_ack_pair = false;
  role.last_change_ms = 5000;
  role.last_reason = "slave in sync";
  role.promotions = 1;
  role.resyncs = 2;
  role.emptied = 21;
  asked.process.real_ms = 6500;
  LinkStats& link = asked.stats.link;
  link.position = 10;
  link.acknowledged_position = 9;
  link.log_bytes = 11;
  link.log_bytes_max = 12;
  link.lag_mutations = 13;
  link.digests_compared = 17;
  link.digest_mismatches = 18;
  link.slots_repaired = 19;
  link.last_digest_position = 20;
  link.peer_address = "10.0.0.2:11212";
  asked.stats.listener.held_replies = 14;
  asked.stats.listener.forwards = 15;
  asked.stats.newest_version = 16;
  const std::map<std::string, std::string> expected = {{"role", "MASTER"},
                                                       {"state", "MASTER"},
                                                       {"epoch", "3"},
                                                       {"version", "16"},
                                                       {"peer", "10.0.0.2:11212"},
                                                       {"peer_state", "SLAVE"},
                                                       {"solo_writes", "allow"},
                                                       {"ack", "pair"},
                                                       {"peer_ack", "local"},
                                                       {"last_change_ms", "1500"},
                                                       {"last_reason", "slave in sync"},
                                                       {"log_bytes", "11"},
                                                       {"log_bytes_max", "12"},
                                                       {"lag_mutations", "13"},
                                                       {"held_replies", "14"},
                                                       {"forwards", "15"},
                                                       {"resyncs", "2"},
                                                       {"promotions", "1"},
                                                       {"emptied", "21"},
                                                       {"position", "10"},
                                                       {"acknowledged_position", "9"},
                                                       {"digests_compared", "17"},
                                                       {"digest_mismatches", "18"},
                                                       {"slots_repaired", "19"},
                                                       {"last_digest_position", "20"},
                                                       {"generation", "0000000000000abc"}};
  const auto values = Values(Text("replication", asked));
  for (const auto& line : expected) EXPECT_EQ(values.at(line.first), line.second) << line.first;
}

TEST(StatsText, ReplicationNeverClaimsAPeerThatIsNotThere) {
  Asked asked;
  asked.stats.role.peer_state = replication::SLAVE;
  asked.stats.role.link_up = false;
  asked.config.peer = "other:11212";
  auto values = Values(Text("replication", asked));
  EXPECT_EQ(values.at("peer_state"), "none");
  EXPECT_EQ(values.at("peer_ack"), "none");
  EXPECT_EQ(values.at("peer"), "other:11212") << "who it should be";
  values = Values(Text("replication"));
  EXPECT_EQ(values.at("peer"), "none");
  EXPECT_EQ(values.at("last_reason"), "none");
}

TEST(StatsText, TimeSinceAChangeIsNeverNegative) {
  Asked asked;
  asked.stats.role.last_change_ms = 10;
  asked.process.real_ms = 9;
  EXPECT_EQ(Values(Text("replication", asked)).at("last_change_ms"), "0");
}

// memadmin takes a server whose sub-stats equal plain `stats` for another product.
TEST(StatsText, NoTwoSectionsAreAlike) {
  std::set<std::string> texts;
  const std::vector<std::string> arguments = {"",      "settings", "items",      "slabs",
                                              "sizes", "reset",    "replication"};
  Asked asked;
  asked.stats.shard.classes[0].items = 1;
  for (const std::string& argument : arguments) texts.insert(Text(argument, asked));
  EXPECT_EQ(texts.size(), arguments.size());
}

// One range with items and a history, one with a history only, one that is empty.
Asked WithClasses() {
  Asked asked;
  ShardStats& shard = asked.stats.shard;
  shard.memory_bytes = 1234;
  SizeClassStats& small = shard.classes[1];
  small.items = 1;
  small.bytes = 90;
  small.evicted = 4;
  small.evicted_nonzero = 3;
  small.evicted_unfetched = 2;
  small.expired_unfetched = 5;
  small.reclaimed = 6;
  small.no_memory = 7;
  shard.classes[3].evicted = 8;
  shard.memory.segments = 2;
  shard.memory.free_segments = 1;
  shard.memory.segment_bytes = 1000;
  shard.memory.used_bytes = 500;
  shard.memory.live_bytes = 375;
  shard.memory.outside_bytes = 11;
  shard.memory.index_bytes = 12;
  shard.memory.ghost_bytes = 13;
  return asked;
}

TEST(StatsText, ItemsAreToldByRangeOfSizes) {
  const Asked asked = WithClasses();
  const auto values = Values(Text("items", asked));
  const std::map<std::string, std::string> expected = {{"items:2:number", "1"},
                                                       {"items:2:mem_requested", "90"},
                                                       {"items:2:evicted", "4"},
                                                       {"items:2:evicted_nonzero", "3"},
                                                       {"items:2:outofmemory", "7"},
                                                       {"items:2:reclaimed", "6"},
                                                       {"items:2:expired_unfetched", "5"},
                                                       {"items:2:evicted_unfetched", "2"},
                                                       {"items:4:number", "0"},
                                                       {"items:4:evicted", "8"}};
  for (const auto& line : expected) EXPECT_EQ(values.at(line.first), line.second) << line.first;
  EXPECT_EQ(values.size(), 16u) << "nothing of ranges that never had an item";
  EXPECT_EQ(Text("items"), "END\r\n");
}

TEST(StatsText, SlabsAreRangesOfSizesAndThenTheMemory) {
  EXPECT_EQ(Text("slabs", WithClasses()),
            "STAT 2:chunk_size 96\r\nSTAT 2:used_chunks 1\r\nSTAT 2:mem_requested 90\r\n"
            "STAT active_slabs 1\r\nSTAT total_malloced 1234\r\n"
            "STAT segments 2\r\nSTAT segments_free 1\r\nSTAT segments_bytes 1000\r\n"
            "STAT segments_live_bytes 375\r\nSTAT segments_garbage_bytes 125\r\n"
            "STAT segments_fill 0.375\r\nSTAT segments_garbage 0.125\r\n"
            "STAT outside_bytes 11\r\nSTAT index_bytes 12\r\nSTAT ghost_bytes 13\r\nEND\r\n");
  EXPECT_EQ(Values(Text("slabs")).at("segments_fill"), "0.000");
}

TEST(StatsText, SizesAreUpperBoundsAndCounts) {
  EXPECT_EQ(Text("sizes", WithClasses()), "STAT 96 1\r\nEND\r\n");
  EXPECT_EQ(Values(Text("settings")).at("track_sizes"), "yes");
}

TEST(StatsText, ResetAndErrorsAreMemcacheds) {
  EXPECT_EQ(Text("reset"), "RESET\r\n");
  EXPECT_EQ(Text("foo"), "ERROR\r\n");
  EXPECT_EQ(Text("setting"), "ERROR\r\n");
  EXPECT_EQ(Text("SETTINGS"), "ERROR\r\n");
  EXPECT_EQ(Text("cachedump"), "CLIENT_ERROR stats cachedump not allowed\r\n");
}

}  // namespace
}  // namespace twincached
