// The slave's unanswered forwards: commands of its clients that the master is asked to execute.
//
// Pure; owned by the LINK. Numbers are dense per incarnation of this node. A forward stays here
// until its answer came in the stream (or was executed here after a promotion), so that a cut link
// loses none and executes none twice. Bounds: full() at kForwardsInFlightMax or
// kForwardBytesInFlightMax; the LISTENERs then stop reading.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "actors/messages.h"

namespace twincached {

class ForwardBook {
 public:
  struct Entry {
    ForwardRequest request;
    uint32_t parts_left = 0;         // 0: answered
    bool started = false;            // an answer part came: how many are left is known
    std::vector<Revealed> revealed;  // by the parts that were executed here
  };

  // Returns its number.
  uint64_t Add(ForwardRequest request);
  // One part of the answer; the first says in how many it comes. Returns the entry when it is
  // complete now, else nullptr. The pointer lives until Forget().
  const Entry* Answer(uint64_t number, uint32_t parts);
  // A part that was executed here must not leave before this is acknowledged. Before its Answer().
  void Reveal(uint64_t number, Revealed revealed);
  // Parts of an answer that came before count no more: it is executed anew, in one go.
  void Restart(uint64_t number);
  // Drops answered entries from the front.
  void Forget();
  void Clear();

  // Numbers first() <= n < end() are here, some of them answered.
  uint64_t first() const { return first_; }
  uint64_t end() const { return first_ + entries_.size(); }
  // Unanswered entry with this number, else nullptr.
  const Entry* Find(uint64_t number) const;
  size_t in_flight() const { return in_flight_; }
  bool full() const;

 private:
  std::deque<Entry> entries_;
  uint64_t first_ = 1;
  size_t in_flight_ = 0;
  size_t bytes_ = 0;
};

}  // namespace twincached
