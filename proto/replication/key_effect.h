// A record's effect on one key: what nearly all of the stream is, read where it lies.
//
// What it is: a reader of records in the form in which this program writes them, without protobuf's
// allocations and copies, and the same from a parsed record. What it is not: a second opinion on
// what a record means. What it does not take (an answer beside the effect; fields that are unknown,
// repeated or out of order; whatever is malformed) is for protobuf to parse or to refuse.
// Pure; views point into the record.
//
// Invariant: what ReadKeyEffect takes, protobuf parses to a Record without an answer of which
// KeyEffectOf says the same.
#pragma once

#include <cstdint>

#include "absl/strings/string_view.h"
#include "proto/replication/replication.pb.h"

namespace twincached::replication {

// Fields as in Put, Touch and Remove; what the kind does not have is 0.
struct KeyEffect {
  enum Kind : uint8_t { kPut, kTouch, kRemove } kind = kPut;
  absl::string_view key;
  absl::string_view value;
  uint64_t version = 0;
  int64_t expiry_ms = 0;
  uint32_t client_flags = 0;
  uint32_t marks = 0;
  uint32_t heat = 0;
  uint32_t last_access_s = 0;
  uint32_t cause = 0;  // Remove::Cause

  friend bool operator==(const KeyEffect& a, const KeyEffect& b) {
    return a.kind == b.kind && a.key == b.key && a.value == b.value && a.version == b.version &&
           a.expiry_ms == b.expiry_ms && a.client_flags == b.client_flags && a.marks == b.marks &&
           a.heat == b.heat && a.last_access_s == b.last_access_s && a.cause == b.cause;
  }
};

// False: parse it with protobuf. *effect is anything then.
bool ReadKeyEffect(absl::string_view encoded_record, KeyEffect* effect);

// False: the record changes no key, or whole slots.
bool KeyEffectOf(const Record& record, KeyEffect* effect);

}  // namespace twincached::replication
