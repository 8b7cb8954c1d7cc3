// Every bound of the program, with its unit and its reason. What happens at a bound is said where
// it is enforced.
#pragma once

#include <cstddef>
#include <cstdint>

namespace twincached {

// ---- Clients ----
// Longest key. Source: memcached protocol.txt, "Keys".
inline constexpr size_t kKeyBytesMax = 250;
// A command line without its end is refused beyond this many bytes, unless it is a get. Source:
// memcached 1.6.
inline constexpr size_t kLineBytesMax = 2048;
// A line that arrives in one piece may be this long, as in memcached 1.6 (its read buffer).
inline constexpr size_t kWholeLineBytesMax = 16384;
// A get of many keys: 4000 of the longest. memcached has no bound here; no more memory than a value
// may hold.
inline constexpr size_t kGetLineBytesMax = 1u << 20;
// Default and largest -I. Larger values would make one item stall a core for too long.
inline constexpr size_t kItemBytesDefault = 1u << 20;
inline constexpr size_t kItemBytesMax = 1u << 30;
// A relative exptime is at most this many seconds; larger ones are absolute Unix times. Source:
// protocol.txt.
inline constexpr int64_t kRelativeExpirySecondsMax = 60 * 60 * 24 * 30;
// A connection with this many reply bytes unsent or held is not read until its client reads.
inline constexpr size_t kClientOutputBytesMax = 1u << 20;
// Bytes taken from one connection in one iteration, so that no client starves the others.
inline constexpr size_t kReadBytesPerIteration = 64u << 10;
// Commands of one connection at the other node; beyond it the connection is not read.
inline constexpr size_t kClientForwardsMax = 1024;
// Values read for one batch of clients' commands, and one more; the commands behind wait for a
// later round.
inline constexpr size_t kBatchValueBytesMax = 256u << 20;
// Requests taken from one connection in one iteration, for the same reason.
inline constexpr size_t kRequestsPerIteration = 1024;

// ---- The pair ----
// One frame's payload: the largest item with its record and envelope fits (checked at start against
// -I).
inline constexpr size_t kFrameBytesMax = kItemBytesMax + (1u << 20);
// Before the handshake only a Hello or a Verdict can come; neither is larger.
inline constexpr size_t kFrameBytesMaxBeforeHandshake = 4u << 10;
// Bounded ring of encoded mutations; a peer whose position is older needs a snapshot.
inline constexpr size_t kMutationLogBytesMax = 64u << 20;
// Sent and not yet acknowledged: beyond this no client is read (backpressure), never an error.
inline constexpr size_t kWindowBytesMax = 32u << 20;
// A joiner whose lag is under this is let in (InSync).
inline constexpr size_t kSyncLagBytesMax = 256u << 10;
// A snapshot chunk: small enough that live mutations never wait long behind one.
inline constexpr size_t kSnapshotChunkBytes = 64u << 10;
// Chunks asked for and not yet handed to the socket.
inline constexpr size_t kSnapshotChunksInFlight = 4;
// Forwards of one node waiting for their answers. Beyond it the forwarding connections are not
// read.
inline constexpr size_t kForwardsInFlightMax = 64u << 10;
inline constexpr size_t kForwardBytesInFlightMax = 32u << 20;

// ---- Storage ----
// -m and cache_memlimit, in megabytes: 16 TiB, so that no sum of bytes can overflow.
inline constexpr uint64_t kMemoryMbMax = 16u << 20;
// Values of this size and more are sent from the item's memory, smaller ones are copied (measured).
inline constexpr size_t kPinnedValueBytesMin = 8u << 10;
// The part of a shard's memory that may wait for clients to read; beyond it values are copied. On a
// slave small beside its headroom: it can evict nothing in their place.
inline constexpr size_t kPinnedMemoryDivisor = 32;
inline constexpr size_t kPinnedMemoryDivisorOfSlave = 128;
// A slave's shard may use this part of -m beyond it, so that it never evicts by its own judgement.
inline constexpr size_t kSlaveHeadroomDivisor = 16;

}  // namespace twincached
