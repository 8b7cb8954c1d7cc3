#include "proto/replication/key_effect.h"

#include <google/protobuf/wire_format_lite.h>

#include "proto/replication/wire_reader.h"

namespace twincached::replication {
namespace {

using google::protobuf::internal::WireFormatLite;

// Grammar, in the order in which fields are written; those that are 0 are left out:
//
//   record = tag(put / touch / remove) varint(bytes of body) body        nothing behind it
//   put    = [key] [value] [version] [flags] [expiry] [marks] [heat] [last access]
//   touch  = [key] [expiry]
//   remove = [key] [cause]
//
// A field that is there with the value 0 is taken as well: protobuf takes it.

// These take a field off the front if it is there; false when it is malformed.
bool TakeOptional(int field, absl::string_view* body, absl::string_view* bytes) {
  return !TakeTag(LengthDelimitedTag(field), body) || TakeBytes(body, bytes);
}
bool TakeOptional(int field, absl::string_view* body, uint32_t* value) {
  if (!TakeTag(VarintTag(field), body)) return true;
  uint64_t wide = 0;
  // Protobuf would cut off what does not fit.
  if (!TakeVarint(32, body, &wide)) return false;
  *value = static_cast<uint32_t>(wide);
  return true;
}
bool TakeOptional(int field, absl::string_view* body, int64_t* value) {
  if (!TakeTag(VarintTag(field), body)) return true;
  uint64_t zigzag = 0;
  if (!TakeVarint(64, body, &zigzag)) return false;
  *value = WireFormatLite::ZigZagDecode64(zigzag);
  return true;
}

bool ReadPut(absl::string_view body, KeyEffect* effect) {
  effect->kind = KeyEffect::kPut;
  if (!TakeOptional(Put::kKeyFieldNumber, &body, &effect->key) ||
      !TakeOptional(Put::kValueFieldNumber, &body, &effect->value)) {
    return false;
  }
  if (TakeTag(Fixed64Tag(Put::kVersionFieldNumber), &body) &&
      !TakeFixed64(&body, &effect->version)) {
    return false;
  }
  return TakeOptional(Put::kClientFlagsFieldNumber, &body, &effect->client_flags) &&
         TakeOptional(Put::kExpiryMsFieldNumber, &body, &effect->expiry_ms) &&
         TakeOptional(Put::kMarksFieldNumber, &body, &effect->marks) &&
         TakeOptional(Put::kHeatFieldNumber, &body, &effect->heat) &&
         TakeOptional(Put::kLastAccessSFieldNumber, &body, &effect->last_access_s) && body.empty();
}

bool ReadTouch(absl::string_view body, KeyEffect* effect) {
  effect->kind = KeyEffect::kTouch;
  return TakeOptional(Touch::kKeyFieldNumber, &body, &effect->key) &&
         TakeOptional(Touch::kExpiryMsFieldNumber, &body, &effect->expiry_ms) && body.empty();
}

bool ReadRemove(absl::string_view body, KeyEffect* effect) {
  effect->kind = KeyEffect::kRemove;
  return TakeOptional(Remove::kKeyFieldNumber, &body, &effect->key) &&
         TakeOptional(Remove::kCauseFieldNumber, &body, &effect->cause) && body.empty();
}

}  // namespace

bool ReadKeyEffect(absl::string_view encoded_record, KeyEffect* effect) {
  *effect = KeyEffect();
  if (encoded_record.empty()) return false;
  const uint8_t tag = static_cast<uint8_t>(encoded_record.front());
  encoded_record.remove_prefix(1);
  absl::string_view body;
  if (!TakeBytes(&encoded_record, &body) || !encoded_record.empty()) return false;
  switch (tag) {
    case LengthDelimitedTag(Record::kPutFieldNumber):
      return ReadPut(body, effect);
    case LengthDelimitedTag(Record::kTouchFieldNumber):
      return ReadTouch(body, effect);
    case LengthDelimitedTag(Record::kRemoveFieldNumber):
      return ReadRemove(body, effect);
    default:
      return false;
  }
}

bool KeyEffectOf(const Record& record, KeyEffect* effect) {
  *effect = KeyEffect();
  switch (record.effect_case()) {
    case Record::kPut: {
      const Put& put = record.put();
      effect->kind = KeyEffect::kPut;
      effect->key = put.key();
      effect->value = put.value();
      effect->version = put.version();
      effect->expiry_ms = put.expiry_ms();
      effect->client_flags = put.client_flags();
      effect->marks = put.marks();
      effect->heat = put.heat();
      effect->last_access_s = put.last_access_s();
      return true;
    }
    case Record::kTouch:
      effect->kind = KeyEffect::kTouch;
      effect->key = record.touch().key();
      effect->expiry_ms = record.touch().expiry_ms();
      return true;
    case Record::kRemove:
      effect->kind = KeyEffect::kRemove;
      effect->key = record.remove().key();
      effect->cause = static_cast<uint32_t>(record.remove().cause());
      return true;
    default:
      return false;
  }
}

}  // namespace twincached::replication
