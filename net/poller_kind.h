// The pollers that there are, by name. Making one: net/poller_choice.h.
#pragma once

#include <cstdint>

namespace twincached::net {

enum class PollerKind : uint8_t { kAuto, kUring, kEpoll };

inline const char* PollerName(PollerKind kind) {
  switch (kind) {
    case PollerKind::kAuto:
      return "auto";
    case PollerKind::kUring:
      return "io_uring";
    case PollerKind::kEpoll:
      return "epoll";
  }
  return "";
}

}  // namespace twincached::net
