// When a pair compares its slots, and what follows from it.
//
// A round is one Digest of each shard of the source, the target's results for all slots, and, for
// slots that differ, a Repair: the slot's items again, part by part, then another round. A slot
// that differs again behind its repair shows that the two nodes do not do the same with the same
// stream: the target gives up what it has and copies everything, once. If that does not help
// either, it is only said, in every round: a pair with a fault in one slot is better than none.
//
// What this is: the bookkeeping of both sides, one object each per link. What it is not: it makes
// no digests (STOREs do) and sends nothing. Owned by the LINK, on core 0; pure.
// Bounds: one round, or one part of one slot, under way at any time; a round every kIntervalMs and
// whenever somebody asks; per slot one repair until it is equal, and one full copy in the life of a
// process.
//
// Invariants:
// 1. Nothing is begun before the target is in sync.
// 2. An asker is answered by a round that began after it asked.
// 3. While a slot is repaired no round is under way.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "proto/replication/replication.pb.h"

namespace twincached::replication {

// Slots 3 and 17: "3,17".
std::string SlotList(uint64_t slots);

class DigestSource {
 public:
  // The first when the target is in sync, then without anybody asking. A round costs one short
  // message per STORE and one frame of about half a kilobyte in all.
  static constexpr int64_t kIntervalMs = 10'000;

  // Of one round: bit s for slot s.
  struct Outcome {
    uint64_t equal = 0, different = 0;
    uint64_t repaired = 0;  // different before, equal now
    uint64_t beyond = 0;    // different, also behind a repair: not sent again on this link
    uint64_t position = 0;  // everything up to here was compared
    std::vector<uint64_t> askers;
  };

  // first_round: above every round of earlier links, whose late answers are then told apart.
  explicit DigestSource(uint64_t first_round = 1) : next_round_(first_round) {}

  // ---- What happens ----
  // Somebody wants to know; any number but one's own.
  void Ask(uint64_t asker) { askers_.push_back({asker, next_round_}); }
  // A STORE's Digest or Repair. False: of an earlier link or never asked for, drop it. Else it goes
  // into the stream here, and `position` is the log's end.
  bool OnMade(const Frame& frame, uint64_t position);
  void OnResult(const DigestResult& result);

  // ---- What to do ----
  // True: every STORE makes its Digest now, with this round.
  bool TakeRound(int64_t now_ms, uint64_t* round);
  // True: the STORE of that slot makes a Repair from this hash on.
  bool TakeRepair(uint64_t* first_hash);
  // True once per round that is through.
  bool TakeOutcome(Outcome* outcome);

  uint64_t next_round() const { return next_round_; }
  // Those who will not be answered when this object goes.
  std::vector<uint64_t> TakeAskers();

 private:
  struct Asker {
    uint64_t asker;
    uint64_t round_min;
  };

  void DCheckInvariants() const;

  uint64_t next_round_;
  std::vector<Asker> askers_;
  int64_t due_ms_ = 0;

  // The round under way; all slots are in one of the three when it is through.
  bool comparing_ = false;
  uint64_t position_ = 0;
  uint64_t equal_ = 0, different_ = 0, unsettled_ = 0;

  // The repair under way.
  uint64_t to_repair_ = 0;
  uint64_t next_hash_ = 0;  // in the lowest of those slots
  bool repair_pulled_ = false;
  uint64_t repaired_ = 0;  // sent again, and not equal since
};

class DigestTarget {
 public:
  // given_up: of the link before.
  explicit DigestTarget(uint64_t given_up = 0) : given_up_(given_up) {}

  // The slot's end was received.
  void OnRepair(const Repair& repair);
  // What a STORE found; *repaired: the slots that are equal since their repair. FailedPrecondition:
  // a slot differs behind its repair, for the first time: copy everything.
  absl::Status OnCompared(const DigestResult& result, uint64_t* repaired);
  uint64_t given_up() const { return given_up_; }

 private:
  uint64_t repaired_ = 0;  // and not compared since
  uint64_t given_up_;      // everything was copied because of them
};

}  // namespace twincached::replication
