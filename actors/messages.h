// What the actors say to each other: the plain values inside the messages of interfaces.h.
//
// A batch travels as one shared pointer. Its sender does not touch it again until it comes back, so
// a batch is never seen by two threads at once; batches marked const are shared and read only.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "actors/stats.h"
#include "actors/stream_messages.h"
#include "proto/memcache/command.h"
#include "proto/memcache/replication_command.h"
#include "proto/replication/replication.pb.h"
#include "proto/replication/role_machine.h"
#include "storage/pins.h"
#include "storage/record_writer.h"

namespace twincached {

// Which LISTENER, and which of its connections; 0 is none.
struct ClientToken {
  uint32_t listener = 0;
  uint64_t client = 0;
};

// ---- LISTENER or LINK -> STORE, and back as the answer ----

struct StoredReply {
  static constexpr uint32_t kCopied = UINT32_MAX;

  Reply reply;  // its value is a view into CommandBatch::arena once the batch has been answered
  uint64_t hold_seq =
      0;  // leaves only when the shard's batch of this number is acknowledged; 0: at once
  size_t value_offset = 0;
  uint32_t pin = kCopied;  // else: the value is where its item is, and CommandBatch::pins has it
  bool undecided = false;  // a read that only the master can answer: it seems too old here
};

enum class CommandOrigin : uint8_t {
  kClient,           // answered to the LISTENER `listener`
  kPeerForward,      // answered by records in the stream
  kStrandedForward,  // a forward whose master died: executed here, answered to the LINK
};

struct CommandBatch {
  CommandOrigin origin = CommandOrigin::kClient;
  uint32_t shard = 0;
  uint32_t listener = 0;
  uint64_t round = 0;             // the LISTENER's
  std::vector<Command> commands;  // views into pinned input buffers or into `owned`
  std::vector<ForwardTag> tags;   // one per command; empty for kClient
  std::list<std::string> owned;   // a list: views stay good when it grows
  // Filled by the STORE.
  bool refused =
      false;  // the shard does not decide: nothing was executed, the connections are reset
  bool no_replica = false;  // the batch's writes were not executed: --solo-writes=refuse
  // One per command, in order. Fewer of a client's batch whose values are as many as may be told at
  // once (kBatchValueBytesMax): the other commands were not executed.
  std::vector<StoredReply> replies;
  std::string arena;
  std::vector<Pin> pins;    // the LISTENER lets them go
  size_t pinned_bytes = 0;  // of values
  uint64_t changed_seq = 0;  // of the shard, with the last of its changes; 0: none or not recorded
};
using CommandBatchPtr = std::shared_ptr<CommandBatch>;

// ---- SUPERVISOR -> LINK -> LISTENERs (so that it stays behind the orders to the STOREs) ->
// SUPERVISOR, as confirmation ----

struct Serving {
  uint64_t token = 0;
  replication::ServingMode mode = replication::ServingMode::kClosed;
  bool drop_held = false;
  bool drop_writes = false;
  uint64_t slot_seed = 0;
};
using ServingPtr = std::shared_ptr<const Serving>;

// ---- LISTENER -> LINK: commands for the master ----

struct ForwardRequest {
  ClientToken client;
  uint64_t index = 0;  // of this client's forwards, dense
  Command command;     // key and value are views into `owned`
  std::string owned;
};
using ForwardRequests = std::vector<ForwardRequest>;
using ForwardRequestsPtr = std::shared_ptr<ForwardRequests>;

// ---- LINK -> LISTENER: answers, of one client in any order ----

struct ForwardReply {
  uint64_t client = 0;
  uint64_t index = 0;
  Reply reply;  // its value is a view into `value`
  std::string value;
  std::vector<Revealed> revealed;  // executed here: it leaves when these are acknowledged
};
using ForwardReplies = std::vector<ForwardReply>;
using ForwardRepliesPtr = std::shared_ptr<ForwardReplies>;

// ---- LINK <-> SUPERVISOR ----

using RoleEventPtr = std::shared_ptr<const replication::Event>;

// What one event led to, to be carried out in this order before the next event counts.
struct RoleOrders {
  std::vector<replication::Effect> effects;
  replication::Hello hello;  // who this node is now; the LINK adds what it knows of the stream
  bool needs_ticks = false;
  // The Hello or Verdict of this connection has been considered: it is read on. 0: the event was
  // another one.
  replication::ConnectionId considered = 0;
};
using RoleOrdersPtr = std::shared_ptr<const RoleOrders>;

// ---- LISTENER -> SUPERVISOR (verify: LINK), and back: `replication WORD` ----

struct AdminRequest {
  ClientToken client;
  ReplicationCommand command = ReplicationCommand::kSwitchover;
};

struct AdminAnswer {
  uint64_t client = 0;
  std::string text;  // the whole line
};
using AdminAnswerPtr = std::shared_ptr<const AdminAnswer>;

// ---- LISTENER -> LINK, and back as an AdminAnswer: `cache_memlimit` ----

struct MemoryLimitRequest {
  ClientToken client;
  uint64_t megabytes = 0;
  bool noreply = false;  // the answer is empty
};

// ---- Anyone -> LISTENER that gathers: one actor's part of `stats` ----

struct StatsRequest {
  uint32_t listener = 0;
  uint64_t token = 0;
  bool reset = false;  // zero the counters instead of telling them
};

struct StatsPart {
  uint64_t token = 0;
  NodeStats stats;  // the fields that are this actor's; the others zero
};
using StatsPartPtr = std::shared_ptr<const StatsPart>;

}  // namespace twincached
