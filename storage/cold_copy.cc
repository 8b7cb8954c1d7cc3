#include "storage/cold_copy.h"

#include <cstdint>
#include <cstring>

// ThreadSanitizer does not see streaming stores.
#if defined(__SSE2__) && !defined(__SANITIZE_THREAD__)
#include <emmintrin.h>
#define TWINCACHED_STREAMS 1
#else
#define TWINCACHED_STREAMS 0
#endif

namespace twincached {

#if TWINCACHED_STREAMS
namespace {

constexpr size_t kLineBytes = 64;
constexpr size_t kPrefetchBytes = 1024;

// Whole lines. REQUIRES: `to` at the beginning of one.
void StreamLines(char* to, const char* from, size_t lines) {
  for (; lines > 0; --lines, to += kLineBytes, from += kLineBytes) {
    __builtin_prefetch(from + kPrefetchBytes);
    const auto* source = reinterpret_cast<const __m128i*>(from);
    auto* target = reinterpret_cast<__m128i*>(to);
    const __m128i a = _mm_loadu_si128(source), b = _mm_loadu_si128(source + 1);
    const __m128i c = _mm_loadu_si128(source + 2), d = _mm_loadu_si128(source + 3);
    _mm_stream_si128(target, a);
    _mm_stream_si128(target + 1, b);
    _mm_stream_si128(target + 2, c);
    _mm_stream_si128(target + 3, d);
  }
  _mm_sfence();
}

}  // namespace
#endif

void CopyToCold(char* to, const char* from, size_t bytes) {
#if TWINCACHED_STREAMS
  if (bytes >= kColdCopyBytesMin) {
    const size_t head = -reinterpret_cast<uintptr_t>(to) % kLineBytes;
    const size_t streamed = (bytes - head) / kLineBytes * kLineBytes;
    std::memcpy(to, from, head);
    StreamLines(to + head, from + head, streamed / kLineBytes);
    const size_t done = head + streamed;
    to += done;
    from += done;
    bytes -= done;
  }
#endif
  if (bytes > 0) std::memcpy(to, from, bytes);
}

}  // namespace twincached
