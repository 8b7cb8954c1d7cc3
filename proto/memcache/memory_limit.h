// The memory limit of a node: `-m`, and what `cache_memlimit` makes of it while the node runs.
//
// What it is: the number, and the rules about changing it, with their answers. What it is not: the
// bound itself; each STORE's shard has its part. Owned by the LINK, on core 0, which also tells it
// to the peer.
//
// Invariants:
// 1. bytes() is never below the minimum given at construction, nor above kMemoryMbMax.
// 2. Set() never makes a slave's limit smaller than its master's. What the peer's is, each side
// knows only by what it was told: two operators at the same moment can still do it (see
// Unequal()).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace twincached {

class MemoryLimit {
 public:
  // What this node is to the peer at the moment of a change.
  enum class Side : uint8_t {
    kAlone,    // there is no link: nobody else's limit matters
    kUnclear,  // the link was lost and is being made again, or given up
    kMaster,
    kSlave,
  };

  // In bytes; the first is the limit at start, which is not judged.
  MemoryLimit(size_t bytes, size_t bytes_min) : bytes_(bytes), bytes_min_(bytes_min) {}

  size_t bytes() const { return bytes_; }
  // Empty: bytes() is the new limit. Else nothing has changed, and this says why: a line in
  // memcached's words, without its end. `peer_bytes` counts for kMaster and kSlave.
  std::string Set(uint64_t megabytes, Side side, uint64_t peer_bytes);
  // Empty, or a warning: a slave has less than its master. REQUIRES: kMaster or kSlave.
  std::string Unequal(Side side, uint64_t peer_bytes) const;

 private:
  size_t bytes_;
  const size_t bytes_min_;
};

}  // namespace twincached
