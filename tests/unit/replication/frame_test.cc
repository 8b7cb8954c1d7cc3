#include "proto/replication/frame.h"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <string>
#include <vector>

namespace twincached::replication {
namespace {

constexpr size_t kLimit = 1u << 20;

Record PutRecord(const std::string& key, const std::string& value) {
  Record record;
  record.mutable_put()->set_key(key);
  record.mutable_put()->set_value(value);
  record.mutable_put()->set_version(77);
  return record;
}

Record RemoveRecord(const std::string& key) {
  Record record;
  record.mutable_remove()->set_key(key);
  record.mutable_remove()->set_cause(Remove::EVICTED);
  return record;
}

// What a STORE hands over: fields 15 of a Batch, one behind the other.
std::string Encode(const std::vector<Record>& records) {
  Batch batch;
  for (const Record& record : records) *batch.add_records() = record;
  return batch.SerializeAsString();
}

std::string Bytes(std::initializer_list<int> values) {
  std::string bytes;
  for (int value : values) bytes.push_back(static_cast<char>(value));
  return bytes;
}

std::vector<Record> ThreeRecords() {
  return {PutRecord("key", std::string(300, 'v')), RemoveRecord("gone"), PutRecord("", "")};
}

Frame BatchFrame(uint64_t position, uint32_t shard, uint32_t shard_count) {
  Frame frame;
  frame.mutable_batch()->set_position(position);
  frame.mutable_batch()->set_shard(shard);
  frame.mutable_batch()->set_shard_count(shard_count);
  for (const Record& record : ThreeRecords()) *frame.mutable_batch()->add_records() = record;
  return frame;
}

// A frame with each kind that is not a data frame.
std::vector<Frame> ControlFrames() {
  std::vector<Frame> frames(8);
  frames[0].mutable_hello()->set_node_name("somebody");
  frames[1].mutable_ack()->add_shed_keys("key");
  frames[2].mutable_outdated_ack();
  frames[3].mutable_heartbeat()->set_sent_us(1);
  frames[4].mutable_goodbye()->set_exiting(true);
  frames[5].mutable_digest()->add_digests(7);
  frames[6].mutable_repair()->set_records(std::string(300, 'r'));
  frames[7].mutable_verify();
  return frames;
}

TEST(Frame, ComesBackAsItWasSent) {
  for (const Frame& sent : ControlFrames()) {
    std::string wire;
    AppendFrame(sent, &wire);
    const FrameStep step = NextFrame(wire, kLimit);
    ASSERT_EQ(step.outcome, FrameOutcome::kFrame);
    EXPECT_EQ(step.consumed, wire.size());
    DataView view;
    ASSERT_TRUE(ParseDataFrame(step.payload, &view));
    EXPECT_EQ(view.kind, DataView::kOther);
    Frame got;
    ASSERT_TRUE(got.ParseFromArray(step.payload.data(), static_cast<int>(step.payload.size())));
    EXPECT_EQ(got.SerializeAsString(), sent.SerializeAsString());
  }
}

TEST(Frame, BatchAroundEncodedRecordsIsWhatProtobufWrites) {
  const uint64_t positions[] = {0, 1, 127, 128, 1u << 30, std::numeric_limits<uint64_t>::max()};
  const uint32_t shards[] = {0, 1, 200, std::numeric_limits<uint32_t>::max()};
  for (uint64_t position : positions) {
    for (uint32_t shard : shards) {
      std::string expected, batch;
      AppendFrame(BatchFrame(position, shard, shard), &expected);
      AppendBatchFrame({position, shard, shard}, Encode(ThreeRecords()), &batch);
      EXPECT_EQ(batch, expected) << position << " " << shard;
    }
  }
}

TEST(Frame, BatchWrittenInPlaceIsAsLongAsSaid) {
  const std::string records = Encode(ThreeRecords());
  for (const std::string& some : {records, std::string()}) {
    const BatchHeader header{300, 2, 8};
    std::string appended;
    AppendBatchFrame(header, some, &appended);
    ASSERT_EQ(BatchFrameBytes(header, some.size()), appended.size());
    std::string written(appended.size(), '\0');
    WriteBatchFrame(header, some, &written[0]);
    EXPECT_EQ(written, appended);
  }
}

TEST(Frame, ChunkAroundEncodedRecordsIsWhatProtobufWrites) {
  Frame frame;
  frame.mutable_chunk()->set_shard(3);
  frame.mutable_chunk()->set_shard_count(4);
  for (const Record& record : ThreeRecords()) *frame.mutable_chunk()->add_records() = record;
  std::string expected, chunk;
  AppendFrame(frame, &expected);
  AppendChunkFrame(3, 4, Encode(ThreeRecords()), &chunk);
  EXPECT_EQ(chunk, expected);
}

TEST(Frame, DataViewNamesPositionShardAndRecords) {
  const std::string records = Encode(ThreeRecords());
  std::string wire;
  AppendBatchFrame({500, 0, 3}, records, &wire);
  DataView view;
  ASSERT_TRUE(ParseDataFrame(NextFrame(wire, kLimit).payload, &view));
  EXPECT_EQ(view.kind, DataView::kBatch);
  EXPECT_EQ(view.header.position, 500u);
  EXPECT_EQ(view.header.shard, 0u);
  EXPECT_EQ(view.header.shard_count, 3u);
  EXPECT_EQ(view.records, records);

  wire.clear();
  AppendChunkFrame(2, 3, records, &wire);
  ASSERT_TRUE(ParseDataFrame(NextFrame(wire, kLimit).payload, &view));
  EXPECT_EQ(view.kind, DataView::kChunk);
  EXPECT_EQ(view.header.position, 0u);
  EXPECT_EQ(view.header.shard, 2u);
  EXPECT_EQ(view.records, records);
}

TEST(Frame, EverySplitOfTheStreamDecodesAlike) {
  std::string wire;
  for (const Frame& frame : ControlFrames()) AppendFrame(frame, &wire);
  AppendBatchFrame({9, 1, 2}, Encode(ThreeRecords()), &wire);
  for (size_t split = 0; split <= wire.size(); ++split) {
    size_t begin = 0, frames = 0;
    for (const size_t end : {split, wire.size()}) {
      while (begin < end) {
        const absl::string_view input = absl::string_view(wire).substr(begin, end - begin);
        const FrameStep step = NextFrame(input, kLimit);
        ASSERT_NE(step.outcome, FrameOutcome::kBad);
        if (step.outcome == FrameOutcome::kNeedMore) {
          // Never less than is there, never beyond this frame.
          ASSERT_GT(step.wanted, input.size());
          ASSERT_LE(step.wanted, wire.size() - begin);
          break;
        }
        begin += step.consumed;
        ++frames;
      }
    }
    EXPECT_EQ(begin, wire.size());
    EXPECT_EQ(frames, ControlFrames().size() + 1);
  }
}

TEST(Frame, RefusesLengthBeyondTheLimitFromItsFourBytes) {
  EXPECT_EQ(NextFrame(Bytes({0x01, 0x10, 0, 0}), 4096).outcome, FrameOutcome::kBad);
  EXPECT_EQ(NextFrame(Bytes({0xff, 0xff, 0xff, 0xff}), kLimit).outcome, FrameOutcome::kBad);
  const FrameStep at_limit = NextFrame(Bytes({0x00, 0x10, 0, 0}), 4096);
  EXPECT_EQ(at_limit.outcome, FrameOutcome::kNeedMore);
  EXPECT_EQ(at_limit.wanted, kFrameHeaderBytes + 4096);
}

TEST(Frame, RefusesLengthZero) {
  EXPECT_EQ(NextFrame(Bytes({0, 0, 0, 0}), kLimit).outcome, FrameOutcome::kBad);
}

TEST(Frame, AsksForTheHeaderUntilTheLengthIsThere) {
  for (size_t bytes = 0; bytes < 4; ++bytes) {
    const FrameStep step = NextFrame(std::string(bytes, '\0'), kLimit);
    EXPECT_EQ(step.outcome, FrameOutcome::kNeedMore);
    EXPECT_EQ(step.wanted, kFrameHeaderBytes);
  }
}

TEST(Frame, RefusesStrangersAtOnce) {
  for (const char* text : {"GET / HTTP/1.1\r\n", "get key\r\n", "set k 0 0 1\r\n", "stats\r\n"}) {
    const FrameStep step = NextFrame(text, kLimit);
    EXPECT_EQ(step.outcome, FrameOutcome::kBad) << text;
    EXPECT_STRNE(step.error, "");
  }
}

TEST(Frame, RefusesEveryFlippedBit) {
  std::string wire;
  AppendBatchFrame({9, 1, 2}, Encode({PutRecord("key", "value")}), &wire);
  for (size_t bit = 32; bit < wire.size() * 8; ++bit) {
    std::string flipped = wire;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_EQ(NextFrame(flipped, kLimit).outcome, FrameOutcome::kBad) << bit;
  }
}

TEST(DataFrame, RefusesEveryTruncation) {
  const std::string payload = BatchFrame(300, 1, 2).SerializeAsString();
  DataView view;
  ASSERT_TRUE(ParseDataFrame(payload, &view));
  for (size_t bytes = 0; bytes < payload.size(); ++bytes) {
    EXPECT_FALSE(ParseDataFrame(absl::string_view(payload).substr(0, bytes), &view)) << bytes;
  }
}

TEST(DataFrame, RefusesWhatTheEncoderNeverWrites) {
  const std::vector<std::string> payloads = {
      "",
      Bytes({0x1a, 2, 0x08, 5, 0x22, 0}),                    // a second field behind the batch
      Bytes({0x38, 0}),                                      // field 7, but a number
      Bytes({0x02, 0}),                                      // field 0
      Bytes({0x1a, 4, 0x10, 1, 0x08, 5}),                    // shard before position
      Bytes({0x1a, 4, 0x08, 5, 0x08, 6}),                    // position twice
      Bytes({0x1a, 2, 0x20, 1}),                             // an unknown field
      Bytes({0x1a, 3, 0x08, 5}),                             // longer than the payload
      Bytes({0x1a, 1, 0x08, 5}),                             // shorter
      Bytes({0x1a, 6, 0x10, 0xff, 0xff, 0xff, 0xff, 0x1f}),  // a shard over 32 bits
      Bytes({0x1a, 3, 0x08, 0x80, 0x80}),                    // a number without its end
      Bytes({0x1a, 11, 0x08, 255, 255, 255, 255, 255, 255, 255, 255, 255, 2}),  // over 64 bits
      Bytes({0x9a, 0x80, 0x80, 0x80, 0x80, 0x00, 0}),  // a tag of six bytes
      Bytes({0x22, 2, 0x18, 1}),                       // a chunk has no field 3
  };
  for (const std::string& payload : payloads) {
    DataView view;
    EXPECT_FALSE(ParseDataFrame(payload, &view)) << testing::PrintToString(payload);
  }
}

TEST(DataFrame, LeavesOtherAndUnknownKindsToTheCaller) {
  DataView view;
  EXPECT_TRUE(ParseDataFrame(Bytes({0x3a, 0}), &view));  // InSync
  EXPECT_EQ(view.kind, DataView::kOther);
  EXPECT_TRUE(ParseDataFrame(Bytes({0xf2, 0x3f, 1, 7}), &view));  // field 1022
  EXPECT_EQ(view.kind, DataView::kOther);
}

TEST(NextRecord, YieldsEveryRecordInOrder) {
  const std::vector<Record> records = ThreeRecords();
  const std::string encoded = Encode(records);
  absl::string_view rest = encoded, one;
  for (const Record& record : records) {
    ASSERT_TRUE(NextRecord(&rest, &one));
    EXPECT_EQ(one, record.SerializeAsString());
  }
  EXPECT_FALSE(NextRecord(&rest, &one));
  EXPECT_TRUE(rest.empty());
}

TEST(NextRecord, StopsInFrontOfWhatIsMalformed) {
  const std::vector<std::string> malformed = {
      Bytes({0x10, 1}),  // a header field behind records
      Bytes({0x7a}),
      Bytes({0x7a, 1}),
      Bytes({0x7b, 0}),
      Bytes({0x7a, 0xff, 0xff, 0xff, 0xff, 0x7f}),
      Bytes({0x7a, 0x81, 0x80, 0x80, 0x80, 0x80, 0x00, 0x00})};
  for (const std::string& bad : malformed) {
    const std::string encoded = Encode({RemoveRecord("key")}) + bad;
    absl::string_view rest = encoded, one;
    ASSERT_TRUE(NextRecord(&rest, &one));
    EXPECT_FALSE(NextRecord(&rest, &one));
    EXPECT_EQ(rest, bad);
  }
}

TEST(KeyOfRecord, IsTheKeyOfWhatChangesOneItem) {
  Record touch, flush, answer;
  touch.mutable_touch()->set_key("touched");
  touch.mutable_answer()->set_number(5);
  flush.mutable_flush()->set_slots(1);
  answer.mutable_answer()->set_value("value");
  EXPECT_EQ(KeyOfRecord(PutRecord("key", "value").SerializeAsString()), "key");
  EXPECT_EQ(KeyOfRecord(RemoveRecord("removed").SerializeAsString()), "removed");
  EXPECT_EQ(KeyOfRecord(touch.SerializeAsString()), "touched");
  EXPECT_EQ(KeyOfRecord(flush.SerializeAsString()), "");
  EXPECT_EQ(KeyOfRecord(answer.SerializeAsString()), "");
}

TEST(KeyOfRecord, IsEmptyForWhatIsCutOff) {
  const std::string put = PutRecord("key", "value").SerializeAsString();
  for (size_t bytes = 0; bytes < put.size(); ++bytes) {
    EXPECT_EQ(KeyOfRecord(absl::string_view(put).substr(0, bytes)), "");
  }
}

TEST(CountPuts, CountsItemsAndTheirKeysAndValues) {
  Record delayed_flush;
  delayed_flush.mutable_delayed_flush()->set_at_ms(5);
  const PutTotals totals = CountPuts(
      Encode({PutRecord("key", std::string(300, 'v')), delayed_flush, PutRecord("k", "")}));
  EXPECT_EQ(totals.items, 2u);
  EXPECT_EQ(totals.bytes, 304u);
  EXPECT_EQ(CountPuts("").items, 0u);
}

}  // namespace
}  // namespace twincached::replication
