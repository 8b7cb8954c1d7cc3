// What each command does to the items of a shard that decides, and what it answers: memcached's
// semantics.
//
// What it is: Command in, Reply and records out. What it is not: a protocol; command.h lists the
// statuses, and memcached 1.6.18 was asked where its documentation is silent. Owned by a Shard.
//
// Invariants:
// 1. Every change is told, after the removals that made room for it and before Execute() returns.
// 2. A set that fails leaves no value behind: a client that thinks it has replaced the old one must
// not find it. Other
//    commands that fail change nothing.
#pragma once

#include <cstdint>
#include <string>

#include "proto/memcache/command.h"
#include "storage/record_writer.h"
#include "storage/shard_call.h"
#include "storage/shard_parts.h"

namespace twincached {

// The answer to a read that finds the item.
Reply ReplyOf(const ItemHeader& item);

class Executor {
 public:
  explicit Executor(ShardParts* parts) : parts_(parts) {}

  // As Shard::Execute. REQUIRES: call.deciding().
  Reply Execute(const Command& command, const ShardCall& call);
  // Flushes what is due; true if anything was.
  bool FireFlushes(const ShardCall& call);

 private:
  // The live, unexpired item with the command's key. One that has expired is removed on the way.
  Location FindFresh(const Command& command, const ShardCall& call, bool* expired);

  Reply Get(const Command& command, const ShardCall& call);
  Reply Touch(const Command& command, const ShardCall& call);
  Reply Store(const Command& command, const ShardCall& call);
  Reply Concatenate(const Command& command, const ShardCall& call);
  Reply Calculate(const Command& command, const ShardCall& call);
  Reply Delete(const Command& command, const ShardCall& call);
  Reply Flush(const Command& command, const ShardCall& call);

  // What memcached answers instead of storing: kStored when nothing speaks against it.
  Status Precondition(const Command& command, Location old);
  // Stores a new value and tells it: kStored with its version, kTooLarge or kOutOfMemory.
  // REQUIRES: the views in `item` do not point into the shard.
  Reply Replace(const Command& command, Location old, ItemView item, const ShardCall& call);
  bool MakeRoom(const Command& command, Placement* placement, Location* old, const ShardCall& call);
  Reply TooLarge();
  Reply Discard(const Command& command, const ShardCall& call);
  void RemoveOld(const Command& command, const ShardCall& call);
  // A new expiry for an item that is here; one that has come already removes it. False when that
  // takes memory and there is none.
  bool SetExpiry(const Command& command, Location location, const ShardCall& call);
  // The same item with an expiry, for which it had no room.
  bool PutWithExpiry(const Command& command, Location old, const ShardCall& call);

  ShardParts* const parts_;
  std::string scratch_;  // a value under construction, or the last sight of one
};

}  // namespace twincached
