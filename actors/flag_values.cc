#include "actors/flag_values.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <thread>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "net/address.h"
#include "net/poller_kind.h"
#include "proto/limits.h"
#include "storage/shard.h"

namespace twincached {
namespace {

constexpr size_t kMegabyte = size_t{1} << 20;
// One slot per thread at least: the key space has 64.
constexpr uint32_t kThreadsMax = 64;
// Of -m for each of the threads that nobody asked for: a small shard keeps more of its memory free
// than a large one.
constexpr size_t kShardBytesDefaultMin = 16u << 20;
constexpr uint32_t kConnectionsMax = 1u << 20;
constexpr int kPortMax = 65535;
// Shorter than a scheduler's hiccup makes failovers out of nothing; longer is not a failover.
constexpr int64_t kTimerMsMin = 30;
constexpr int64_t kTimerMsMax = 600 * 1000;
constexpr size_t kNameBytesMax = 255;
constexpr size_t kItemBytesMin = 1024;  // memcached's

template <typename Number, typename Bound>
std::string ToNumber(absl::string_view text, Bound min, Bound max, Number* out) {
  int64_t number = 0;
  if (!absl::SimpleAtoi(text, &number) || number < static_cast<int64_t>(min) ||
      number > static_cast<int64_t>(max)) {
    return absl::StrCat("not a number from ", min, " to ", max);
  }
  *out = static_cast<Number>(number);
  return "";
}

std::string ToText(absl::string_view value, std::string* out) {
  if (value.empty()) return "must not be empty";
  *out = std::string(value);
  return "";
}

// A name ends up in log lines and stats.
std::string ToName(absl::string_view value, std::string* out) {
  const bool printable = std::all_of(value.begin(), value.end(), [](char c) {
    return absl::ascii_isgraph(static_cast<unsigned char>(c));
  });
  if (!printable || value.empty() || value.size() > kNameBytesMax) {
    return absl::StrCat("not a name of 1 to ", kNameBytesMax, " printable characters");
  }
  *out = std::string(value);
  return "";
}

std::string CheckHostPort(absl::string_view text) {
  const auto parsed = net::ParseHostPort(text, 0);
  if (text.empty() || !parsed.ok()) return "not an address (host, host:port or [v6]:port)";
  return "";
}

// ---- -o ----

// Known to memcached and without a meaning here, or true anyway. Each may have a no_ before it.
constexpr absl::string_view kIgnoredOptions[] = {
    "maxconns_fast", "hashpower",           "tail_repair_time",   "hash_algorithm",
    "hashexpand",    "read_buf_mem_limit",  "resp_obj_mem_limit", "hot_lru_pct",
    "warm_lru_pct",  "hot_max_factor",      "warm_max_factor",    "temporary_ttl",
    "track_sizes",   "watcher_logbuf_size", "worker_logbuf_size", "inline_ascii_response",
    "modern",        "sock_cookie_id",      "drop_privileges",    "inline_ascii_resp",
};
constexpr absl::string_view kIgnoredFamilies[] = {"slab_", "ext_", "lru_", "proxy_"};

bool IsIgnoredOption(absl::string_view name) {
  absl::ConsumePrefix(&name, "no_");
  return std::find(std::begin(kIgnoredOptions), std::end(kIgnoredOptions), name) !=
             std::end(kIgnoredOptions) ||
         std::any_of(std::begin(kIgnoredFamilies), std::end(kIgnoredFamilies),
                     [name](absl::string_view family) { return absl::StartsWith(name, family); });
}

std::string SetOneExtended(absl::string_view option, FlagValues* values) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(option, absl::MaxSplits('=', 1));
  if (parts.first == "idle_timeout") {
    int64_t seconds = 0;
    const std::string error = ToNumber(parts.second, 0, 1 << 30, &seconds);
    if (!error.empty()) return absl::StrCat("idle_timeout: ", error);
    if (seconds > 0) {
      values->warnings.push_back("-o idle_timeout has no effect: idle connections stay open");
    }
    return "";
  }
  return IsIgnoredOption(parts.first) ? "" : absl::StrCat("illegal suboption \"", option, "\"");
}

// ---- putting together ----

// Half of a shard's memory must hold the largest item, as in memcached.
size_t ShardBytesMin(const Config& config) {
  return std::max(Shard::MemoryBytesMin(), 2 * config.item_bytes_max);
}

uint32_t DefaultThreads(const Config& config) {
  const size_t cores = std::max(1u, std::thread::hardware_concurrency());
  const size_t shard_bytes = std::max(ShardBytesMin(config), kShardBytesDefaultMin);
  const size_t that_fit = std::max<size_t>(1, config.memory_bytes_max / shard_bytes);
  return static_cast<uint32_t>(std::min<size_t>({kThreadsMax, cores, that_fit}));
}

std::string CheckMemory(const Config& config) {
  const size_t bytes_min = config.threads * ShardBytesMin(config);
  if (config.memory_bytes_max >= bytes_min) return "";
  return absl::StrCat("-m ", config.memory_bytes_max / kMegabyte, " is too small: -t ",
                      config.threads, " and items of up to ", config.item_bytes_max,
                      " bytes (-I) need at least ", (bytes_min + kMegabyte - 1) / kMegabyte, " MB");
}

// The operator sets none, one or both of two; the others keep the proportions of the defaults. A
// later promotion alone moves all of them, an earlier or later suspicion only those between.
replication::Timers DeriveTimers(const FlagValues& values) {
  const replication::Timers defaults;
  replication::Timers timers = values.config.timers;
  if (values.promote_after_ms > 0) timers.promote_after = values.promote_after_ms;
  timers.suspect_after =
      values.suspect_after_ms > 0
          ? values.suspect_after_ms
          : timers.promote_after * defaults.suspect_after / defaults.promote_after;
  const int64_t span_ms = timers.promote_after - timers.suspect_after;
  timers.heartbeat = std::min(defaults.heartbeat, timers.suspect_after / 3);
  timers.read_hold = timers.suspect_after + span_ms * 2 / 7;
  timers.solo_after = timers.suspect_after + span_ms * 4 / 7;
  // Whoever waits for a peer that may be deciding waits longer than the decision takes.
  timers.start_wait = std::max(defaults.start_wait, 3 * timers.promote_after);
  return timers;
}

std::string CheckTimers(const FlagValues& values) {
  const replication::Timers& timers = values.config.timers;
  const std::string error = replication::CheckTimers(timers);
  if (error.empty()) return "";
  const auto said = [](int64_t given_ms) { return given_ms > 0 ? "" : " (not given)"; };
  return absl::StrCat("--suspect-after-ms ", timers.suspect_after, said(values.suspect_after_ms),
                      " and --promote-after-ms ", timers.promote_after,
                      said(values.promote_after_ms), " do not fit: ", error);
}

}  // namespace

std::string SetPort(absl::string_view value, FlagValues* values) {
  return ToNumber(value, -1, kPortMax, &values->config.port);
}

std::string SetUdpPort(absl::string_view value, FlagValues* values) {
  int port = 0;
  const std::string error = ToNumber(value, -1, kPortMax, &port);
  if (error.empty() && port != 0) {
    values->warnings.push_back("UDP is not supported: -U is ignored, the server goes on without");
  }
  return error;
}

std::string SetUnixSocket(absl::string_view value, FlagValues* values) {
  return ToText(value, &values->config.unix_socket);
}

std::string SetUnixMask(absl::string_view value, FlagValues* values) {
  const bool octal = !value.empty() && value.size() <= 4 &&
                     value.find_first_not_of("01234567") == absl::string_view::npos;
  if (!octal) return "not an access mask in octal, 0 to 777";
  int mode = 0;
  for (const char digit : value) mode = mode * 8 + (digit - '0');
  if (mode > 0777) return "not an access mask in octal, 0 to 777";
  values->config.unix_socket_mode = mode;
  return "";
}

std::string AddListen(absl::string_view value, FlagValues* values) {
  for (const absl::string_view address : absl::StrSplit(value, ',')) {
    const std::string error = CheckHostPort(address);
    if (!error.empty()) return error;
    values->config.listen.emplace_back(address);
  }
  return "";
}

std::string SetUser(absl::string_view value, FlagValues* values) {
  return ToText(value, &values->config.user);
}

std::string SetMemory(absl::string_view value, FlagValues* values) {
  return ToNumber(value, uint64_t{1}, kMemoryMbMax, &values->memory_mb);
}

std::string SetConnections(absl::string_view value, FlagValues* values) {
  return ToNumber(value, 1u, kConnectionsMax, &values->config.connections_max);
}

std::string SetPidFile(absl::string_view value, FlagValues* values) {
  return ToText(value, &values->config.pid_file);
}

std::string SetThreads(absl::string_view value, FlagValues* values) {
  values->threads_given = true;
  return ToNumber(value, 1u, kThreadsMax, &values->config.threads);
}

std::string SetBacklog(absl::string_view value, FlagValues* values) {
  return ToNumber(value, 1, 1 << 30, &values->config.backlog);
}

std::string SetProtocol(absl::string_view value, FlagValues*) {
  if (value == "ascii" || value == "auto") return "";
  return value == "binary" ? "not supported by this version" : "not one of auto, ascii";
}

std::string SetItemSize(absl::string_view value, FlagValues* values) {
  constexpr absl::string_view kUnits = "kKmM";
  size_t unit = 1;
  if (!value.empty() && kUnits.find(value.back()) != absl::string_view::npos) {
    unit = absl::ascii_tolower(static_cast<unsigned char>(value.back())) == 'k' ? 1024 : kMegabyte;
    value.remove_suffix(1);
  }
  uint64_t number = 0;
  if (!absl::SimpleAtoi(value, &number) || number > kItemBytesMax ||
      number * unit < kItemBytesMin || number * unit > kItemBytesMax) {
    return absl::StrCat("not a size from 1k to ", kItemBytesMax / kMegabyte, "m");
  }
  values->config.item_bytes_max = number * unit;
  return "";
}

std::string SetExtended(absl::string_view value, FlagValues* values) {
  for (const absl::string_view option : absl::StrSplit(value, ',')) {
    const std::string error = SetOneExtended(option, values);
    if (!error.empty()) return error;
  }
  return "";
}

std::string SetPeer(absl::string_view value, FlagValues* values) {
  values->config.peer = std::string(value);
  return CheckHostPort(value);
}

std::string SetReplicationPort(absl::string_view value, FlagValues* values) {
  return ToNumber(value, 0, kPortMax, &values->config.replication_port);
}

std::string SetNodeName(absl::string_view value, FlagValues* values) {
  return ToName(value, &values->config.node_name);
}

std::string SetCluster(absl::string_view value, FlagValues* values) {
  return ToName(value, &values->config.cluster);
}

std::string SetSoloWrites(absl::string_view value, FlagValues* values) {
  values->config.refuse_solo_writes = value == "refuse";
  return value == "allow" || value == "refuse" ? "" : "not one of allow, refuse";
}

std::string SetAck(absl::string_view value, FlagValues* values) {
  values->config.ack_pair = value == "pair";
  return value == "pair" || value == "local" ? "" : "not one of pair, local";
}

std::string SetPoller(absl::string_view value, FlagValues* values) {
  using net::PollerKind;
  for (const PollerKind kind : {PollerKind::kAuto, PollerKind::kUring, PollerKind::kEpoll}) {
    if (value != net::PollerName(kind)) continue;
    values->config.poller = kind;
    return "";
  }
  return "not one of auto, io_uring, epoll";
}

std::string SetSuspectAfter(absl::string_view value, FlagValues* values) {
  return ToNumber(value, kTimerMsMin, kTimerMsMax, &values->suspect_after_ms);
}

std::string SetPromoteAfter(absl::string_view value, FlagValues* values) {
  return ToNumber(value, kTimerMsMin, kTimerMsMax, &values->promote_after_ms);
}

std::string SetAckTimeout(absl::string_view value, FlagValues* values) {
  return ToNumber(value, kTimerMsMin, kTimerMsMax, &values->config.timers.ack_timeout);
}

std::string CheckPositive(absl::string_view value, FlagValues*) {
  int64_t number = 0;
  return ToNumber(value, 1, 1 << 30, &number);
}

std::string CheckFactor(absl::string_view value, FlagValues* values) {
  double factor = 0;
  if (!absl::SimpleAtod(value, &factor) || !(factor > 1)) return "not a factor greater than 1";
  values->warnings.push_back("-f has no effect: there are no slabs");
  return "";
}

std::string CheckChunkSize(absl::string_view value, FlagValues* values) {
  values->warnings.push_back("-n has no effect: there are no slabs");
  return CheckPositive(value, values);
}

std::string CheckDelimiter(absl::string_view value, FlagValues* values) {
  if (value.size() != 1) return "not a single character";
  values->warnings.push_back("-D has no effect: there are no per-prefix statistics");
  return "";
}

std::string Finish(FlagValues* values) {
  Config& config = values->config;
  config.memory_bytes_max = values->memory_mb * kMegabyte;
  if (!values->threads_given) config.threads = DefaultThreads(config);
  const std::string memory_error = CheckMemory(config);
  if (!memory_error.empty()) return memory_error;
  config.timers = DeriveTimers(*values);
  if (config.port > 0 && config.port == config.replication_port) {
    return absl::StrCat("-p and -X are both ", config.port, ": each needs a port of its own");
  }
  return CheckTimers(*values);
}

}  // namespace twincached
