// What the nodes of the test world (role_machine_world.h) say to each other: frames, cut down.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "proto/replication/replication.pb.h"

namespace twincached::replication {

struct WorldMessage {
  enum Kind {
    kNotReady,
    kHello,
    kVerdict,
    kHeartbeat,
    kSnapshot,
    kWrite,
    kAck,
    kInSync,
    kInSyncAck,
    kOutdated,
    kOutdatedAck,
    kGoodbye,
    kSwitchover,
    kEnd,
    kReset
  } kind = kEnd;
  Hello hello;
  Verdict verdict;
  Goodbye goodbye;
  std::string refusal;  // kSwitchover
  int64_t sent_ms = 0, echo_ms = -1;
  State state = BOOT;
  uint64_t position = 0, write = 0;
  std::vector<uint64_t> writes;
};

}  // namespace twincached::replication
