// The LINK's part of comparing slots with the peer: who asked, what is counted, what is said.
//
// What it is: DigestSource and DigestTarget (digest_rounds.h) as one thing that takes what happens
// and gives, once per iteration, what the LINK is to do. What it is not: it sends nothing and knows
// no place in the stream; a Digest or Repair of a STORE goes to the Sender, one of the peer to the
// STOREs. Owned by the LINK, on core 0; pure.
// Bounds: those of digest_rounds.h; one waiting client per connection.
//
// Invariant: a `replication verify` is answered once: by a comparison that began after it, or, as
// soon as the pair is not in sync, by an error.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "actors/messages.h"
#include "actors/stats.h"
#include "proto/replication/digest_rounds.h"

namespace twincached {

struct DigestWork {
  struct Answer {
    ClientToken client;
    std::string text;
  };
  bool empty() const {
    return frames.empty() && every_store.empty() && store_of_hash.empty() && answers.empty() &&
           warnings.empty();
  }
  std::vector<replication::Frame> frames;  // to the peer, beside the stream
  std::vector<StoreOrder> every_store;
  std::vector<StoreOrder> store_of_hash;  // `value` is a hash of the slot
  std::vector<Answer> answers;
  std::vector<std::string> warnings;
};

class LinkDigests {
 public:
  // What this node is in a pair that is in sync; kOut: it is not.
  enum class Side : uint8_t { kOut, kSource, kTarget };

  // Counts there.
  explicit LinkDigests(LinkStats* stats) : stats_(stats) {}

  // `replication verify`.
  void OnCommand(const ClientToken& client) { commands_.push_back(client); }
  // DigestResult, Verify, VerifyAnswer.
  void OnFrame(const replication::Frame& frame);
  // As source: a STORE made it; see DigestSource::OnMade.
  bool OnMade(const replication::Frame& frame, uint64_t position) {
    return source_.OnMade(frame, position);
  }
  // As target: a Repair came; a STORE compared.
  void OnRepair(const replication::Repair& repair) { target_.OnRepair(repair); }
  absl::Status OnCompared(const replication::DigestResult& result);

  // Once per iteration; false when there is nothing to do. `stream_free`: no Digest or Repair waits
  // in the Sender.
  bool TakeWork(Side side, bool stream_free, int64_t now_ms, DigestWork* work);

 private:
  // Asks for the peer; own clients have greater numbers.
  static constexpr uint64_t kPeer = 0;

  void Begin(Side side);
  void FailAll();
  void AskAs(Side side);
  void DriveSource(bool stream_free, int64_t now_ms);
  void TellOutcome(const replication::DigestSource::Outcome& outcome);
  void Count(uint64_t equal, uint64_t different, uint64_t repaired, uint64_t position);

  LinkStats* const stats_;  // borrowed, outlives this
  Side side_ = Side::kOut;
  replication::DigestSource source_;
  replication::DigestTarget target_;
  std::vector<ClientToken> commands_;  // not asked for yet
  uint64_t next_asker_ = kPeer + 1;
  absl::btree_map<uint64_t, ClientToken> asked_here_;  // by their number with the source
  std::deque<ClientToken> asked_there_;                // of the peer, which answers in order
  DigestWork work_;
};

}  // namespace twincached
