#include "proto/memcache/expiry.h"

#include "proto/check.h"
#include "proto/limits.h"
#include "proto/memcache/command.h"

namespace twincached {

int64_t ExpiryMs(int32_t exptime, const SessionClock& clock) {
  DCHECK_GE(clock.stream_ms, 0);
  if (exptime == 0) return kNever;
  if (exptime < 0) return kExpired;
  const int64_t exptime_ms = int64_t{exptime} * 1000;
  if (exptime <= kRelativeExpirySecondsMax) return clock.stream_ms + exptime_ms;
  if (exptime_ms <= clock.unix_ms) return kExpired;
  return clock.stream_ms + (exptime_ms - clock.unix_ms);
}

int64_t FlushAtMs(int32_t exptime, const SessionClock& clock) {
  const int64_t expiry_ms = ExpiryMs(exptime, clock);
  return expiry_ms == kExpired ? kNever : expiry_ms;
}

}  // namespace twincached
