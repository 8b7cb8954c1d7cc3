// What storing an item takes, and where it goes.
#pragma once

#include <cstddef>

#include "storage/segment_log.h"

namespace twincached {

// What an item takes.
struct Footprint {
  size_t log_bytes = 0;
  size_t outside_bytes = 0;

  size_t total() const { return log_bytes + outside_bytes; }
  friend bool operator==(const Footprint& a, const Footprint& b) {
    return a.log_bytes == b.log_bytes && a.outside_bytes == b.outside_bytes;
  }
};

// What a Put needs to know of the item beforehand.
struct Placement {
  Footprint footprint;
  Queue queue = Queue::kSmall;
  bool replaces = false;  // its key is here already
};

}  // namespace twincached
