#include "storage/record_writer.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace twincached {
namespace {

replication::Batch Parse(absl::string_view bytes) {
  replication::Batch batch;
  EXPECT_TRUE(batch.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
  return batch;
}

ItemView MakeItem(absl::string_view key, absl::string_view value) {
  ItemView item;
  item.key = key;
  item.value = value;
  return item;
}

TEST(RecordWriter, WritesPutsByteForByteLikeProtobuf) {
  for (size_t value_bytes : {0, 1, 100, 127, 128, 16'300, 16'384, 3'000'000}) {
    for (int64_t expiry_ms : {int64_t{0}, int64_t{1}, int64_t{1} << 40, int64_t{-1}}) {
      for (uint32_t flags : {0u, 1u, 0x80u, 0xffffffffu}) {
        const std::string value(value_bytes, 'v');
        ItemView item = MakeItem("some key", value);
        item.version = uint64_t{3} << 40 | value_bytes;
        item.client_flags = flags;
        item.expiry_ms = expiry_ms;
        RecordWriter writer;
        writer.set_enabled(true);
        writer.Put(item);
        replication::Batch expected;
        replication::Put* put = expected.add_records()->mutable_put();
        put->set_key("some key");
        put->set_value(value);
        put->set_version(item.version);
        put->set_client_flags(flags);
        put->set_expiry_ms(expiry_ms);
        ASSERT_TRUE(writer.bytes() == absl::string_view(expected.SerializeAsString()))
            << value_bytes << " bytes, expiry " << expiry_ms << ", flags " << flags;
      }
    }
  }
}

TEST(RecordWriter, WritesTouchesAndRemovalsByteForByteLikeProtobuf) {
  for (const size_t key_bytes : {1, 100, 127, 128, 250}) {
    const std::string key(key_bytes, 'k');
    RecordWriter writer;
    writer.set_enabled(true);
    replication::Batch expected;
    for (int64_t expiry_ms : {int64_t{0}, int64_t{1}, int64_t{1} << 47, int64_t{-1}}) {
      writer.Touch(key, expiry_ms);
      replication::Touch* touch = expected.add_records()->mutable_touch();
      touch->set_key(key);
      touch->set_expiry_ms(expiry_ms);
    }
    for (const auto cause : {replication::Remove::DELETED, replication::Remove::EXPIRED,
                             replication::Remove::EVICTED}) {
      writer.Remove(key, cause);
      replication::Remove* remove = expected.add_records()->mutable_remove();
      remove->set_key(key);
      remove->set_cause(cause);
    }
    EXPECT_EQ(writer.bytes(), expected.SerializeAsString());
  }
}

TEST(RecordWriter, WritesEveryKindInOrder) {
  RecordWriter writer;
  writer.set_enabled(true);
  writer.Touch("touched", 99);
  writer.Put(MakeItem("put", "value"));
  writer.Remove("removed", replication::Remove::EVICTED);
  writer.Remove("deleted", replication::Remove::DELETED);
  writer.Flush(0xf0);
  writer.DelayedFlush(0x0f, 1234);
  const replication::Batch batch = Parse(writer.bytes());
  ASSERT_EQ(batch.records_size(), 6);
  EXPECT_EQ(batch.records(0).touch().key(), "touched");
  EXPECT_EQ(batch.records(0).touch().expiry_ms(), 99);
  EXPECT_EQ(batch.records(1).put().value(), "value");
  EXPECT_EQ(batch.records(2).remove().cause(), replication::Remove::EVICTED);
  EXPECT_EQ(batch.records(3).remove().key(), "deleted");
  EXPECT_EQ(batch.records(3).remove().cause(), replication::Remove::DELETED);
  EXPECT_EQ(batch.records(4).flush().slots(), 0xf0u);
  EXPECT_EQ(batch.records(5).delayed_flush().slots(), 0x0fu);
  EXPECT_EQ(batch.records(5).delayed_flush().at_ms(), 1234);
  EXPECT_EQ(writer.count(), 6u);
  EXPECT_EQ(writer.removals(), 3u) << "two removals and a flush";
}

TEST(RecordWriter, CountsAndWritesNothingWhenOff) {
  RecordWriter writer;
  writer.Put(MakeItem("key", "value"));
  writer.Remove("key", replication::Remove::EXPIRED);
  writer.Flush(1);
  writer.Answer(ForwardTag(), Reply(), true);
  EXPECT_EQ(writer.count(), 3u);
  EXPECT_EQ(writer.removals(), 2u);
  EXPECT_TRUE(writer.bytes().empty());
}

TEST(RecordWriter, AddsAnAnswerToTheLastRecord) {
  ForwardTag tag;
  tag.incarnation_low = 77;
  tag.number = 5;
  tag.parts = 3;
  Reply reply;
  reply.status = Status::kNumber;
  reply.number = 12;
  reply.cas = 34;
  reply.client_flags = 56;
  reply.value = "answered";
  // Around the sizes where the length before the record takes a byte more.
  for (size_t value_bytes = 0; value_bytes < 400; ++value_bytes) {
    const std::string value(value_bytes + (value_bytes >= 200 ? 16'000 : 0), 'v');
    RecordWriter writer;
    writer.set_enabled(true);
    writer.Put(MakeItem("first", "stays"));
    writer.Put(MakeItem("key", value));
    writer.Answer(tag, reply, true);
    writer.Touch("after", 1);
    const replication::Batch batch = Parse(writer.bytes());
    ASSERT_EQ(batch.records_size(), 3);
    EXPECT_FALSE(batch.records(0).has_answer());
    EXPECT_EQ(batch.records(0).put().value(), "stays");
    ASSERT_EQ(batch.records(1).put().value(), value);
    const replication::ForwardAnswer& answer = batch.records(1).answer();
    EXPECT_EQ(answer.incarnation_low(), 77u);
    EXPECT_EQ(answer.number(), 5u);
    EXPECT_EQ(answer.parts(), 3u);
    EXPECT_EQ(answer.status(), static_cast<uint32_t>(Status::kNumber));
    EXPECT_EQ(answer.value_number(), 12u);
    EXPECT_EQ(answer.cas(), 34u);
    EXPECT_EQ(answer.client_flags(), 56u);
    EXPECT_EQ(answer.value(), "answered");
    EXPECT_FALSE(batch.records(2).has_answer()) << "an answer is told once";
    EXPECT_EQ(writer.count(), 3u);
  }
}

TEST(RecordWriter, WritesAnAnswerOfItsOwn) {
  RecordWriter writer;
  writer.set_enabled(true);
  writer.Touch("key", 1);
  ForwardTag tag;
  tag.number = 8;
  writer.Answer(tag, Reply(), false);
  const replication::Batch batch = Parse(writer.bytes());
  ASSERT_EQ(batch.records_size(), 2);
  EXPECT_EQ(batch.records(1).effect_case(), replication::Record::EFFECT_NOT_SET);
  EXPECT_EQ(batch.records(1).answer().number(), 8u);
  EXPECT_EQ(writer.count(), 2u);
}

TEST(RecordWriter, StartsAnewAfterTake) {
  RecordWriter writer;
  writer.set_enabled(true);
  writer.Remove("key", replication::Remove::DELETED);
  EXPECT_EQ(Parse(writer.TakeBytes()).records_size(), 1);
  EXPECT_EQ(writer.count(), 0u);
  EXPECT_EQ(writer.removals(), 0u);
  EXPECT_TRUE(writer.bytes().empty());
  EXPECT_TRUE(writer.enabled());
  writer.Put(MakeItem("other", "value"));
  const replication::Batch batch = Parse(writer.bytes());
  ASSERT_EQ(batch.records_size(), 1);
  EXPECT_EQ(batch.records(0).put().key(), "other");
}

}  // namespace
}  // namespace twincached
