// A client's exptime, as every memcached protocol spells it, on the stream clock.
#pragma once

#include <cstdint>

#include "proto/memcache/request.h"

namespace twincached {

// 0: never. Negative: already expired. Up to 30 days: seconds from now. More: a Unix time, already
// expired when that is not in the future. Returns a Command::expiry_ms. Source: protocol.txt,
// "Expiration times".
int64_t ExpiryMs(int32_t exptime, const SessionClock& clock);

// The time of a `flush_all exptime`: kNever, which means now, when that is not in the future.
int64_t FlushAtMs(int32_t exptime, const SessionClock& clock);

}  // namespace twincached
