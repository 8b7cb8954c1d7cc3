// Copying a value to memory that nobody reads soon: past the processor's cache, so that the copy
// neither fetches what it overwrites nor displaces what others use. memcpy does so too, but only
// above a share of the whole cache, which a virtual machine does not have to itself.
#pragma once

#include <cstddef>

namespace twincached {

// Fewer bytes are copied as by memcpy: they are at hand when the next command asks for them.
inline constexpr size_t kColdCopyBytesMin = 16u << 10;

// What it writes is visible to other threads as any other write is. REQUIRES: no overlap.
void CopyToCold(char* to, const char* from, size_t bytes);

}  // namespace twincached
