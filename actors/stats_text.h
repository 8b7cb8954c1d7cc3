// The text of `stats` and its sub-commands.
//
// Pure: NodeStats in, bytes out. Names, order and units are memcached 1.6's (protocol.txt), so that
// monitoring understands them; what we have no true value for is left out. `stats replication` is
// ours, with repcached's three lines in plain `stats`.
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "actors/config.h"
#include "actors/stats.h"

namespace twincached {

// What only the process knows, read by the LISTENER that answers.
struct ProcessStats {
  int64_t pid = 0;
  int64_t uptime_seconds = 0;
  int64_t unix_seconds = 0;
  double user_seconds = 0, system_seconds = 0;  // CPU
  int64_t real_ms = 0;                          // clock of RoleStatus::last_change_ms
};

// The whole answer to `stats [argument]`, END or RESET or an error line included. `argument` is the
// first word behind `stats`; an unknown one is answered as memcached answers it. `config` says what
// is so now: the port that was picked, the verbosity that was set.
std::string ComposeStats(absl::string_view argument, const NodeStats& stats,
                         const ProcessStats& process, const Config& config);

}  // namespace twincached
