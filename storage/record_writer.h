// Collects the encoded records of what a shard changed: the bytes that go untouched into the
// mutation log, onto the wire and to the peer.
//
// Owned by a STORE, reused every iteration. When off (a node that never had a peer) nothing is
// encoded, only counted. The bytes are concatenated fields `records` (number 15) of
// replication.Batch or replication.Chunk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "proto/memcache/command.h"
#include "proto/replication/replication.pb.h"

namespace twincached {

struct ItemView {
  absl::string_view key;
  absl::string_view value;
  uint64_t version = 0;
  uint32_t client_flags = 0;
  int64_t expiry_ms = kNever;
};

// Whose forward the records being written belong to. number 0: no forward.
struct ForwardTag {
  uint64_t incarnation_low = 0;
  uint64_t number = 0;
  uint32_t parts = 1;
};

class RecordWriter {
 public:
  void set_enabled(bool enabled) { enabled_ = enabled; }
  bool enabled() const { return enabled_; }

  void Put(const ItemView& item);
  void Touch(absl::string_view key, int64_t expiry_ms);
  void Remove(absl::string_view key, replication::Remove::Cause cause);
  void Flush(uint64_t slots);
  void DelayedFlush(uint64_t slots, int64_t at_ms);

  // Adds the answer of a forwarded command: to the record written last when `with_last` (that
  // record is the command's own effect), else as a record of its own.
  void Answer(const ForwardTag& tag, const Reply& reply, bool with_last);

  // Records since Clear(), also when off. Removals are what a miss reveals (deletes, expiries,
  // evictions, flushes).
  uint32_t count() const { return count_; }
  uint32_t removals() const { return removals_; }
  absl::string_view bytes() const { return bytes_; }
  std::string TakeBytes();  // and clears
  void Clear();

 private:
  void AppendBytes(const uint8_t* begin, const uint8_t* end);
  uint8_t* Extend(size_t bytes);
  void Append(const replication::Record& record);
  void AppendToLast(const replication::Record& record);
  size_t LastRecordBytes() const;

  bool enabled_ = false;
  uint32_t count_ = 0;
  uint32_t removals_ = 0;
  size_t last_offset_ = 0;  // where the last record's field begins in bytes_
  std::string bytes_;
  replication::Record scratch_;
};

}  // namespace twincached
