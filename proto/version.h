// The version that clients and operators see.
//
// memcached's version comes first, because clients parse three numbers out of the reply to
// `version` and choose features by them; our own follows.
#pragma once

namespace twincached {

inline constexpr char kVersion[] = "1.6.18-twincached-0.1";

}  // namespace twincached
