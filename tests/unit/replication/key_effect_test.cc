#include "proto/replication/key_effect.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace twincached::replication {
namespace {

// The invariant of the header; *read says whether it was taken.
void CheckAgainstProtobuf(const std::string& encoded, bool* read) {
  KeyEffect by_hand, by_protobuf;
  *read = ReadKeyEffect(encoded, &by_hand);
  if (!*read) return;
  Record record;
  ASSERT_TRUE(record.ParseFromString(encoded)) << testing::PrintToString(encoded);
  EXPECT_FALSE(record.has_answer());
  ASSERT_TRUE(KeyEffectOf(record, &by_protobuf));
  EXPECT_TRUE(by_hand == by_protobuf) << testing::PrintToString(encoded);
}

bool ReadsLikeProtobuf(const std::string& encoded) {
  bool read = false;
  CheckAgainstProtobuf(encoded, &read);
  return read;
}

Record FullPut() {
  Record record;
  Put* put = record.mutable_put();
  put->set_key("key");
  put->set_value(std::string(300, 'v'));
  put->set_version(uint64_t{7} << 40 | 9);
  put->set_client_flags(0xffffffff);
  put->set_expiry_ms(1'700'000'000'000);
  put->set_marks(3);
  put->set_heat(13);
  put->set_last_access_s(1'700'000'000);
  return record;
}

Record TouchOf(const std::string& key) {
  Record record;
  record.mutable_touch()->set_key(key);
  record.mutable_touch()->set_expiry_ms(-1);
  return record;
}

Record RemoveOf(const std::string& key) {
  Record record;
  record.mutable_remove()->set_key(key);
  record.mutable_remove()->set_cause(Remove::EVICTED);
  return record;
}

TEST(KeyEffect, ReadsEveryFieldOfAPut) {
  const std::string encoded = FullPut().SerializeAsString();
  KeyEffect effect;
  ASSERT_TRUE(ReadKeyEffect(encoded, &effect));
  EXPECT_EQ(effect.kind, KeyEffect::kPut);
  EXPECT_EQ(effect.key, "key");
  EXPECT_EQ(effect.value, std::string(300, 'v'));
  EXPECT_EQ(effect.version, uint64_t{7} << 40 | 9);
  EXPECT_EQ(effect.client_flags, 0xffffffffu);
  EXPECT_EQ(effect.expiry_ms, 1'700'000'000'000);
  EXPECT_EQ(effect.marks, 3u);
  EXPECT_EQ(effect.heat, 13u);
  EXPECT_EQ(effect.last_access_s, 1'700'000'000u);
  EXPECT_TRUE(ReadsLikeProtobuf(encoded));
}

TEST(KeyEffect, ReadsTouchesAndRemovals) {
  EXPECT_TRUE(ReadsLikeProtobuf(TouchOf("touched").SerializeAsString()));
  EXPECT_TRUE(ReadsLikeProtobuf(RemoveOf("gone").SerializeAsString()));
}

TEST(KeyEffect, ReadsWhatLeavesFieldsOut) {
  Record record;
  record.mutable_put();
  EXPECT_TRUE(ReadsLikeProtobuf(record.SerializeAsString()));
  record.mutable_put()->set_version(1);
  EXPECT_TRUE(ReadsLikeProtobuf(record.SerializeAsString()));
  record.mutable_touch();
  EXPECT_TRUE(ReadsLikeProtobuf(record.SerializeAsString()));
  record.mutable_remove();
  EXPECT_TRUE(ReadsLikeProtobuf(record.SerializeAsString()));
}

TEST(KeyEffect, ForgetsTheOneReadBefore) {
  KeyEffect effect;
  const std::string put = FullPut().SerializeAsString();
  ASSERT_TRUE(ReadKeyEffect(put, &effect));
  const std::string removal = RemoveOf("gone").SerializeAsString();
  ASSERT_TRUE(ReadKeyEffect(removal, &effect));
  EXPECT_EQ(effect.value, "");
  EXPECT_EQ(effect.version, 0u);
}

TEST(KeyEffect, LeavesTheRestToProtobuf) {
  Record flush, delayed, answer;
  flush.mutable_flush()->set_slots(1);
  delayed.mutable_delayed_flush()->set_at_ms(1);
  answer.mutable_answer()->set_number(1);
  Record both = FullPut();
  both.mutable_answer()->set_number(1);
  for (const Record& record : {flush, delayed, answer, both, Record()}) {
    EXPECT_FALSE(ReadsLikeProtobuf(record.SerializeAsString())) << record.ShortDebugString();
  }
  KeyEffect effect;
  EXPECT_FALSE(KeyEffectOf(flush, &effect));
  EXPECT_FALSE(KeyEffectOf(answer, &effect));
  EXPECT_TRUE(KeyEffectOf(both, &effect));
}

// One field of a Put's body, as its record.
std::string PutOf(const std::string& body) {
  return std::string("\012") + static_cast<char>(body.size()) + body;
}

TEST(KeyEffect, LeavesUnusualFormsToProtobuf) {
  const std::string key("\012\001k"), value("\022\001v"), flags("\040\001");
  EXPECT_TRUE(ReadsLikeProtobuf(PutOf(key + value + flags)));
  EXPECT_FALSE(ReadsLikeProtobuf(PutOf(value + key))) << "out of order";
  EXPECT_FALSE(ReadsLikeProtobuf(PutOf(key + key))) << "repeated";
  EXPECT_FALSE(ReadsLikeProtobuf(PutOf(key) + PutOf(value))) << "to be merged";
  EXPECT_FALSE(ReadsLikeProtobuf(PutOf(key + "\170\001"))) << "an unknown field";
  EXPECT_FALSE(ReadsLikeProtobuf(PutOf("\010\001"))) << "a key that is a number";
  EXPECT_FALSE(ReadsLikeProtobuf(PutOf(key + "\040\377\377\377\377\377\001"))) << "over 32 bits";
  EXPECT_TRUE(ReadsLikeProtobuf(PutOf(key + std::string("\040\000", 2)))) << "a 0 that is there";
}

TEST(KeyEffect, TakesNothingThatIsCutOff) {
  for (const Record& record : {FullPut(), TouchOf("touched"), RemoveOf("gone")}) {
    const std::string encoded = record.SerializeAsString();
    for (size_t bytes = 0; bytes < encoded.size(); ++bytes) {
      EXPECT_FALSE(ReadsLikeProtobuf(encoded.substr(0, bytes)));
    }
  }
}

class RandomRecords {
 public:
  Record Next() {
    Record record;
    switch (Below(8)) {
      case 0:
        record.mutable_touch()->set_key(Text(250));
        record.mutable_touch()->set_expiry_ms(static_cast<int64_t>(Number()));
        break;
      case 1:
        record.mutable_remove()->set_key(Text(250));
        record.mutable_remove()->set_cause(static_cast<Remove::Cause>(Below(5)));
        break;
      case 2:
        record.mutable_flush()->set_slots(Number());
        break;
      default:
        FillPut(record.mutable_put());
    }
    if (Below(8) == 0) record.mutable_answer()->set_value(Text(100));
    return record;
  }

  // Bytes changed, put in or taken away.
  std::string Spoil(std::string bytes) {
    for (uint64_t i = 1 + Below(3); i > 0 && !bytes.empty(); --i) {
      const size_t at = Below(bytes.size());
      const char byte = static_cast<char>(Below(256));
      switch (Below(3)) {
        case 0:
          bytes[at] = byte;
          break;
        case 1:
          bytes.insert(at, 1, byte);
          break;
        default:
          bytes.erase(at, 1);
      }
    }
    return bytes;
  }

 private:
  uint64_t Below(uint64_t bound) { return random_() % bound; }
  uint64_t Number() { return Below(3) == 0 ? 0 : random_() >> Below(64); }
  uint32_t Word() { return static_cast<uint32_t>(Number()); }
  std::string Text(uint64_t bound) {
    return std::string(Below(bound + 1), static_cast<char>(Below(256)));
  }
  void FillPut(Put* put) {
    put->set_key(Text(250));
    put->set_value(Text(Below(4) == 0 ? 20000 : 20));
    put->set_version(Number());
    put->set_client_flags(Word());
    put->set_expiry_ms(static_cast<int64_t>(Number()));
    put->set_marks(Word());
    put->set_heat(Word());
    put->set_last_access_s(Word());
  }

  std::mt19937_64 random_{20240901};
};

TEST(KeyEffect, ReadsRandomRecordsLikeProtobuf) {
  RandomRecords records;
  for (int i = 0; i < 20000; ++i) {
    const Record record = records.Next();
    const bool plain = !record.has_answer() && !record.has_flush();
    EXPECT_EQ(ReadsLikeProtobuf(record.SerializeAsString()), plain);
  }
}

TEST(KeyEffect, TakesOfSpoiledRecordsOnlyWhatProtobufTakesAlike) {
  RandomRecords records;
  int taken = 0;
  for (int i = 0; i < 50000; ++i) {
    taken += ReadsLikeProtobuf(records.Spoil(records.Next().SerializeAsString()));
  }
  EXPECT_GT(taken, 1000);
}

}  // namespace
}  // namespace twincached::replication
