// TraceBatch: some requests of a trace that are asked for together, and their bytes.
//
// What it is: the distinct keys of a batch, the one get that asks for all of them, and a set for
// each. What it is not: a connection, or a judge of answers (MultigetAnswer is).
// Pure; owned by the player, which fills it again for every batch. Views live until the next Fill.
//
//   key = "k" 19DIGIT          the key's number
//   get = "get" 1*( " " key ) CRLF
//   set = "set " key " 0 " ttl-seconds " " bytes CRLF bytes*"v" CRLF
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "tests/bench/replay/multiget_answer.h"
#include "tests/bench/replay/trace_source.h"

namespace twincached::bench {

constexpr size_t kTraceKeyBytes = 20;
// Longer gets than this are refused by some servers.
constexpr size_t kBatchRequestsMax = 512;

class TraceBatch {
 public:
  TraceBatch();

  // Takes the next `requests` requests. REQUIRES: 1 <= requests <= kBatchRequestsMax.
  void Fill(TraceSource* source, size_t requests);

  size_t requests() const { return requests_; }
  const std::string& get() const { return get_; }
  // The distinct keys, in the order of their first requests.
  const std::vector<AskedKey>& asked() const { return asked_; }
  // How many requests have that key.
  size_t Repeats(size_t index) const { return repeats_[index]; }
  void AppendSet(size_t index, std::string* out) const;

 private:
  // Fixed at construction.
  std::string value_;  // the longest one
  // Owned here, made anew by Fill. The vectors have an entry for each distinct key.
  size_t requests_ = 0;
  std::string get_;
  std::vector<TraceRequest> distinct_;
  std::vector<AskedKey> asked_;
  std::vector<size_t> repeats_;
  absl::flat_hash_map<uint32_t, size_t> index_of_key_;
};

}  // namespace twincached::bench
