// Watches both nodes from outside and says what may not be: the invariants of the pair that no
// single node can see, and what the history has to allow for.
//
// Called after every iteration of either node. It knows which processes hold every acknowledged
// write (they are *current*): a pair's two nodes, or the one that serves alone.
//
// Checked here:
//   I1   no two processes serve in one epoch
//   I7   a slave does not lose its place in the stream while nothing is lost on the way
//   I9   a JOIN never serves with data: it becomes SLAVE, or boots anew, empty
//   I10  no preemption: a node that serves goes on as long as nothing happens to it
//   Forks come only of cuts and nodes without -x, never of stops. That is I8 as well: an empty node
//   does not replace a live one that is current.
// Told to the history: wipes (the last current process is gone) and forks (two processes serve
// alone, or a process serves that is not current).
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/history/checker.h"
#include "tests/sim/sim_node.h"

namespace twincached::sim {

class Observer {
 public:
  Observer(const Timeline* timeline, std::array<SimNode*, 2> nodes,
           history::HistoryChecker* history)
      : timeline_(*timeline), nodes_(nodes), history_(*history) {}

  void Observe();

  // One master in MASTER, one slave in SLAVE.
  bool Paired() const;
  // From here on nothing is done to the nodes.
  void set_calm(bool calm) { calm_ = calm; }
  // Evidence may have been misleading: nodes were cut off from each other, so both may serve.
  void AllowFork() { fork_allowed_ = true; }

  // No frame is lost or damaged: a slave never misses a part of its master's stream.
  void set_expects_no_gap(bool expects) { expects_no_gap_ = expects; }

  const std::vector<std::string>& violations() const { return violations_; }
  uint64_t promotions() const { return promotions_; }
  uint64_t forks() const { return forks_; }
  uint64_t wipes() const { return wipes_; }

 private:
  struct Seen {
    uint64_t incarnation = 0;
    bool running = false;
    replication::State state = replication::BOOT;
    uint64_t promotions = 0, emptied = 0;
    bool just_emptied = false;  // since the iteration before
    bool current = false;
    bool paired = false;  // FEED, and its joiner is in sync: it acknowledges nothing alone any more
    int64_t stale_since_us = 0;  // when it ceased to be current
    int64_t alone_since_us = 0;
  };

  void ObserveNode(size_t index);
  void OnEnd(size_t index);
  void OnState(size_t index, replication::State from, replication::State to);
  void OnAlone(size_t index, replication::State from);
  bool MustTakeOtherForDead(size_t index, replication::State from) const;
  void CheckEpoch(size_t index);
  void CloseFork();
  void OpenFork(int64_t since_us, const std::string& why, bool excused);
  void LoseAll(int64_t since_us);
  bool Serves(size_t index) const;
  bool IsAlone(size_t index) const;
  bool IsEmpty(size_t index) const;
  void Blame(const std::string& sentence);

  const Timeline& timeline_;
  const std::array<SimNode*, 2> nodes_;
  history::HistoryChecker& history_;
  std::array<Seen, 2> seen_;
  // Which process serves in an epoch (number, minting incarnation).
  std::map<std::pair<uint64_t, uint64_t>, std::pair<size_t, uint64_t>> epochs_;
  std::vector<std::string> violations_;
  uint64_t promotions_ = 0, forks_ = 0, wipes_ = 0;
  bool calm_ = false;
  bool fork_allowed_ = false;
  // One of the two began empty: if that one wins, what the other had is lost.
  bool fork_with_empty_ = false;
  bool expects_no_gap_ = false;
};

}  // namespace twincached::sim
