// What a shard should do, said as plainly as possible: a map and memcached's rules.
//
// It learns of evictions and expiries from the shard's records, and checks that each of them was
// allowed.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>

#include "proto/memcache/command.h"
#include "proto/replication/replication.pb.h"
#include "tests/unit/storage/shard_world.h"

namespace twincached {

class ShardModel {
 public:
  std::map<std::string, StoredItem> items;  // expired ones too, until a record takes them
  int64_t flush_at_ms = kNever;

  static std::string String(absl::string_view view) {
    return std::string(view.data(), view.size());
  }
  static bool Expired(int64_t expiry_ms, int64_t now_ms) {
    return expiry_ms != kNever && expiry_ms <= now_ms;
  }

  const StoredItem* Fresh(absl::string_view key, int64_t now_ms) const {
    auto found = items.find(String(key));
    if (found == items.end() || Expired(found->second.expiry_ms, now_ms)) return nullptr;
    return &found->second;
  }

  Status ExpectedStatus(const Command& command, int64_t now_ms) const {
    const StoredItem* item = Fresh(command.key, now_ms);
    const bool here = item != nullptr;
    switch (command.op) {
      case Op::kGet:
      case Op::kGat:
        return here ? Status::kHit : Status::kMiss;
      case Op::kSet:
        return Status::kStored;
      case Op::kAdd:
        return here ? Status::kNotStored : Status::kStored;
      case Op::kReplace:
      case Op::kAppend:
      case Op::kPrepend:
        return here ? Status::kStored : Status::kNotStored;
      case Op::kCas:
        if (!here) return Status::kNotFound;
        return item->version == command.cas ? Status::kStored : Status::kExists;
      case Op::kDelete:
        return here ? Status::kDeleted : Status::kNotFound;
      case Op::kIncr:
      case Op::kDecr:
        if (!here) return Status::kNotFound;
        return IsNumber(item->value) ? Status::kNumber : Status::kNonNumeric;
      case Op::kTouch:
        return here ? Status::kTouched : Status::kNotFound;
      case Op::kDiscard:
        return Status::kTooLarge;
      case Op::kFlush:
        return Status::kFlushed;
    }
    return Status::kMiss;
  }

  // What is stored if the command succeeds.
  StoredItem ExpectedItem(const Command& command, int64_t now_ms) const {
    StoredItem item;
    if (const StoredItem* old = Fresh(command.key, now_ms)) item = *old;
    const std::string given = String(command.value);
    switch (command.op) {
      case Op::kAppend:
        item.value += given;
        return item;
      case Op::kPrepend:
        item.value = given + item.value;
        return item;
      case Op::kIncr:
      case Op::kDecr:
        item.value = Calculated(command, item.value);
        return item;
      case Op::kGat:
      case Op::kTouch:
        item.expiry_ms = command.expiry_ms;
        return item;
      default:
        break;
    }
    item.value = given;
    item.client_flags = command.client_flags;
    item.expiry_ms = command.expiry_ms;
    return item;
  }

  static bool ChangesValue(Status status) {
    return status == Status::kStored || status == Status::kNumber;
  }

  // A removal that the shard decided on or caused. REQUIRES: called in the order of the records.
  void Removed(const replication::Remove& remove, const Command& command, int64_t now_ms) {
    auto found = items.find(remove.key());
    ASSERT_NE(found, items.end()) << "removed what was not there: " << remove.key();
    if (remove.cause() == replication::Remove::EXPIRED) {
      const bool by_command = command.key == remove.key() && Expired(command.expiry_ms, now_ms);
      EXPECT_TRUE(by_command || Expired(found->second.expiry_ms, now_ms)) << remove.key();
    } else if (remove.cause() == replication::Remove::DELETED) {
      EXPECT_EQ(command.key, remove.key());
      EXPECT_TRUE(command.op == Op::kDelete || command.op == Op::kSet);
    }
    items.erase(found);
  }

 private:
  // Digits up to the end or a space, within 64 bits.
  static bool IsNumber(const std::string& value) {
    static const std::string kMax = "18446744073709551615";
    const size_t digits = std::min(value.find_first_not_of("0123456789"), value.size());
    if (digits == 0 || (digits < value.size() && value[digits] != ' ')) return false;
    const size_t zeros = std::min(value.find_first_not_of('0'), digits);
    const std::string number = value.substr(zeros, digits - zeros);
    return number.size() < kMax.size() || (number.size() == kMax.size() && number <= kMax);
  }
  static std::string Calculated(const Command& command, const std::string& old) {
    if (!IsNumber(old)) return old;
    const uint64_t number = std::stoull(old);
    const bool incr = command.op == Op::kIncr;
    std::string digits =
        std::to_string(incr ? number + command.delta : number - std::min(number, command.delta));
    digits.resize(std::max(digits.size(), old.size()), ' ');
    return digits;
  }
};

}  // namespace twincached
