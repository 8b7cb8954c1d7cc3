// Pieces of protobuf's wire format (its documentation, "Encoding"), taken off the front of bytes:
// what the hand-written readers of frames and records are made of.
//
// What it is: pure functions on views. What it is not: a parser; they refuse some of what protobuf
// allows (a tag of more bytes than it needs), never the other way round, and what they take,
// protobuf takes for the same.
// Where one fails, what is left of *in may be anything.
#pragma once

#include <google/protobuf/io/coded_stream.h>

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace twincached::replication {

// One-byte tags: fields 1 to 15.
constexpr uint8_t VarintTag(int field) { return static_cast<uint8_t>(field << 3); }
constexpr uint8_t Fixed64Tag(int field) { return static_cast<uint8_t>(field << 3 | 1); }
constexpr uint8_t LengthDelimitedTag(int field) { return static_cast<uint8_t>(field << 3 | 2); }

// False, and nothing taken, when the next byte is not this tag.
inline bool TakeTag(uint8_t tag, absl::string_view* in) {
  if (in->empty() || static_cast<uint8_t>(in->front()) != tag) return false;
  in->remove_prefix(1);
  return true;
}

// A varint of at most `bits` bits (32 or 64). False when it is cut off or does not fit.
inline bool TakeVarint(int bits, absl::string_view* in, uint64_t* value) {
  if (!in->empty() && static_cast<uint8_t>(in->front()) < 0x80) {
    *value = static_cast<uint8_t>(in->front());
    in->remove_prefix(1);
    return true;
  }
  *value = 0;
  for (int shift = 0; shift < bits && !in->empty(); shift += 7) {
    const uint64_t byte = static_cast<uint8_t>(in->front());
    in->remove_prefix(1);
    const int room = bits - shift;
    if (room < 7 && (byte & 0x7f) >> room != 0) return false;
    *value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

// 64 bits, little endian.
inline bool TakeFixed64(absl::string_view* in, uint64_t* value) {
  if (in->size() < sizeof(uint64_t)) return false;
  google::protobuf::io::CodedInputStream::ReadLittleEndian64FromArray(
      reinterpret_cast<const uint8_t*>(in->data()), value);
  in->remove_prefix(sizeof(uint64_t));
  return true;
}

// A length and as many bytes.
inline bool TakeBytes(absl::string_view* in, absl::string_view* bytes) {
  uint64_t length = 0;
  if (!TakeVarint(32, in, &length) || length > in->size()) return false;
  *bytes = absl::string_view(in->data(), length);
  in->remove_prefix(length);
  return true;
}

}  // namespace twincached::replication
