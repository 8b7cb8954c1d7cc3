#include "proto/replication/frame.h"

#include <google/protobuf/io/coded_stream.h>

#include <cstring>
#include <limits>

#include "proto/check.h"
#include "proto/replication/wire_reader.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace twincached::replication {
namespace {

using google::protobuf::io::CodedOutputStream;

// Grammar of a data frame's payload, after the encoding of protobuf (its documentation,
// "Encoding"):
//
//   payload = kind-tag varint(bytes of body) body          one field of Frame, nothing behind it
//   body    = [0x08 varint(position)] [0x10 varint(shard)] [0x18 varint(shard_count)] *record
//   record  = 0x7a varint(bytes of the Record) Record
//
// A Chunk has no position: its fields 1 and 2 are shard and shard_count. Fields that are 0 are left
// out, as protobuf does.
constexpr uint32_t kLengthDelimited = 2;  // of a tag's lower three bits
constexpr uint8_t kBatchTag = LengthDelimitedTag(Frame::kBatchFieldNumber);
constexpr uint8_t kChunkTag = LengthDelimitedTag(Frame::kChunkFieldNumber);
constexpr uint8_t kRecordTag = LengthDelimitedTag(Batch::kRecordsFieldNumber);
static_assert(kBatchTag < 0x80 && kChunkTag < 0x80 && kRecordTag < 0x80, "tags are one byte");
static_assert(int{Batch::kRecordsFieldNumber} == int{Chunk::kRecordsFieldNumber});
static_assert(Batch::kPositionFieldNumber == 1 && Batch::kShardFieldNumber == 2 &&
              Batch::kShardCountFieldNumber == 3);
static_assert(Chunk::kShardFieldNumber == 1 && Chunk::kShardCountFieldNumber == 2);

// Protobuf refuses messages beyond this.
constexpr size_t kPayloadBytesMax = std::numeric_limits<int32_t>::max();

void StoreLittleEndian(uint64_t value, size_t bytes, char* to) {
  for (size_t i = 0; i < bytes; ++i) to[i] = static_cast<char>(value >> (8 * i));
}

uint64_t LoadLittleEndian(const char* from, size_t bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes; ++i) {
    value |= static_cast<uint64_t>(static_cast<uint8_t>(from[i])) << (8 * i);
  }
  return value;
}

// Fills in what stands before a payload that is complete.
void SealFrame(char* frame, size_t payload_bytes) {
  CHECK_GT(payload_bytes, 0u);
  CHECK_LE(payload_bytes, kPayloadBytesMax);
  StoreLittleEndian(payload_bytes, 4, frame);
  StoreLittleEndian(XXH3_64bits(frame + kFrameHeaderBytes, payload_bytes), 8, frame + 4);
}

// What a data frame's payload has before its records.
struct DataPrefix {
  uint8_t kind_tag;
  uint64_t fields[3];  // 1, 2 and 3 of the body; a Chunk's third is 0, so it is not written

  size_t BodyBytes(size_t records_bytes) const {
    size_t bytes = records_bytes;
    for (uint64_t value : fields) {
      if (value != 0) bytes += 1 + CodedOutputStream::VarintSize64(value);
    }
    return bytes;
  }

  size_t FrameBytes(size_t records_bytes) const {
    const size_t body_bytes = BodyBytes(records_bytes);
    return kFrameHeaderBytes + 1 + CodedOutputStream::VarintSize64(body_bytes) + body_bytes;
  }

  // Writes FrameBytes() bytes.
  void WriteFrame(absl::string_view records, char* to) const {
    const size_t room_bytes = FrameBytes(records.size()) - records.size();
    if (!records.empty()) std::memcpy(to + room_bytes, records.data(), records.size());
    CompleteFrame(records.size(), to);
  }

  // The same, but its last records_bytes, which are there.
  void CompleteFrame(size_t records_bytes, char* frame) const {
    uint8_t* const payload = reinterpret_cast<uint8_t*>(frame) + kFrameHeaderBytes;
    uint8_t* next = payload;
    *next++ = kind_tag;
    next = CodedOutputStream::WriteVarint64ToArray(BodyBytes(records_bytes), next);
    for (int field = 1; field <= 3; ++field) {
      if (fields[field - 1] == 0) continue;
      *next++ = VarintTag(field);
      next = CodedOutputStream::WriteVarint64ToArray(fields[field - 1], next);
    }
    SealFrame(frame, static_cast<size_t>(next - payload) + records_bytes);
  }
};

DataPrefix PrefixOf(const BatchHeader& header) {
  return {kBatchTag, {header.position, header.shard, header.shard_count}};
}

void AppendDataFrame(const DataPrefix& prefix, absl::string_view records, std::string* out) {
  const size_t begin = out->size();
  out->resize(begin + prefix.FrameBytes(records.size()));
  prefix.WriteFrame(records, &(*out)[begin]);
}

// Takes `field` off the front of a body if it is there; leaves *value alone if not.
bool TakeOptionalField(int field, int bits, absl::string_view* body, uint64_t* value) {
  if (body->empty() || static_cast<uint8_t>(body->front()) != VarintTag(field)) return true;
  body->remove_prefix(1);
  return TakeVarint(bits, body, value);
}

bool ParseBatch(absl::string_view body, DataView* view) {
  uint64_t position = 0, shard = 0, shard_count = 0;
  view->kind = DataView::kBatch;
  if (!TakeOptionalField(1, 64, &body, &position) || !TakeOptionalField(2, 32, &body, &shard) ||
      !TakeOptionalField(3, 32, &body, &shard_count)) {
    return false;
  }
  view->header = {position, static_cast<uint32_t>(shard), static_cast<uint32_t>(shard_count)};
  view->records = body;
  return body.empty() || static_cast<uint8_t>(body.front()) == kRecordTag;
}

bool ParseChunk(absl::string_view body, DataView* view) {
  uint64_t shard = 0, shard_count = 0;
  view->kind = DataView::kChunk;
  if (!TakeOptionalField(1, 32, &body, &shard) || !TakeOptionalField(2, 32, &body, &shard_count)) {
    return false;
  }
  view->header = {0, static_cast<uint32_t>(shard), static_cast<uint32_t>(shard_count)};
  view->records = body;
  return body.empty() || static_cast<uint8_t>(body.front()) == kRecordTag;
}

FrameStep NeedMore(size_t wanted) {
  FrameStep step;
  step.outcome = FrameOutcome::kNeedMore;
  step.wanted = wanted;
  return step;
}

FrameStep Bad(const char* error) {
  FrameStep step;
  step.outcome = FrameOutcome::kBad;
  step.error = error;
  return step;
}

}  // namespace

void AppendFrame(const Frame& frame, std::string* out) {
  CHECK(frame.kind_case() != Frame::KIND_NOT_SET);
  const size_t payload_bytes = frame.ByteSizeLong();
  CHECK_LE(payload_bytes, kPayloadBytesMax);
  const size_t begin = out->size();
  out->resize(begin + kFrameHeaderBytes + payload_bytes);
  char* const to = &(*out)[begin];
  frame.SerializeWithCachedSizesToArray(reinterpret_cast<uint8_t*>(to + kFrameHeaderBytes));
  SealFrame(to, payload_bytes);
}

void AppendBatchFrame(const BatchHeader& header, absl::string_view records, std::string* out) {
  AppendDataFrame(PrefixOf(header), records, out);
}

void AppendChunkFrame(uint32_t shard, uint32_t shard_count, absl::string_view records,
                      std::string* out) {
  AppendDataFrame(DataPrefix{kChunkTag, {shard, shard_count, 0}}, records, out);
}

size_t BatchFrameBytes(const BatchHeader& header, size_t records_bytes) {
  return PrefixOf(header).FrameBytes(records_bytes);
}

void WriteBatchFrame(const BatchHeader& header, absl::string_view records, char* to) {
  PrefixOf(header).WriteFrame(records, to);
}

void CompleteBatchFrame(const BatchHeader& header, size_t records_bytes, char* frame) {
  PrefixOf(header).CompleteFrame(records_bytes, frame);
}

FrameStep NextFrame(absl::string_view input, size_t payload_bytes_max) {
  if (input.size() < 4) return NeedMore(kFrameHeaderBytes);
  const size_t payload_bytes = LoadLittleEndian(input.data(), 4);
  if (payload_bytes == 0) return Bad("a frame of length 0");
  if (payload_bytes > payload_bytes_max) return Bad("a frame longer than the limit");
  const size_t frame_bytes = kFrameHeaderBytes + payload_bytes;
  if (input.size() < frame_bytes) return NeedMore(frame_bytes);
  const absl::string_view payload = input.substr(kFrameHeaderBytes, payload_bytes);
  if (LoadLittleEndian(input.data() + 4, 8) != XXH3_64bits(payload.data(), payload.size())) {
    return Bad("a frame with a wrong checksum");
  }
  FrameStep step;
  step.outcome = FrameOutcome::kFrame;
  step.consumed = frame_bytes;
  step.payload = payload;
  return step;
}

bool ParseDataFrame(absl::string_view payload, DataView* view) {
  *view = DataView();
  uint64_t tag = 0;
  absl::string_view body;
  if (!TakeVarint(32, &payload, &tag)) return false;
  if ((tag & 7) != kLengthDelimited || tag >> 3 == 0) return false;
  if (!TakeBytes(&payload, &body) || !payload.empty()) return false;
  if (tag == kBatchTag) return ParseBatch(body, view);
  if (tag == kChunkTag) return ParseChunk(body, view);
  return true;
}

bool NextRecord(absl::string_view* records, absl::string_view* encoded_record) {
  absl::string_view rest = *records;
  if (!TakeTag(kRecordTag, &rest) || !TakeBytes(&rest, encoded_record)) return false;
  *records = rest;
  return true;
}

absl::string_view KeyOfRecord(absl::string_view encoded_record) {
  // The effect comes first, and in it the key.
  static_assert(Put::kKeyFieldNumber == 1 && Touch::kKeyFieldNumber == 1 &&
                Remove::kKeyFieldNumber == 1);
  absl::string_view effect, key;
  for (const int field :
       {Record::kPutFieldNumber, Record::kTouchFieldNumber, Record::kRemoveFieldNumber}) {
    if (!TakeTag(LengthDelimitedTag(field), &encoded_record)) continue;
    if (!TakeBytes(&encoded_record, &effect)) return {};
    if (!TakeTag(LengthDelimitedTag(Put::kKeyFieldNumber), &effect)) return {};
    return TakeBytes(&effect, &key) ? key : absl::string_view();
  }
  return {};
}

PutTotals CountPuts(absl::string_view records) {
  PutTotals totals;
  absl::string_view record;
  while (NextRecord(&records, &record)) {
    absl::string_view put, key, value;
    if (!TakeTag(LengthDelimitedTag(Record::kPutFieldNumber), &record)) continue;
    CHECK(TakeBytes(&record, &put));
    if (TakeTag(LengthDelimitedTag(Put::kKeyFieldNumber), &put)) CHECK(TakeBytes(&put, &key));
    if (TakeTag(LengthDelimitedTag(Put::kValueFieldNumber), &put)) CHECK(TakeBytes(&put, &value));
    ++totals.items;
    totals.bytes += key.size() + value.size();
  }
  CHECK(records.empty());
  return totals;
}

}  // namespace twincached::replication
