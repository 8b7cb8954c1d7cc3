// RequestText and the request sources: what the load asks, and in which bytes.
//
// What it is: RequestText holds one prebuilt get and one prebuilt set and copies them with the
// key's digits patched in, so that a request costs one short copy; RandomRequests and
// SequentialSets say which request comes next. What it is not: a connection or a clock.
//
// Keys are `k` and a decimal number with leading zeros, of equal length; values are equal letters.
// The same options and seed give the same requests for every server that is measured.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "tests/bench/reply_scan.h"

namespace twincached::bench {

constexpr size_t kKeyBytesMin = 12;
constexpr size_t kKeyBytesMax = 250;

struct Request {
  RequestKind kind;
  uint32_t key_index;
};

class RequestText {
 public:
  // REQUIRES: kKeyBytesMin <= key_bytes <= kKeyBytesMax.
  RequestText(size_t key_bytes, size_t value_bytes);

  // Writes the request at `out`, returns its length. REQUIRES: room for RequestBytesMax().
  size_t Write(const Request& request, char* out) const;

  // Writes the key alone, returns it as a view of `out`. REQUIRES: room for kKeyBytesMax.
  absl::string_view WriteKey(uint32_t key_index, char* out) const;

  size_t RequestBytesMax() const { return set_.size(); }
  // The longest right answer to any of these requests.
  size_t ReplyBytesMax() const { return reply_bytes_max_; }

 private:
  // Fixed at construction.
  size_t key_bytes_;
  std::string get_;
  std::string set_;
  size_t reply_bytes_max_;
};

class RequestSource {
 public:
  virtual ~RequestSource() = default;

  // Fills `*request` and returns true, or returns false when there is nothing more to ask.
  virtual bool Next(Request* request) = 0;
};

// Sets every key below `keys` once, in order: the prefill.
class SequentialSets : public RequestSource {
 public:
  explicit SequentialSets(uint32_t keys) : keys_(keys) {}
  bool Next(Request* request) override;

 private:
  uint32_t keys_;
  uint32_t next_ = 0;
};

// Gets and sets of uniformly random keys, for ever.
class RandomRequests : public RequestSource {
 public:
  // `get_ratio` is the share of gets, 0 to 1. REQUIRES: keys > 0.
  RandomRequests(uint32_t keys, double get_ratio, uint64_t seed);
  bool Next(Request* request) override;

 private:
  uint32_t keys_;
  uint64_t get_threshold_;  // of 2^32
  uint64_t state_;
};

}  // namespace twincached::bench
