// One role machine, driven by hand. For tests.
//
// What it is: short words for the longer ways into a state, and questions about the effects of the
// last event. It keeps the tokens that the machine waits for, and the time.
// What it is not: a peer: what the other node says is made up here.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/variant.h"
#include "proto/replication/decide.h"
#include "proto/replication/role_machine.h"

namespace twincached::replication {

class Driver {
 public:
  explicit Driver(bool has_peer, bool ack_pair = true, bool refuse_solo_writes = false);

  // One event; its effects are effects() afterwards.
  void Give(const Event& event);

  // ---- Ways into a state; connection 1 becomes the link. ----
  void Boot() { Give(Started{}); }
  void Solo();  // without an answering peer
  void Feed();  // source of an empty peer
  void Master();
  void Join();  // target of a peer with data
  void Slave();
  void Open(ConnectionId id, bool dialled);
  void Greet(ConnectionId id, const Hello& theirs);  // their Hello
  void Agree(ConnectionId id);                       // their Verdict: the same as ours
  // Everything that a master waits for until it says goodbye.
  void HandOver();
  void ConfirmServing() { Give(ServingConfirmed{serving_token_}); }
  void CloseLink(bool orderly);
  // Ticks; nothing is heard meanwhile.
  void Pass(int64_t for_ms);
  // This node does not run for so long, then ticks once.
  void Sleep(int64_t for_ms);
  // As Pass(), while this node has a core that hangs: no Hello can leave.
  void PassMute(int64_t for_ms);
  // Ticks with a fresh peer that acknowledges nothing.
  void Stuck(int64_t for_ms);
  void Hear(State peer_state) { Give(HeartbeatReceived{1, peer_state}); }

  // ---- The other node ----
  Hello Empty() const;     // just started
  Hello Reborn() const;    // its next process, just started
  Hello WithData() const;  // serves alone, has data
  // What this node says now, at position 5.
  Hello OurHello() const;

  GoodbyeReceived LastGoodbye() const;  // it ends
  // It hands over; this node's position is 5.
  GoodbyeReceived SwitchoverGoodbye() const;
  Verdict TakeoverVerdict() const;  // its answer to ours

  // ---- What came of the last event ----
  const std::vector<Effect>& effects() const { return effects_; }
  template <typename T>
  const T* Find() const {
    for (const Effect& effect : effects_) {
      if (const T* found = absl::get_if<T>(&effect)) return found;
    }
    return nullptr;
  }
  template <typename T>
  bool Emitted() const {
    return Find<T>() != nullptr;
  }
  bool Said(ContractLine line) const;
  // The last SetServing is in this mode.
  bool Serves(ServingMode mode) const { return status().serving == mode; }

  const RoleMachine& machine() const { return machine_; }
  const RoleStatus& status() const { return machine_.status(); }
  State state() const { return status().state; }
  int64_t now() const { return now_; }  // running time
  int64_t real_now() const { return now_ + slept_ms_; }
  uint64_t serving_token() const { return serving_token_; }
  uint64_t barrier_token() const { return barrier_token_; }

 private:
  RoleMachine machine_;
  std::vector<Effect> effects_;
  int64_t now_ = 0, slept_ms_ = 0;
  uint64_t serving_token_ = 0, barrier_token_ = 0;
  Verdict verdict_;  // the newest that we sent
};

}  // namespace twincached::replication
