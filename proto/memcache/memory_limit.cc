#include "proto/memcache/memory_limit.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "proto/check.h"
#include "proto/limits.h"

namespace twincached {
namespace {

constexpr size_t kBytesPerMb = size_t{1} << 20;
// memcached goes no lower either.
constexpr uint64_t kMegabytesMin = 8;
constexpr char kFailed[] = "MEMLIMIT_ADJUST_FAILED ";

uint64_t RoundUpToMb(size_t bytes) { return (bytes + kBytesPerMb - 1) / kBytesPerMb; }

}  // namespace

std::string MemoryLimit::Set(uint64_t megabytes, Side side, uint64_t peer_bytes) {
  const uint64_t megabytes_min = std::max(kMegabytesMin, RoundUpToMb(bytes_min_));
  if (megabytes < megabytes_min) {
    return absl::StrCat("MEMLIMIT_TOO_SMALL cannot set maxbytes to less than ", megabytes_min, "m");
  }
  if (megabytes > kMemoryMbMax) {
    return absl::StrCat(kFailed, "input value is megabytes not bytes");
  }
  const size_t bytes = megabytes * kBytesPerMb;
  if (side == Side::kMaster && bytes > peer_bytes) {
    return absl::StrCat(kFailed, "the slave's limit is ", peer_bytes / kBytesPerMb,
                        "m: raise it there first");
  }
  if (side == Side::kSlave && bytes < peer_bytes) {
    return absl::StrCat(kFailed, "the master's limit is ", RoundUpToMb(peer_bytes),
                        "m: lower it there first");
  }
  if (side == Side::kUnclear) {
    return absl::StrCat(kFailed, "the link to the other node is lost: try again");
  }
  bytes_ = bytes;
  return "";
}

std::string MemoryLimit::Unequal(Side side, uint64_t peer_bytes) const {
  DCHECK(side == Side::kMaster || side == Side::kSlave);
  const uint64_t slave_bytes = side == Side::kSlave ? bytes_ : peer_bytes;
  const uint64_t master_bytes = side == Side::kSlave ? peer_bytes : bytes_;
  if (slave_bytes >= master_bytes) return "";
  return absl::StrCat("the slave's memory limit, ", slave_bytes,
                      " bytes, is smaller than the master's, ", master_bytes,
                      ": items that find no room there go on both nodes; set them equal with "
                      "cache_memlimit");
}

}  // namespace twincached
