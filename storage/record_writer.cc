#include "storage/record_writer.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/wire_format_lite.h"
#include "proto/check.h"
#include "proto/limits.h"

namespace twincached {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedOutputStream;

constexpr uint32_t Tag(int field, WireFormatLite::WireType type) {
  return static_cast<uint32_t>(field) << 3 | static_cast<uint32_t>(type);
}

constexpr int kRecordsField = 15;  // of Batch and of Chunk
constexpr uint8_t kRecordTag = Tag(kRecordsField, WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
static_assert(kRecordTag < 0x80, "one byte");
// Tag and length of a field that has a length.
constexpr size_t kFieldHeadBytesMax = 1 + 5;
constexpr size_t kVarintBytesMax = 10;
static_assert(int{replication::Touch::kKeyFieldNumber} ==
              int{replication::Remove::kKeyFieldNumber});

constexpr size_t kReservedBytesMax = 64u << 10;
// A value that is not smaller gets no room to grow behind it: it is probably the last one, and
// whoever takes the bytes keeps them for a while.
constexpr size_t kExactBytesMin = 32u << 10;

// The bits of replication.Put.heat.
constexpr uint32_t kHeatUsesMask = 3;
constexpr int kHeatFetchedBit = 2, kHeatMainBit = 3;

// Bytes of a field with a one-byte tag, 0 for one that proto3 leaves out.
size_t BytesFieldSize(absl::string_view bytes) {
  if (bytes.empty()) return 0;
  return 1 + CodedOutputStream::VarintSize32(static_cast<uint32_t>(bytes.size())) + bytes.size();
}
size_t VarintFieldSize(uint64_t value) {
  return value == 0 ? 0 : 1 + CodedOutputStream::VarintSize64(value);
}
size_t FixedFieldSize(uint64_t value) { return value == 0 ? 0 : 1 + sizeof(value); }

uint8_t* WriteHead(int field, size_t bytes, uint8_t* to) {
  *to++ = static_cast<uint8_t>(Tag(field, WireFormatLite::WIRETYPE_LENGTH_DELIMITED));
  return CodedOutputStream::WriteVarint32ToArray(static_cast<uint32_t>(bytes), to);
}
uint8_t* WriteBytesField(int field, absl::string_view bytes, uint8_t* to) {
  if (bytes.empty()) return to;
  to = WriteHead(field, bytes.size(), to);
  std::memcpy(to, bytes.data(), bytes.size());
  return to + bytes.size();
}
uint8_t* WriteVarintField(int field, uint64_t value, uint8_t* to) {
  if (value == 0) return to;
  *to++ = static_cast<uint8_t>(Tag(field, WireFormatLite::WIRETYPE_VARINT));
  return CodedOutputStream::WriteVarint64ToArray(value, to);
}
uint8_t* WriteFixedField(int field, uint64_t value, uint8_t* to) {
  if (value == 0) return to;
  *to++ = static_cast<uint8_t>(Tag(field, WireFormatLite::WIRETYPE_FIXED64));
  return CodedOutputStream::WriteLittleEndian64ToArray(value, to);
}

// As replication.Put says.
uint64_t PackHeat(const Heat& heat) {
  return heat.uses | uint64_t{heat.fetched} << kHeatFetchedBit |
         uint64_t{heat.main} << kHeatMainBit;
}

}  // namespace

Heat UnpackHeat(uint32_t packed, uint32_t last_access_s) {
  Heat heat;
  heat.uses = packed & kHeatUsesMask;
  heat.fetched = (packed >> kHeatFetchedBit & 1) != 0;
  heat.main = (packed >> kHeatMainBit & 1) != 0;
  heat.last_access_s = last_access_s;
  return heat;
}

// Written by hand, because it is the hot path: key and value are copied once, and nothing is
// allocated but the bytes. Field for field what protobuf writes for replication.Put.
void RecordWriter::WritePut(const ItemView& item, const Heat* heat) {
  ++count_;
  if (!enabled_) return;
  CHECK_LE(item.key.size(), kKeyBytesMax);
  const uint64_t expiry = WireFormatLite::ZigZagEncode64(item.expiry_ms);
  const uint64_t packed_heat = heat == nullptr ? 0 : PackHeat(*heat);
  const uint64_t last_access_s = heat == nullptr ? 0 : heat->last_access_s;
  const size_t put_bytes = BytesFieldSize(item.key) + BytesFieldSize(item.value) +
                           FixedFieldSize(item.version) + VarintFieldSize(item.client_flags) +
                           VarintFieldSize(expiry) + VarintFieldSize(item.marks) +
                           VarintFieldSize(packed_heat) + VarintFieldSize(last_access_s);
  const size_t record_bytes =
      1 + CodedOutputStream::VarintSize32(static_cast<uint32_t>(put_bytes)) + put_bytes;

  // What comes before the value and after it.
  constexpr size_t kHeadBytesMax = 4 * kFieldHeadBytesMax + kKeyBytesMax;
  constexpr size_t kTailBytesMax = 6 * (1 + kVarintBytesMax);
  uint8_t buffer[std::max(kHeadBytesMax, kTailBytesMax)];
  uint8_t* to = WriteHead(kRecordsField, record_bytes, buffer);
  to = WriteHead(replication::Record::kPutFieldNumber, put_bytes, to);
  to = WriteBytesField(replication::Put::kKeyFieldNumber, item.key, to);
  if (!item.value.empty()) {
    to = WriteHead(replication::Put::kValueFieldNumber, item.value.size(), to);
  }
  last_offset_ = bytes_.size();
  AppendBytes(buffer, to);
  if (item.value.size() >= kExactBytesMin) ReserveExactly(item.value.size() + kTailBytesMax);
  bytes_.append(item.value.data(), item.value.size());
  to = WriteFixedField(replication::Put::kVersionFieldNumber, item.version, buffer);
  to = WriteVarintField(replication::Put::kClientFlagsFieldNumber, item.client_flags, to);
  to = WriteVarintField(replication::Put::kExpiryMsFieldNumber, expiry, to);
  to = WriteVarintField(replication::Put::kMarksFieldNumber, item.marks, to);
  to = WriteVarintField(replication::Put::kHeatFieldNumber, packed_heat, to);
  to = WriteVarintField(replication::Put::kLastAccessSFieldNumber, last_access_s, to);
  AppendBytes(buffer, to);
}

void RecordWriter::ReserveExactly(size_t more_bytes) {
  if (bytes_.capacity() - bytes_.size() >= more_bytes) return;
  std::string larger;
  larger.reserve(bytes_.size() + more_bytes);
  larger.append(bytes_);
  bytes_.swap(larger);
}

void RecordWriter::AppendBytes(const uint8_t* begin, const uint8_t* end) {
  bytes_.append(reinterpret_cast<const char*>(begin), static_cast<size_t>(end - begin));
}

uint8_t* RecordWriter::Extend(size_t bytes) {
  const size_t begin = bytes_.size();
  bytes_.resize(begin + bytes);
  return reinterpret_cast<uint8_t*>(&bytes_[begin]);
}

// A Touch or a Remove: the key and one number behind it, by hand as in WritePut.
void RecordWriter::WriteKeyed(int effect_field, absl::string_view key, int number_field,
                              uint64_t number) {
  CHECK_LE(key.size(), kKeyBytesMax);
  const size_t effect_bytes = BytesFieldSize(key) + VarintFieldSize(number);
  const size_t record_bytes =
      1 + CodedOutputStream::VarintSize32(static_cast<uint32_t>(effect_bytes)) + effect_bytes;
  uint8_t buffer[3 * kFieldHeadBytesMax + kKeyBytesMax + 1 + kVarintBytesMax];
  uint8_t* to = WriteHead(kRecordsField, record_bytes, buffer);
  to = WriteHead(effect_field, effect_bytes, to);
  to = WriteBytesField(replication::Touch::kKeyFieldNumber, key, to);
  to = WriteVarintField(number_field, number, to);
  last_offset_ = bytes_.size();
  AppendBytes(buffer, to);
}

void RecordWriter::Touch(absl::string_view key, int64_t expiry_ms) {
  ++count_;
  if (!enabled_) return;
  WriteKeyed(replication::Record::kTouchFieldNumber, key, replication::Touch::kExpiryMsFieldNumber,
             WireFormatLite::ZigZagEncode64(expiry_ms));
}

void RecordWriter::Remove(absl::string_view key, replication::Remove::Cause cause) {
  ++count_;
  ++removals_;
  if (!enabled_) return;
  WriteKeyed(replication::Record::kRemoveFieldNumber, key, replication::Remove::kCauseFieldNumber,
             static_cast<uint64_t>(cause));
}

void RecordWriter::Flush(uint64_t slots) {
  ++count_;
  ++removals_;
  if (!enabled_) return;
  scratch_.mutable_flush()->set_slots(slots);
  Append(scratch_);
}

void RecordWriter::DelayedFlush(uint64_t slots, int64_t at_ms) {
  ++count_;
  if (!enabled_) return;
  replication::DelayedFlush* flush = scratch_.mutable_delayed_flush();
  flush->set_slots(slots);
  flush->set_at_ms(at_ms);
  Append(scratch_);
}

void RecordWriter::Append(const replication::Record& record) {
  const size_t record_bytes = record.ByteSizeLong();
  last_offset_ = bytes_.size();
  uint8_t* to = Extend(1 + CodedOutputStream::VarintSize32(static_cast<uint32_t>(record_bytes)) +
                       record_bytes);
  to = WriteHead(kRecordsField, record_bytes, to);
  record.SerializeWithCachedSizesToArray(to);
}

void RecordWriter::Answer(const ForwardTag& tag, const Reply& reply, bool with_last) {
  if (!with_last) ++count_;
  if (!enabled_) return;
  scratch_.clear_effect();
  replication::ForwardAnswer* answer = scratch_.mutable_answer();
  answer->set_incarnation_low(tag.incarnation_low);
  answer->set_number(tag.number);
  answer->set_parts(tag.parts);
  answer->set_status(static_cast<uint32_t>(reply.status));
  answer->set_client_flags(reply.client_flags);
  answer->set_cas(reply.cas);
  answer->set_value_number(reply.number);
  answer->set_value(reply.value.data(), reply.value.size());
  with_last ? AppendToLast(scratch_) : Append(scratch_);
  scratch_.clear_answer();
}

// A record is a message, and messages are joined by joining their bytes: only the length before
// them grows, which may take a byte more.
void RecordWriter::AppendToLast(const replication::Record& record) {
  CHECK_LT(last_offset_, bytes_.size());
  const size_t old_record_bytes = LastRecordBytes();
  const size_t added_bytes = record.ByteSizeLong();
  const size_t old_head_bytes = bytes_.size() - last_offset_ - old_record_bytes;
  const size_t record_bytes = old_record_bytes + added_bytes;
  const size_t head_bytes =
      1 + CodedOutputStream::VarintSize32(static_cast<uint32_t>(record_bytes));
  Extend(head_bytes - old_head_bytes + added_bytes);
  char* begin = &bytes_[last_offset_];
  if (head_bytes != old_head_bytes)
    std::memmove(begin + head_bytes, begin + old_head_bytes, old_record_bytes);
  WriteHead(kRecordsField, record_bytes, reinterpret_cast<uint8_t*>(begin));
  record.SerializeWithCachedSizesToArray(reinterpret_cast<uint8_t*>(begin) + head_bytes +
                                         old_record_bytes);
}

size_t RecordWriter::LastRecordBytes() const {
  DCHECK_EQ(static_cast<uint8_t>(bytes_[last_offset_]), kRecordTag);
  size_t bytes = 0;
  int shift = 0;
  for (size_t i = last_offset_ + 1;; ++i, shift += 7) {
    const uint8_t byte = static_cast<uint8_t>(bytes_[i]);
    bytes |= size_t{byte & 0x7fu} << shift;
    if (byte < 0x80) return bytes;
  }
}

std::string RecordWriter::TakeBytes() {
  std::string taken = std::exchange(bytes_, std::string());
  // The next ones are often as many: they need not be moved as they grow.
  bytes_.reserve(std::min(taken.size(), kReservedBytesMax));
  Clear();
  return taken;
}

void RecordWriter::Clear() {
  count_ = 0;
  removals_ = 0;
  last_offset_ = 0;
  bytes_.resize(room_bytes_);
}

}  // namespace twincached
