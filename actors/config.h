// What the operator asked for: the command line and the config file, checked.
//
// A plain value, fixed at start. flags.cc fills it (the only file that knows CLI11). What is in it
// has been checked: numbers are in range, addresses can be parsed, the memory suffices for the
// threads, CheckTimers() holds. Names have not been looked up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "net/poller_kind.h"
#include "proto/replication/role_machine.h"

namespace twincached {

struct Config {
  // memcached's flags.
  int port = 11211;                     // -p; 0: no TCP; -1: any free one
  std::vector<std::string> listen;      // -l, several; empty: loopback
  std::string unix_socket;              // -s
  int unix_socket_mode = 0700;          // -a
  size_t memory_bytes_max = 64u << 20;  // -m
  bool evict = true;                    // -M: false
  uint32_t connections_max = 1024;      // -c
  uint32_t threads = 1;                 // -t; default: one per core and 16 MiB of -m
  size_t item_bytes_max = 1u << 20;     // -I
  int verbosity = 0;                    // -v, -vv, -vvv
  bool daemonize = false;               // -d
  std::string pid_file;                 // -P
  std::string user;                     // -u
  int backlog = 1024;                   // -b
  bool core_dumps = false;              // -r
  bool lock_memory = false;             // -k; in stats: it is
  bool huge_pages = false;              // -L
  // repcached's and ours.
  net::PollerKind poller = net::PollerKind::kAuto;  // --poller; in stats: which one it is
  std::string peer;                                 // -x host[:port]; empty: none
  int replication_port = 11212;                     // -X; 0: any free one
  std::string node_name;                            // --node-name; empty: host name ':' client port
  std::string cluster = "default";                  // --cluster
  bool refuse_solo_writes = false;                  // --solo-writes=allow|refuse
  bool ack_pair = true;                             // --ack=pair|local
  // --suspect-after-ms, --promote-after-ms, --ack-timeout-ms; the others follow.
  replication::Timers timers;
};

// What main() does next.
struct ParseResult {
  bool run = false;  // false: exit with `exit_code`; everything has been printed
  int exit_code = 0;
};

// Usage errors print one line on stderr, exit code 1. -h, -i and -V print on stdout, exit code 0.
// A flag that is accepted without effect, and whose effect somebody may miss, prints a line of
// warning.
ParseResult ParseCommandLine(int argc, char** argv, Config* config);

}  // namespace twincached
