// What the words on a command line mean: text in, a checked Config out.
//
// Pure but for one look at the number of cores. Not the parser: which flags there are and which of
// them take a value is flags.cc's. Errors are the part of a sentence behind the flag and its value:
// "not a number from 1 to 64".
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "actors/config.h"

namespace twincached {

// What the flags say before they are put together.
struct FlagValues {
  Config config;
  uint64_t memory_mb = 64;
  bool threads_given = false;
  int64_t suspect_after_ms = 0, promote_after_ms = 0;  // 0: not given
  std::vector<std::string> warnings;                   // whole lines
};

// One flag's value. The result is empty, or why the value is refused.
using SetValue = std::string (*)(absl::string_view value, FlagValues* values);

std::string SetPort(absl::string_view value, FlagValues* values);             // -p
std::string SetUdpPort(absl::string_view value, FlagValues* values);          // -U
std::string SetUnixSocket(absl::string_view value, FlagValues* values);       // -s
std::string SetUnixMask(absl::string_view value, FlagValues* values);         // -a
std::string AddListen(absl::string_view value, FlagValues* values);           // -l
std::string SetUser(absl::string_view value, FlagValues* values);             // -u
std::string SetMemory(absl::string_view value, FlagValues* values);           // -m
std::string SetConnections(absl::string_view value, FlagValues* values);      // -c
std::string SetPidFile(absl::string_view value, FlagValues* values);          // -P
std::string SetThreads(absl::string_view value, FlagValues* values);          // -t
std::string SetBacklog(absl::string_view value, FlagValues* values);          // -b
std::string SetProtocol(absl::string_view value, FlagValues* values);         // -B
std::string SetItemSize(absl::string_view value, FlagValues* values);         // -I
std::string SetExtended(absl::string_view value, FlagValues* values);         // -o
std::string SetPeer(absl::string_view value, FlagValues* values);             // -x
std::string SetReplicationPort(absl::string_view value, FlagValues* values);  // -X
std::string SetNodeName(absl::string_view value, FlagValues* values);
std::string SetCluster(absl::string_view value, FlagValues* values);
std::string SetSoloWrites(absl::string_view value, FlagValues* values);
std::string SetAck(absl::string_view value, FlagValues* values);
std::string SetPoller(absl::string_view value, FlagValues* values);
std::string SetSuspectAfter(absl::string_view value, FlagValues* values);
std::string SetPromoteAfter(absl::string_view value, FlagValues* values);
std::string SetAckTimeout(absl::string_view value, FlagValues* values);

// Accepted for memcached's and repcached's sake; the value must still be one.
std::string CheckPositive(absl::string_view value, FlagValues* values);   // -q, -R
std::string CheckFactor(absl::string_view value, FlagValues* values);     // -f
std::string CheckChunkSize(absl::string_view value, FlagValues* values);  // -n
std::string CheckDelimiter(absl::string_view value, FlagValues* values);  // -D

// Puts the values together when all are there. The result is empty, or a sentence that names the
// flags that do not fit.
std::string Finish(FlagValues* values);

}  // namespace twincached
