// The name of a request of a ring, which its completion brings back: what kind it was, of which
// descriptor or stream, and of which of those that had this number one after the other.
#pragma once

#include <cstdint>

namespace twincached::net {

enum class RingKind : uint32_t { kPoll, kReceive, kHangUp, kSend, kCancel };

struct RingRequest {
  static constexpr uint32_t kNumberBits = 28;
  static constexpr uint32_t kNumberMax = (1u << kNumberBits) - 1;

  RingKind kind;
  uint32_t number;      // at most kNumberMax
  uint32_t generation;  // that of the number when it was made: another one now, and it is stale

  uint64_t Pack() const {
    return (uint64_t{generation} << 32) | (static_cast<uint32_t>(kind) << kNumberBits) | number;
  }
  static RingRequest Unpack(uint64_t packed) {
    return {static_cast<RingKind>((packed & UINT32_MAX) >> kNumberBits),
            static_cast<uint32_t>(packed & kNumberMax), static_cast<uint32_t>(packed >> 32)};
  }

  // Its completion is there when the system call that hands it over returns: a send does not wait
  // for its socket (MSG_DONTWAIT).
  bool CompletesAtOnce() const { return kind == RingKind::kSend || kind == RingKind::kCancel; }
};

struct RingCompletion {
  RingRequest request;
  int result;      // a negative errno, or what the request gives
  uint32_t flags;  // IORING_CQE_F_*
};

}  // namespace twincached::net
