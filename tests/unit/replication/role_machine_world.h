// Two role machines and a tiny network between them, in virtual time. For tests.
//
// What it is: what the LINK, the STOREs and the LISTENERs would do with the machine's effects, cut
// down to a list of numbered writes per node: a source appends and sends them, a target applies and
// acknowledges them, a client is answered as the serving mode allows. Faults: kill, start, freeze,
// cut, reset.
// What it is not: the LINK. No frames, shards or windows.
//
// It checks by itself, after every event, and remembers the first thing that was wrong: failure().
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "proto/replication/decide.h"
#include "proto/replication/role_machine.h"
#include "tests/unit/replication/role_machine_world_message.h"

namespace twincached::replication {

class World {
 public:
  struct Options {
    bool one_host = false;        // one replication port for both: whoever holds it is dialled
    bool second_has_peer = true;  // -x on node 1; node 0's is first_has_peer
    bool first_has_peer = true;
    bool ack_pair = true;
    bool log_is_short = false;  // a resume is never possible
    int64_t snapshot_ms = 30;
  };

  World(uint64_t seed, Options options);

  // ---- Faults ----
  void Start(int node);
  void Kill(int node);
  void Stop(int node);    // SIGTERM
  void Switch(int node);  // an operator asks it for a switchover
  void Freeze(int node);
  void Thaw(int node);
  // Frames from `from` to the other node wait until Heal().
  void Cut(int from) { cut_[from] = true; }
  void Heal();
  void ResetLink();  // every connection, as by a box in the middle
  void StallApplying(int node, bool stalled);
  void UseUpEpoch(int node);

  void Run(int64_t for_ms);
  uint64_t Random(uint64_t below) { return random_() % below; }

  bool alive(int node) const { return nodes_[node].machine != nullptr; }
  bool frozen(int node) const { return nodes_[node].frozen; }
  State state(int node) const;
  bool Paired() const;
  int64_t now() const { return now_; }
  const RoleMachine& machine(int node) const { return *nodes_[node].machine; }
  ServingMode serving(int node) const { return nodes_[node].serving; }
  // Every write that a client was told of.
  bool HasAllAcknowledged(int node) const;
  uint64_t said(int node, ContractLine line) const;
  int exit_code(int node) const { return nodes_[node].exit_code; }
  // Of this process: the switchovers asked for, and what came of them ("": done).
  uint64_t asked(int node) const { return nodes_[node].asked; }
  const std::vector<std::string>& answers(int node) const { return nodes_[node].answers; }
  const std::string& failure() const { return failure_; }
  const std::string& trace() const { return trace_; }

 private:
  using Message = WorldMessage;
  // One side of a connection; the other side's id differs in the lowest bit.
  struct End {
    int node = 0;
    uint64_t life = 0;
    bool open = true;
    bool paused = false;  // a Verdict is with the machine: nothing is read
    Hello ours, theirs;
    std::deque<Message> in;  // on its way to this side
    int arrived_unread = 0;
    int64_t heard_sent_ms = -1;
  };
  struct Node {
    std::unique_ptr<RoleMachine> machine;
    Incarnation incarnation;
    uint64_t life = 0;  // of this process; later callbacks of an earlier one are void
    bool frozen = false, stalled = false, holds_port = false;
    std::deque<std::function<void()>> waiting;  // what happened while frozen
    int64_t running_ms = 0, last_tick_ms = 0;
    uint64_t dial_attempt = 0, peer_life = 0;
    int exit_code = -1;
    std::map<ContractLine, uint64_t> said;
    uint64_t asked = 0;
    std::vector<std::string> answers;

    ConnectionId link = 0;
    bool attached = false, as_source = false;
    bool told_caught_up = false, draining = false, peer_loaded = false, got_ack = false;
    std::deque<Message> not_applied;  // while stalled
    uint64_t acked_position = 0;
    int64_t newest_echo_ms = -1, unacked_since_ms = -1;

    bool decides = false, told_first = false;
    Epoch epoch;
    uint64_t alone_writes = 0;
    ServingMode serving = ServingMode::kClosed;
    std::vector<uint64_t> history;
    std::deque<std::pair<uint64_t, uint64_t>> held;  // position, write
  };

  // Time.
  void At(int64_t delay_ms, std::function<void()> what);
  // Runs `what` for this life of the node, later when it is frozen.
  void ForNode(int node, uint64_t life, std::function<void()> what);
  void TickLater(int node, uint64_t life, int64_t after_ms);
  void TickNode(int node);
  void WriteLater(int node, uint64_t life, int64_t after_ms);
  void ClientWrites(int node);

  // The machine.
  void Give(int node, const Event& event);
  void Obey(int node, const Effect& effect);
  void Do(int node, const Dial& dial);
  void Do(int node, const StopDialling&) { ++nodes_[node].dial_attempt; }
  void Do(int node, const SendHello& hello);
  void Do(int node, const SendNotReady& not_ready);
  void Do(int node, const SendVerdict& verdict);
  void Do(int node, const CloseConnection& close);
  void Do(int node, const AttachLink& attach);
  void Do(int node, const DetachLink& detach);
  void Do(int node, const Probe&);
  void Do(int node, const SetServing& serving);
  void Do(int, const SetWrites&) {}
  void Do(int node, const RunBarrier& barrier);
  void Do(int node, const Decide& decide);
  void Do(int node, const NextEpoch& next) { nodes_[node].epoch = next.epoch; }
  void Do(int node, const Follow&) { nodes_[node].decides = false; }
  void Do(int node, const DropData&);
  void Do(int node, const SendInSync&);
  void Do(int node, const SendOutdated&);
  void Do(int node, const SendOutdatedAck&);
  void Do(int node, const SendGoodbye& goodbye);
  void Do(int node, const SendSwitchover& switchover);
  void Do(int node, const AnswerSwitchover& answer) {
    nodes_[node].answers.push_back(answer.error);
  }
  void Do(int node, const DrainLink&);
  void Do(int node, const Yield& yield) { Do(node, RunBarrier{yield.token}); }
  void Do(int node, const TurnLink& turn);
  void Do(int node, const Say& say) { ++nodes_[node].said[say.line]; }
  void Do(int, const Explain&) {}
  void Do(int node, const Exit& exit);

  // The network.
  void Connect(int node);
  void Send(ConnectionId from, Message message);
  void Arrive(ConnectionId id);  // the next message for this side
  void Receive(int node, ConnectionId id, const Message& message);
  void ReceiveOnLink(int node, ConnectionId id, const Message& message);
  void Apply(int node, const Message& message);
  void CloseEnd(ConnectionId id, bool reset);
  void EndProcess(int node);
  void BeginSource(int node, const Verdict& verdict);
  void OnAck(int node, uint64_t position);
  void SendAck(int node);
  void CheckProgress(int node);
  void Release(int node);
  void Answer(int node, uint64_t write);
  void Fail(const std::string& what);
  void Trace(int node, const std::string& what);

  const Options options_;
  std::mt19937_64 random_;
  int64_t now_ = 0;
  std::multimap<int64_t, std::function<void()>> agenda_;
  Node nodes_[2];
  bool cut_[2] = {false, false};
  std::map<ConnectionId, End> ends_;
  ConnectionId next_connection_ = 2;  // even
  uint64_t next_life_ = 1, next_write_ = 1;
  std::vector<uint64_t> acknowledged_;
  std::map<std::pair<uint64_t, uint64_t>, uint64_t> answered_in_;  // epoch -> life
  std::string failure_, trace_;
};

}  // namespace twincached::replication
