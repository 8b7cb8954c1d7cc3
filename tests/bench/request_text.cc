#include "tests/bench/request_text.h"

#include <cstring>

#include "absl/strings/str_cat.h"
#include "proto/check.h"

namespace twincached::bench {
namespace {

constexpr size_t kKeyDigits = 10;  // 2^32 has ten
constexpr absl::string_view kGetVerb = "get ";
constexpr absl::string_view kSetVerb = "set ";
static_assert(kKeyBytesMin > kKeyDigits, "a key is a letter and all the digits");

// Writes the last digits of a key that ends at `end`; the digits before them stay zero.
void WriteDigits(uint32_t key_index, char* end) {
  for (size_t i = 0; i < kKeyDigits; ++i) {
    *--end = static_cast<char>('0' + key_index % 10);
    key_index /= 10;
  }
}

std::string ZeroKey(size_t key_bytes) {
  std::string key(key_bytes, '0');
  key[0] = 'k';
  return key;
}

}  // namespace

RequestText::RequestText(size_t key_bytes, size_t value_bytes) : key_bytes_(key_bytes) {
  CHECK_GE(key_bytes, kKeyBytesMin);
  CHECK_LE(key_bytes, kKeyBytesMax);
  const std::string key = ZeroKey(key_bytes);
  const std::string value(value_bytes, 'v');
  get_ = absl::StrCat(kGetVerb, key, "\r\n");
  set_ = absl::StrCat(kSetVerb, key, " 0 0 ", value_bytes, "\r\n", value, "\r\n");
  reply_bytes_max_ =
      absl::StrCat("VALUE ", key, " 0 ", value_bytes, "\r\n").size() + value_bytes + 7;
}

size_t RequestText::Write(const Request& request, char* out) const {
  const std::string& text = request.kind == RequestKind::kGet ? get_ : set_;
  std::memcpy(out, text.data(), text.size());
  WriteDigits(request.key_index, out + kGetVerb.size() + key_bytes_);
  return text.size();
}

absl::string_view RequestText::WriteKey(uint32_t key_index, char* out) const {
  std::memcpy(out, get_.data() + kGetVerb.size(), key_bytes_);
  WriteDigits(key_index, out + key_bytes_);
  return absl::string_view(out, key_bytes_);
}

bool SequentialSets::Next(Request* request) {
  if (next_ == keys_) return false;
  *request = Request{RequestKind::kSet, next_++};
  return true;
}

RandomRequests::RandomRequests(uint32_t keys, double get_ratio, uint64_t seed)
    : keys_(keys),
      get_threshold_(static_cast<uint64_t>(get_ratio * 4294967296.0)),
      state_(seed | 1) {
  CHECK_GT(keys, 0u);
}

// xorshift64*: the upper half of the product chooses the kind, the lower half, mixed again, the
// key. Division-free: a key is the high word of a 32 x 32 bit product.
bool RandomRequests::Next(Request* request) {
  state_ ^= state_ >> 12;
  state_ ^= state_ << 25;
  state_ ^= state_ >> 27;
  const uint64_t random = state_ * 0x2545F4914F6CDD1Dull;
  const uint64_t kind_bits = random >> 32;
  const uint64_t key_bits = (random ^ (random >> 29)) & 0xFFFFFFFFull;
  request->kind = kind_bits < get_threshold_ ? RequestKind::kGet : RequestKind::kSet;
  request->key_index = static_cast<uint32_t>((key_bits * keys_) >> 32);
  return true;
}

}  // namespace twincached::bench
