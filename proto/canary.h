// Canaries: rules of the pair, each of which a test build can break on purpose, to show that the
// simulator would notice.
//
// What it is: a question, asked where a rule is enforced. It is always answered no, at compile
// time, unless TWINCACHED_CANARY is defined (--config=canary): nothing of it is in what is
// released. There it compares with the one canary that the simulator's flag --canary has chosen.
// What it is not: a switch for anybody else. Written before threads start, read on any.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace twincached {

enum class Canary : uint8_t {
  kNone,
  kAckBeforeSlave,     // a reply leaves before the slave has what it tells
  kOutdatedUnheard,    // the master goes on alone before the slave has stopped answering
  kInSyncUnconfirmed,  // the slave may take over while replies still leave without it
  kForwardTwice,       // a forward that was executed is executed again
  kTimersFirst,        // time in which nothing ran counts as the peer's silence
  kReadsUnechoed,      // a slave answers reads without having heard its master
  kEmptySource,        // an empty node is the source of one that has data
  kJoinerPromoted,     // half a copy takes over
  kTailKept,           // what nobody acknowledged survives in one of two copies
  kSlaveEvicts,        // a slave makes room by its own judgement
  kSlaveFlushes,       // a slave fires a delayed flush by its own clock
  kCasIdReused,        // a new master mints versions that were minted before
  kResendDropped,      // forwards of a link that ended are not sent again
};

inline constexpr std::array<absl::string_view, 14> kCanaryNames = {
    "none",         "ack_before_slave", "outdated_unheard", "in_sync_unconfirmed", "forward_twice",
    "timers_first", "reads_unechoed",   "empty_source",     "joiner_promoted",     "tail_kept",
    "slave_evicts", "slave_flushes",    "cas_id_reused",    "resend_dropped",
};
static_assert(kCanaryNames.size() == static_cast<size_t>(Canary::kResendDropped) + 1,
              "a name for each");

#ifdef TWINCACHED_CANARY
inline Canary chosen_canary = Canary::kNone;
inline bool BrokenOnPurpose(Canary canary) { return chosen_canary == canary; }
#else
constexpr bool BrokenOnPurpose(Canary) { return false; }
#endif

}  // namespace twincached
