// What a LISTENER keeps per client connection.
//
// Lives on its LISTENER's core. At any time a client is in at most one round (commands at the
// STOREs) or has forwards under way, never both; a request that cannot be handled yet is `deferred`
// and stops the parsing until it can. Bounds: unsent and held output stop the reading at
// kClientOutputBytesMax; forwards by the LINK's window; a backlog has a round's requests at most,
// with the values of one batch per shard.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "absl/types/optional.h"
#include "actors/hold_marks.h"
#include "net/connection.h"
#include "proto/memcache/session.h"

namespace twincached {

// A request whose reply must wait: at the master, or left over by a round, or behind one that is.
struct PendingRequest {
  Request request;  // its views are into `owned`, in a backlog into the pinned input
  std::string owned;
  bool answered = false;
  Reply reply;
  std::string value;  // reply.value's bytes
  std::vector<Revealed> revealed;
};

struct Client {
  Client(uint64_t the_id, size_t item_bytes_max) : id(the_id), session(item_bytes_max) {}

  // No reply of it is still to come: it may be destroyed.
  bool Idle() const {
    return !in_round && !HasForwards() && !HasBacklog() && !gathering && !deferred;
  }
  // The input stays pinned, and is not parsed on: requests are views into it.
  bool IsStuck() const { return deferred.has_value() || HasBacklog(); }
  bool HasBacklog() const { return backlog != nullptr && !backlog->empty(); }
  bool HasForwards() const { return forwards != nullptr && !forwards->empty(); }

  const uint64_t id;
  std::unique_ptr<net::Connection> connection;
  ClientSession session;
  HoldMarks holds;
  size_t parsed_bytes = 0;           // of the input, consumed once nothing points into it
  size_t wanted_bytes = 1;           // of the input behind them, before parsing makes progress
  uint32_t requests_per_round = 8;   // adapts to the size of the replies
  uint64_t output_before_round = 0;  // offset
  uint64_t written_counted = 0;      // offset: what is in the statistics
  absl::optional<Request> deferred;

  // Created when first needed.
  std::unique_ptr<std::deque<PendingRequest>> backlog;
  size_t left_over = 0;  // of these, by the round that ends now

  // Created with the first forward.
  std::unique_ptr<std::deque<PendingRequest>> forwards;
  uint64_t first_forward_index = 0;  // of forwards->front()

  bool in_round = false;
  bool input_pinned = false;
  bool gathering = false;  // waits for `stats`, `replication` or `cache_memlimit`
  bool reading_paused = false;
  bool closing = false;  // no more requests; goes when its last reply is out
  bool gone = false;     // to be reset as soon as no STORE looks into its input
  bool listed_held = false;
};

}  // namespace twincached
