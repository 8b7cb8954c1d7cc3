// Fuzzes the text protocol: whatever the bytes and however they are split, nothing breaks and the
// requests are the same.
//
// The first byte seeds the split, the rest is what a client says. The item size limit is small, so
// that values that are too large are short.

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>

#include "proto/check.h"
#include "proto/limits.h"
#include "tests/unit/memcache/conversation.h"

namespace twincached {
namespace {

constexpr size_t kItemSizeMax = 128;
constexpr size_t kPieceBytesMax = 40;

// Whether some line is so long that it matters when its end arrives (invariant 1 of text_parser.h).
bool HasLongLine(const std::string& bytes) {
  size_t line_begin = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i - line_begin >= kLineBytesMax) return true;
    if (bytes[i] == '\n') line_begin = i + 1;
  }
  return false;
}

void CheckSplit(const std::string& bytes, uint32_t seed, const Conversation& whole) {
  std::minstd_rand random(seed);
  Conversation eager(kItemSizeMax, Patience::kEveryChunk);
  Conversation patient(kItemSizeMax, Patience::kUntilWanted);
  for (size_t at = 0; at < bytes.size();) {
    const std::string piece = bytes.substr(at, 1 + random() % kPieceBytesMax);
    eager.Say(piece);
    patient.Say(piece);
    at += piece.size();
  }
  CHECK(eager.heard() == whole.heard());
  CHECK(patient.heard() == whole.heard());
  CHECK_EQ(eager.unconsumed(), whole.unconsumed());
}

}  // namespace
}  // namespace twincached

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  twincached::Conversation whole(twincached::kItemSizeMax);
  whole.Say(bytes);
  if (!twincached::HasLongLine(bytes)) twincached::CheckSplit(bytes, data[0], whole);
  return 0;
}
