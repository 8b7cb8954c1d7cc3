// Frames on the replication link: length, checksum, payload (the grammar is in replication.proto).
//
// Pure. Memory is bounded by the caller's payload limit: a length beyond it is refused before a byte of it is kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "proto/replication/replication.pb.h"

namespace twincached::replication {

inline constexpr size_t kFrameHeaderBytes = 12;

// Appends one encoded frame.
void AppendFrame(const Frame& frame, std::string* out);

// A Batch or Chunk whose records are already encoded (fields 15 of either message), without decoding them.
struct BatchHeader { uint64_t position; uint32_t shard; uint32_t shard_count; };
void AppendBatchFrame(const BatchHeader& header, absl::string_view records, std::string* out);
void AppendChunkFrame(uint32_t shard, uint32_t shard_count, absl::string_view records, std::string* out);

enum class FrameOutcome : uint8_t { kFrame, kNeedMore, kBad };

struct FrameStep {
  FrameOutcome outcome;
  size_t consumed = 0;       // kFrame: bytes of this frame
  size_t wanted = 0;         // kNeedMore: total bytes needed for the next step
  const char* error = "";    // kBad: what is wrong, for the log
  absl::string_view payload; // kFrame: checksum verified; view into input
};

// Looks at the beginning of `input`. HTTP, memcached text and other strangers fail at the length or the checksum.
FrameStep NextFrame(absl::string_view input, size_t payload_bytes_max);

// A Batch or Chunk payload, told apart without decoding the records: where its records are.
// kind kOther: parse the payload as a Frame. Returns false when the payload is malformed.
struct DataView {
  enum Kind { kOther, kBatch, kChunk } kind = kOther;
  BatchHeader header{0, 0, 0};
  absl::string_view records;  // concatenated fields 15: parse with replication::Batch, or one by one with NextRecord
};
bool ParseDataFrame(absl::string_view payload, DataView* view);

// Takes the next encoded Record off the front of `*records`. False at the end or when malformed (then *records is not empty).
bool NextRecord(absl::string_view* records, absl::string_view* encoded_record);

}  // namespace twincached::replication
