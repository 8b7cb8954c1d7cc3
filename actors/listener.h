// The LISTENER: owns client sockets and their sessions, and decides when a reply may leave.
//
// One per core, pinned; the one on core 0 also owns the listening sockets and deals accepted
// clients out. Each loop iteration it parses what every ready socket brought into one round: one
// CommandBatch per shard. When all are answered it composes the replies in request order and writes
// once per connection. Bounds: Connections by -c (shared by all cores); per client those of
// client.h; kRequestsPerIteration per round.
//
// Invariants:
// 1. Replies leave in request order, whatever shard or node they came from.
// 2. In mode kPaired no byte is let out that reveals an un-acknowledged change (HoldMarks); in
//    kPaired and kFollower none after the lease; in kHeld none at all; in kClosed there are no
//    clients. What was let out is true however late it leaves: see LetOut().
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "actors/client.h"
#include "actors/interfaces.h"
#include "actors/pinned.h"
#include "net/event_loop.h"

namespace twincached {

struct ListenerOptions {
  uint32_t index = 0;
  uint32_t shard_count = 1;
  size_t item_bytes_max = 1u << 20;
  uint32_t connections_max = 1024;
  std::vector<net::Address> addresses;  // of core 0's; the others listen on nothing
  std::string unix_socket_path;
  int unix_socket_mode = 0700;
  int backlog = 1024;
  std::shared_ptr<std::atomic<uint32_t>> connections;  // of all cores
  // The order (Serving::token) before which no LISTENER tells anything any more: the SUPERVISOR's.
  std::shared_ptr<const std::atomic<uint64_t>> tells_from =
      std::make_shared<const std::atomic<uint64_t>>(0);
  int64_t clock_offset_ms = 0;    // stream clock at start: the wall clock
  std::function<void()> on_open;  // clients can connect now, for the first time
  std::function<std::string(absl::string_view, const NodeStats&)>
      compose_stats;  // of `stats ARGUMENT`
};

class ListenerActor final : public pinned<listener_actor>, private net::ConnectionHandler {
 public:
  ListenerActor(caf::actor_config& config, CoreUnit* unit, ListenerOptions options);

  const char* name() const override { return "LISTENER"; }
  void on_exit() override;

 protected:
  behavior_type make_behavior() override;

 private:
  // One iteration's commands: entries in request order of each client, one batch per shard.
  struct Entry {
    Client* client;
    Request request;
    uint32_t shard = 0;   // of the reply; for a flush the first one
    uint32_t index = 0;   // in that shard's batch
    bool stored = false;  // false: the request's text is the reply
  };
  struct Round {
    uint64_t id = 0;
    size_t unanswered = 0;
    std::vector<Entry> entries;
    std::vector<Client*> clients;
    std::vector<CommandBatchPtr> batches;  // by shard; null: nothing for it
  };

  // net::ConnectionHandler
  void OnInput(net::Connection& connection) override;
  void OnClosed(net::Connection& connection, net::CloseReason reason) override;
  void OnDrained(net::Connection& connection) override;

  // Clients (listener_clients.cc).
  void Open();
  void TryOpenAgain(const absl::Status& failure);
  void Close();
  void Deal(int fd);
  void Adopt(int fd);
  void Destroy(Client* client);
  void ResetClient(Client* client);
  Client* Find(uint64_t id);

  // Requests (listener.cc).
  void Parse(Client* client);
  bool Take(Client* client, Request& request);
  void AddEntry(Client* client, const Request& request);
  void AddToBatch(uint32_t shard, const Command& command, Entry* entry);
  void SendRound();
  void OnAnswered(const CommandBatchPtr& batch);
  void FinishRound(std::unique_ptr<Round> round);
  void ComposeEntry(const Round& round, const Entry& entry);
  static void ComposePinned(const Request& request, const Reply& reply, const Pin& pin,
                            net::Connection* connection);
  void Hold(Client* client, uint32_t shard, uint64_t seq);
  void Resume(Client* client);
  void HandleDeferred(Client* client);
  static void AdaptRoundSize(Client* client, uint64_t output_bytes);

  // What a round left over (listener_backlog.cc).
  static bool IsExecuted(const Round& round, const Entry& entry);
  static bool IsUndecided(const Round& round, const Entry& entry);
  static void LeaveOver(const Round& round, const Entry& entry);
  static void KeepAnswer(const Round& round, const Entry& entry, PendingRequest* pending);
  void TakeBacklog(Client* client);
  void ComposePending(Client* client, const PendingRequest& pending);

  // Forwards (listener_forwards.cc).
  void Forward(Client* client, const Request& request);
  static void WaitBehindForward(const Round& round, const Entry& entry);
  void OnForwardReplies(ForwardReplies* replies);
  void ComposeAnswered(Client* client);
  void SendForwards();

  // Replies (listener_output.cc).
  void OnServing(const ServingPtr& serving);
  void DropHeld();
  void DropWrites();
  bool Frozen() const;
  void Release(Client* client);
  static void LetOut(Client* client);
  void ReleaseHeld();
  void SetReading(Client* client);
  void OnAcknowledged(const AcknowledgedPtr& acknowledged);

  // `replication WORD`, `cache_memlimit` (listener_admin.cc).
  void AskPair(Client* client, ReplicationCommand command);
  void SetMemoryLimit(Client* client, const Request& request);
  void OnAdminAnswer(const AdminAnswer& answer);

  // Stats (listener_stats.cc).
  void Gather(Client* client, absl::string_view argument);
  void OnStatsPart(const StatsPart& part);
  void CountWritten(Client* client);
  void OnStatsRequest(const StatsRequest& request);

  const ListenerOptions options_;
  WiringPtr wiring_;
  std::vector<std::unique_ptr<net::Acceptor>> acceptors_;
  uint32_t next_core_ = 0;
  bool told_open_ = false, warned_closed_ = false;

  absl::btree_map<uint64_t, std::unique_ptr<Client>> clients_;  // effects follow its order
  uint64_t next_client_ = 1;

  std::unique_ptr<Round> open_round_;
  absl::flat_hash_map<uint64_t, std::unique_ptr<Round>> rounds_;
  std::vector<std::unique_ptr<Round>> spare_rounds_;
  uint64_t next_round_ = 1;
  ForwardRequestsPtr forwards_out_;

  replication::ServingMode mode_ = replication::ServingMode::kClosed;
  uint64_t serving_token_ = 0;  // of the order that mode_ is from
  uint64_t slot_seed_ = 0;
  int64_t lease_until_boot_ms_ = 0;
  int64_t clock_offset_ms_ = 0;
  bool window_full_ = false;
  AcknowledgedPtr acknowledged_;
  std::vector<Client*> held_;  // have marks, or waited for the lease

  struct Gathering {
    uint64_t client = 0;
    std::string argument;
    size_t missing = 0;
    NodeStats sum;
  };
  absl::flat_hash_map<uint64_t, Gathering> gatherings_;
  uint64_t next_gathering_ = 1;
  ListenerStats stats_;
};

}  // namespace twincached
