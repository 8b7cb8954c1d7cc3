// Frames on the replication link: length, checksum, payload (the grammar is in replication.proto).
//
// What it is: the only encoder and decoder of frames, as pure functions on bytes.
// What it is not: it keeps no bytes and no state; buffers are the caller's.
// Bounds: memory is bounded by the caller's payload limit: a length beyond it is refused as soon as
// its four bytes are there, before a byte of the payload is kept.
//
// Invariants:
// 1. Any bytes either decode exactly or are refused; no more than one frame's bytes are looked at.
// 2. What ParseDataFrame and NextRecord accept, protobuf parses to the same fields.
// 3. A payload of kind kOther never parses to a Batch or a Chunk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "proto/replication/replication.pb.h"

namespace twincached::replication {

inline constexpr size_t kFrameHeaderBytes = 12;

// Appends one encoded frame. REQUIRES: a kind is set; payload under 2 GiB, which is protobuf's
// limit.
void AppendFrame(const Frame& frame, std::string* out);

// ---- Data frames: a Batch or Chunk around records that are encoded already ----
// `records` are concatenated fields 15 of either message. They are copied, never decoded.
struct BatchHeader {
  uint64_t position;
  uint32_t shard;
  uint32_t shard_count;
};
void AppendBatchFrame(const BatchHeader& header, absl::string_view records, std::string* out);
void AppendChunkFrame(uint32_t shard, uint32_t shard_count, absl::string_view records,
                      std::string* out);
// The same Batch frame into memory of exactly BatchFrameBytes() bytes.
size_t BatchFrameBytes(const BatchHeader& header, size_t records_bytes);
void WriteBatchFrame(const BatchHeader& header, absl::string_view records, char* to);
// No Batch frame has more bytes than these before its records.
inline constexpr size_t kBatchRoomBytes = 64;
// The same Batch frame around records that are in their place, the last records_bytes of it.
void CompleteBatchFrame(const BatchHeader& header, size_t records_bytes, char* frame);

// ---- Reading ----
enum class FrameOutcome : uint8_t { kFrame, kNeedMore, kBad };

struct FrameStep {
  FrameOutcome outcome = FrameOutcome::kNeedMore;
  size_t consumed = 0;        // kFrame: bytes of this frame
  size_t wanted = 0;          // kNeedMore: total bytes needed for the next step
  const char* error = "";     // kBad: what is wrong, for the log
  absl::string_view payload;  // kFrame: checksum verified; view into input
};

// Looks at the beginning of `input`. HTTP, memcached text and other strangers fail at the length or
// the checksum.
FrameStep NextFrame(absl::string_view input, size_t payload_bytes_max);

// A Batch or Chunk payload, told apart without decoding the records.
// kOther: parse the payload as a Frame.
struct DataView {
  enum Kind { kOther, kBatch, kChunk } kind = kOther;
  BatchHeader header{0, 0, 0};  // kChunk: position 0
  absl::string_view records;    // view into the payload; take them one by one with NextRecord
};
// False when the payload is malformed, which includes what AppendFrame and its sisters never write:
// more than one field, header fields repeated or out of order. Records are not looked into: what is
// wrong with them shows in NextRecord.
bool ParseDataFrame(absl::string_view payload, DataView* view);

// Takes the next encoded Record off the front of `*records`. False at the end, or when malformed
// (then *records is not empty and stays as it is).
bool NextRecord(absl::string_view* records, absl::string_view* encoded_record);

// The key that an encoded Record of this program's making changes, empty when it changes none; a
// view into the record. No check: a malformed record has any key.
absl::string_view KeyOfRecord(absl::string_view encoded_record);

// How much of a snapshot these records are: their puts, and the bytes of those keys and values.
// REQUIRES: records of this node's own making.
struct PutTotals {
  uint64_t items = 0;
  uint64_t bytes = 0;
};
PutTotals CountPuts(absl::string_view records);

}  // namespace twincached::replication
