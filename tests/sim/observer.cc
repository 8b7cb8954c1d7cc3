#include "tests/sim/observer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace twincached::sim {

using replication::State;

void Observer::Blame(const std::string& sentence) {
  violations_.push_back(absl::StrCat("at ", timeline_.now_us() / 1000, " ms: ", sentence));
}

bool Observer::Serves(size_t index) const {
  const State state = seen_[index].state;
  return seen_[index].running &&
         (state == replication::SOLO || state == replication::FEED || state == replication::MASTER);
}

bool Observer::IsAlone(size_t index) const {
  return Serves(index) && seen_[index].state != replication::MASTER && !seen_[index].paired;
}

// By its own word, STOREs may be a moment behind; or because nothing has been written yet.
bool Observer::IsEmpty(size_t index) const {
  if (nodes_[index]->status()->generation.id() == 0) return true;
  for (const Shard* shard : nodes_[index]->Shards()) {
    if (shard->stats().items > 0) return false;
  }
  return true;
}

bool Observer::Paired() const {
  for (size_t index = 0; index < 2; ++index) {
    if (seen_[index].running && seen_[index].state == replication::MASTER &&
        seen_[1 - index].running && seen_[1 - index].state == replication::SLAVE) {
      return true;
    }
  }
  return false;
}

void Observer::Observe() {
  for (size_t index = 0; index < 2; ++index) ObserveNode(index);
  CloseFork();
}

void Observer::ObserveNode(size_t index) {
  const SimNode& node = *nodes_[index];
  Seen& seen = seen_[index];
  const replication::RoleStatus* status = node.status();
  if (seen.running && (status == nullptr || node.incarnation() != seen.incarnation)) OnEnd(index);
  if (status == nullptr) return;
  if (!seen.running) {
    seen = Seen();
    seen.running = true;
    seen.incarnation = node.incarnation();
    seen.stale_since_us = timeline_.now_us();
  }
  promotions_ += status->promotions - std::exchange(seen.promotions, status->promotions);
  // By now clients may have written to it again.
  seen.just_emptied = std::exchange(seen.emptied, status->emptied) != status->emptied;
  if (status->state != seen.state)
    OnState(index, std::exchange(seen.state, status->state), status->state);
  CheckEpoch(index);
}

void Observer::OnEnd(size_t index) {
  Seen& seen = seen_[index];
  const bool was_current = seen.current;
  const int64_t alone_since_us = IsAlone(index) ? seen.alone_since_us : timeline_.now_us();
  seen.running = false;
  seen.current = false;
  // In a fork the other one may have begun from nothing.
  const bool last = !seen_[1 - index].current || history_.in_fork();
  if (was_current && last) LoseAll(alone_since_us);
}

// The last process with every acknowledged write is gone. Another one may still have what was
// written before `since_us`.
void Observer::LoseAll(int64_t since_us) {
  ++wipes_;
  history_.DeclareWipe(since_us, timeline_.now_us());
}

void Observer::OnState(size_t index, State from, State to) {
  Seen& seen = seen_[index];
  Seen& other = seen_[1 - index];
  const bool was_alone = from == replication::SOLO || from == replication::FEED;
  seen.paired = false;
  // HOLD by way of SLAVE in one iteration.
  if (from == replication::JOIN && to != replication::SLAVE && to != replication::HOLD &&
      to != replication::BOOT && !IsEmpty(index)) {
    Blame(absl::StrCat("I9: ", nodes_[index]->plan().name, " went from JOIN to ",
                       replication::State_Name(to), " with data"));
  }
  if (expects_no_gap_ && from == replication::SLAVE && to == replication::JOIN) {
    Blame(absl::StrCat("I7: ", nodes_[index]->plan().name,
                       " had to begin again: ", nodes_[index]->status()->last_reason));
  }
  if (IsAlone(index)) {
    if (!was_alone) OnAlone(index, from);
  } else if (to == replication::SLAVE || (from == replication::JOIN && to == replication::HOLD)) {
    // Its source may have died behind InSync: all that it acknowledged is here.
    const bool source_gone =
        !other.running || other.state == replication::BOOT || other.state == replication::JOIN;
    if (from == replication::JOIN) {
      seen.current = other.current || source_gone;
      other.paired = other.state == replication::FEED;
    }
  } else if (to == replication::JOIN || to == replication::BOOT) {
    const bool was_current = std::exchange(seen.current, false);
    seen.stale_since_us = timeline_.now_us();
    if (calm_ && was_alone) {
      Blame(absl::StrCat("I10: ", nodes_[index]->plan().name, " gave up serving for nothing"));
    }
    if (was_current && !other.current)
      LoseAll(was_alone ? seen.alone_since_us : timeline_.now_us());
  }
}

// Who starts cannot tell a process that says nothing for so long from a host that is gone.
bool Observer::MustTakeOtherForDead(size_t index, State from) const {
  const int64_t start_wait_ms = nodes_[index]->plan().timers.start_wait;
  // It may have been about to join.
  constexpr int64_t kJoinMs = 1000;
  return from == replication::BOOT &&
         nodes_[1 - index]->MuteUs() > 1000 * (start_wait_ms - kJoinMs);
}

// This process answers alone from now on.
void Observer::OnAlone(size_t index, State from) {
  Seen& seen = seen_[index];
  Seen& other = seen_[1 - index];
  const std::string& name = nodes_[index]->plan().name;
  const bool excused = fork_allowed_ || MustTakeOtherForDead(index, from);
  seen.alone_since_us = timeline_.now_us();
  if (IsAlone(1 - index)) {
    OpenFork(std::min(other.alone_since_us, seen.stale_since_us),
             absl::StrCat(name, " serves beside the other"), excused);
  } else if (!seen.current && other.current) {
    OpenFork(timeline_.now_us(), absl::StrCat(name, " serves while the other has it all"),
             excused);
  } else if (!seen.current && !IsEmpty(index)) {
    OpenFork(seen.stale_since_us, absl::StrCat(name, " serves what is old"), excused);
  } else if (seen.current && (IsEmpty(index) || seen.just_emptied)) {
    LoseAll(seen.alone_since_us);
  }
  if (history_.in_fork() && IsEmpty(index)) fork_with_empty_ = true;
  seen.current = true;
  if (!IsAlone(1 - index)) {
    if (other.current) other.stale_since_us = timeline_.now_us();
    other.current = false;
  }
}

void Observer::OpenFork(int64_t since_us, const std::string& why, bool excused) {
  if (history_.in_fork()) return;
  if (!excused) Blame(absl::StrCat("a fork without a cut: ", why));
  ++forks_;
  history_.BeginFork(since_us);
}

// Only one of the two serves alone, the other has given its own history up: what is there counts.
void Observer::CloseFork() {
  if (!history_.in_fork()) return;
  for (size_t index = 0; index < 2; ++index) {
    const Seen& other = seen_[1 - index];
    const bool other_gone = !other.running || other.state == replication::JOIN ||
                            other.state == replication::BOOT || other.state == replication::SLAVE;
    if (!Serves(index) || !seen_[index].current || !other_gone) continue;
    history_.EndFork(timeline_.now_us());
    if (std::exchange(fork_with_empty_, false)) LoseAll(timeline_.now_us());
    return;
  }
}

void Observer::CheckEpoch(size_t index) {
  const replication::RoleStatus& status = *nodes_[index]->status();
  if (!status.decides || !Serves(index)) return;
  const std::pair<uint64_t, uint64_t> epoch = {status.epoch.number(),
                                               status.epoch.minted_by().low()};
  const std::pair<size_t, uint64_t> process = {index, seen_[index].incarnation};
  const auto found = epochs_.emplace(epoch, process).first;
  if (found->second == process) return;
  Blame(absl::StrCat("I1: ", nodes_[index]->plan().name, " serves in epoch ", epoch.first,
                     ", in which another process has served"));
  found->second = process;
}

}  // namespace twincached::sim
