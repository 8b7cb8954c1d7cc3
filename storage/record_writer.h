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

// What eviction goes by, and the meta protocol tells. Each node has its own; a snapshot carries it.
struct Heat {
  uint32_t last_access_s = 0;  // stream clock, in seconds
  uint8_t uses = 0;            // 0 to kItemUsesMax
  bool fetched = false;        // ever read
  bool main = false;           // it is in the main queue

  friend bool operator==(const Heat& a, const Heat& b) {
    return a.last_access_s == b.last_access_s && a.uses == b.uses && a.fetched == b.fetched &&
           a.main == b.main;
  }
};

struct ItemView {
  absl::string_view key;
  absl::string_view value;
  uint64_t version = 0;
  uint32_t client_flags = 0;
  int64_t expiry_ms = kNever;
  uint8_t marks = 0;  // ItemHeader::marks()
  Heat heat;
};

// What a Put says of it in these two fields.
Heat UnpackHeat(uint32_t packed, uint32_t last_access_s);

// Whose forward the records being written belong to. number 0: no forward.
struct ForwardTag {
  uint64_t incarnation_low = 0;
  uint64_t number = 0;
  uint32_t parts = 1;
};

class RecordWriter {
 public:
  // room_bytes: before the records, for whoever gets them in TakeBytes().
  explicit RecordWriter(size_t room_bytes = 0) : room_bytes_(room_bytes), bytes_(room_bytes, 0) {}

  void set_enabled(bool enabled) { enabled_ = enabled; }
  bool enabled() const { return enabled_; }

  // Without its heat: what is written now is as hot on the other node.
  void Put(const ItemView& item) { WritePut(item, nullptr); }
  // For a snapshot.
  void PutWithHeat(const ItemView& item) { WritePut(item, &item.heat); }
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
  absl::string_view bytes() const { return absl::string_view(bytes_).substr(room_bytes_); }
  std::string TakeBytes();  // the room and bytes(); and clears
  void Clear();

 private:
  void WritePut(const ItemView& item, const Heat* heat);
  void WriteKeyed(int effect_field, absl::string_view key, int number_field, uint64_t number);
  void ReserveExactly(size_t more_bytes);
  void AppendBytes(const uint8_t* begin, const uint8_t* end);
  uint8_t* Extend(size_t bytes);
  void Append(const replication::Record& record);
  void AppendToLast(const replication::Record& record);
  size_t LastRecordBytes() const;

  const size_t room_bytes_;
  bool enabled_ = false;
  uint32_t count_ = 0;
  uint32_t removals_ = 0;
  size_t last_offset_ = 0;  // where the last record's field begins in bytes_
  std::string bytes_;
  replication::Record scratch_;
};

}  // namespace twincached
