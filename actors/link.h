// The LINK: owns the replication port, the connection to the peer and the one mutation log.
//
// One per node, pinned to core 0. It gives every STORE's batch its position, sends it, and tells
// LISTENERs and STOREs what is acknowledged; on the other side it hands the peer's batches to the
// STOREs and acknowledges what they applied. It decides nothing about roles: it tells the
// SUPERVISOR what happened and carries out what comes back. Only it orders STOREs and LISTENERs
// about: orders stay in the order of the stream. Bounds: kCandidatesMax connections before their
// handshake, each with kFrameBytesMaxBeforeHandshake; the log's and the window's (limits.h).
//
// Invariants:
// 1. Before AttachLink nothing but NotReady, one Hello and one Verdict is read from a connection.
// 2. A Hello is sent only when every STORE is through with what earlier links brought.
// 3. One write per iteration: frames are appended during it and leave before the core sleeps.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/types/optional.h"
#include "actors/barrier.h"
#include "actors/forward_book.h"
#include "actors/interfaces.h"
#include "actors/link_digests.h"
#include "actors/link_options.h"
#include "actors/link_peer.h"
#include "actors/open_batches.h"
#include "actors/peer_dialer.h"
#include "actors/pinned.h"
#include "actors/probe.h"
#include "net/event_loop.h"
#include "proto/memcache/memory_limit.h"
#include "proto/replication/mutation_log.h"
#include "proto/replication/receiver.h"
#include "proto/replication/sender.h"

namespace twincached {

class LinkActor final : public pinned<link_actor>, private net::ConnectionHandler {
 public:
  LinkActor(caf::actor_config& config, CoreUnit* unit, LinkOptions options);

  const char* name() const override { return "LINK"; }
  void on_exit() override;

 protected:
  behavior_type make_behavior() override;

 private:
  using Peer = LinkPeer;
  static constexpr uint64_t kOwnBarrier = uint64_t{1} << 63;  // no token of the role machine's
  // Connections (link_connections.cc).
  void HoldPort();
  void AddPeer(int fd, bool dialled);
  void OnInput(net::Connection& connection) override;
  void OnClosed(net::Connection& connection, net::CloseReason reason) override;
  void OnDrained(net::Connection& connection) override;
  void ReadFrames(Peer* peer);
  bool OnPayload(Peer* peer, absl::string_view payload);
  bool OnCandidateFrame(Peer* peer, const replication::Frame& frame);
  void OnLinkFrame(Peer* peer, const replication::Frame& frame);
  void SendHello(Peer* peer);
  void Drop(replication::ConnectionId id, bool reset);
  void Refuse(Peer* peer, absl::string_view why);
  void Append(Peer* peer, const replication::Frame& frame);

  // Orders of the SUPERVISOR (link_orders.cc).
  void OnOrders(const RoleOrders& orders);
  void Obey(const replication::Dial& dial);
  void Obey(const replication::StopDialling& stop);
  void Obey(const replication::SendHello& hello);
  void Obey(const replication::SendNotReady& not_ready);
  void Obey(const replication::SendVerdict& verdict);
  void Obey(const replication::CloseConnection& close);
  void Obey(const replication::AttachLink& attach);
  void Obey(const replication::DetachLink& detach);
  void Obey(const replication::Probe& probe);
  void Obey(const replication::SetServing& serving);
  void Obey(const replication::SetWrites& writes);
  void Obey(const replication::RunBarrier& barrier);
  void Obey(const replication::Decide& decide);
  void Obey(const replication::NextEpoch& next);
  void Obey(const replication::Follow& follow);
  void Obey(const replication::DropData& drop);
  void Obey(const replication::SendInSync& in_sync);
  void Obey(const replication::SendOutdated& outdated);
  void Obey(const replication::SendOutdatedAck& acknowledgement);
  void Obey(const replication::SendGoodbye& goodbye);
  void Obey(const replication::SendSwitchover& switchover);
  void Obey(const replication::DrainLink& drain);
  void Obey(const replication::Yield& yield);
  void Obey(const replication::TurnLink& turn);
  void Obey(const replication::AnswerSwitchover&) {}  // these four are the SUPERVISOR's
  void Obey(const replication::Say&) {}
  void Obey(const replication::Explain&) {}
  void Obey(const replication::Exit&) {}
  void AppendToLink(const replication::Frame& frame);
  void OrderStores(StoreOrder::Kind kind, uint64_t value);
  void BeginOwnBarrier();
  void OnBarrier(const BarrierReached& reached);
  void SetTicking(bool wanted);
  void Tick();
  void SendHeartbeat();
  void OnHeartbeat(const replication::Heartbeat& heartbeat);
  void SetStreamClock(int64_t stream_ms);

  // As source (link_source.cc).
  void BeginSource(const replication::Verdict& verdict);
  void OnMutations(MutationBatch* batch);
  void StopKeeping();
  void OnChunk(SnapshotChunk* chunk);
  void OnAck(const replication::Ack& ack);
  void TellAcknowledged();
  void OnForwards(const replication::Forwards& forwards);
  void Distribute(ForwardTag tag, const Command& command, std::vector<CommandBatchPtr>* batches);
  void SendBatches(CommandOrigin origin, std::vector<CommandBatchPtr>* batches);
  void Shed(const replication::Ack& ack);
  void DrainSender();

  // As target (link_target.cc).
  void BeginTarget(const replication::Verdict& verdict);
  void OnSnapshotBegin(const replication::SnapshotBegin& begin);
  void OnData(const replication::DataView& data);
  void HandOver(uint32_t shard, std::shared_ptr<ApplyBatch> batch);
  void HandOverOpen();
  void OnApplied(const Applied& applied);
  void SendAck();
  void OnForwardRequests(ForwardRequests* requests);
  void SendForwards(uint64_t first);
  void ExecuteHere(uint64_t first);
  void OnExecutedHere(const CommandBatch& batch);
  void AnswerClient(uint64_t number, uint32_t parts, const Reply& reply, absl::string_view value);
  void SendReplies();
  void CheckStatus(const absl::Status& status);

  // The memory limit (link_memory.cc), comparing (link_comparing.cc).
  void OnMemoryLimit(const MemoryLimitRequest& request);
  void OnPeerMemory(uint64_t bytes);
  void CompareMemory();
  void OnMade(replication::Frame* frame);
  void OnComparingFrame(const replication::Frame& frame);
  void DriveDigests();

  void Begin(const WiringPtr& wiring);
  void BeforeSleep();
  void CheckDrained();
  void OnStatsRequest(const StatsRequest& request);
  void Tell(replication::Event event);
  void TellWindow();
  Peer* Find(replication::ConnectionId id);
  Peer* link() { return link_id_ == 0 ? nullptr : Find(link_id_); }

  const LinkOptions options_;
  MemoryLimit memory_limit_;
  WiringPtr wiring_;

  // Connections.
  std::vector<std::unique_ptr<net::Acceptor>> acceptors_;
  PeerDialer dialer_;
  ProbePort probe_port_;
  PeerProbe peer_probe_;
  absl::btree_map<replication::ConnectionId, std::unique_ptr<Peer>> peers_;
  std::vector<std::unique_ptr<Peer>> dropped_;  // until no callback of theirs can be on the stack
  replication::ConnectionId next_connection_ = 1;

  // The link.
  replication::ConnectionId link_id_ = 0;       // 0: none attached
  replication::Hello role_hello_, peer_hello_;  // the peer's memory limit: the newest it told
  std::unique_ptr<replication::Sender> sender_;
  std::unique_ptr<replication::Receiver> receiver_, retiring_;  // retiring: until the own barrier
  bool told_caught_up_ = false, told_in_sync_ = false, resumed_ = false;  // resumed: no snapshot
  uint64_t next_ticket_ = 1, gap_position_ = 0;  // gap: what the last peer had when it left
  uint64_t heard_us_ = 0;                        // newest heartbeat of the peer
  uint64_t executed_forward_ = 0, executed_forwards_from_ = 0;  // newest number, whose

  // The stream.
  replication::MutationLog log_;
  OpenBatches open_batches_;
  bool decides_ = false, told_first_mutation_ = false, window_full_ = false, draining_ = false;
  bool alone_ = false;            // replies need no acknowledgement
  uint64_t alone_mutations_ = 0;  // since Decide, answered without a peer
  uint64_t told_used_up_epoch_ = 0, slot_seed_ = 0;
  int64_t clock_offset_ms_ = 0;
  absl::btree_map<uint32_t, std::shared_ptr<ApplyBatch>> open_applies_;  // by shard; of this input
  ForwardBook book_;
  absl::btree_map<uint32_t, ForwardRepliesPtr> replies_out_;  // by listener
  absl::optional<uint64_t> queued_from_;  // of the book: waits while the role is handed over

  // Barriers and ticks.
  Barrier role_barrier_, own_barrier_;  // own: before the next Hello
  uint64_t last_own_barrier_ = 0;
  std::vector<replication::ConnectionId> waiting_hellos_;
  net::TimerId tick_timer_ = 0;
  int64_t running_ms_ = 0, last_tick_ms_ = 0;
  LinkStats stats_;
  LinkDigests digests_{&stats_};
};

}  // namespace twincached
