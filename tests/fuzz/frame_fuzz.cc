// Any bytes either decode exactly or are refused (frame.h, invariants 1 to 3; key_effect.h). The
// input is taken as a stream of frames, as a payload whose checksum is right, and as a record.

#include <google/protobuf/io/coded_stream.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "proto/check.h"
#include "proto/replication/frame.h"
#include "proto/replication/key_effect.h"
#include "proto/replication/replication.pb.h"

namespace twincached::replication {
namespace {

constexpr size_t kLimit = 4096;

template <typename Message>
bool Parse(absl::string_view bytes, Message* message) {
  google::protobuf::io::CodedInputStream input(reinterpret_cast<const uint8_t*>(bytes.data()),
                                               static_cast<int>(bytes.size()));
  // A record may be as deep alone as in its frame, where it is two levels down.
  input.SetRecursionLimit(200);
  return message->ParseFromCodedStream(&input) && input.ConsumedEntireMessage();
}

void CheckStream(absl::string_view stream) {
  for (;;) {
    const FrameStep step = NextFrame(stream, kLimit);
    if (step.outcome == FrameOutcome::kBad) {
      CHECK(*step.error != '\0');
      return;
    }
    if (step.outcome == FrameOutcome::kNeedMore) {
      CHECK_GT(step.wanted, stream.size());
      CHECK_LE(step.wanted, kFrameHeaderBytes + kLimit);
      return;
    }
    CHECK_EQ(step.consumed, kFrameHeaderBytes + step.payload.size());
    CHECK_LE(step.consumed, stream.size());
    CHECK(step.payload.data() == stream.data() + kFrameHeaderBytes);
    stream.remove_prefix(step.consumed);
  }
}

// The same as protobuf sees it.
template <typename Data>
void CheckRecords(const Data& data, const std::vector<Record>& records) {
  CHECK_EQ(static_cast<size_t>(data.records_size()), records.size());
  for (int i = 0; i < data.records_size(); ++i) {
    CHECK(data.records(i).SerializeAsString() ==
          records[static_cast<size_t>(i)].SerializeAsString());
  }
}

// What is read by hand is what protobuf parses.
void CheckKeyEffect(absl::string_view encoded) {
  KeyEffect effect, parsed;
  if (!ReadKeyEffect(encoded, &effect)) return;
  Record record;
  CHECK(Parse(encoded, &record));
  CHECK(!record.has_answer());
  CHECK(KeyEffectOf(record, &parsed));
  CHECK(effect == parsed);
}

// False when one of them is malformed.
bool ParseRecords(absl::string_view encoded, std::vector<Record>* records) {
  absl::string_view one;
  while (NextRecord(&encoded, &one)) {
    CheckKeyEffect(one);
    records->emplace_back();
    if (!Parse(one, &records->back())) return false;
  }
  return encoded.empty();
}

// What was decoded is encoded again, and must be decoded alike.
void CheckEncodedAgain(const DataView& view) {
  std::string wire;
  if (view.kind == DataView::kBatch) {
    AppendBatchFrame(view.header, view.records, &wire);
    CHECK_EQ(wire.size(), BatchFrameBytes(view.header, view.records.size()));
  } else {
    AppendChunkFrame(view.header.shard, view.header.shard_count, view.records, &wire);
  }
  DataView again;
  CHECK(ParseDataFrame(NextFrame(wire, wire.size()).payload, &again));
  CHECK(again.kind == view.kind && again.header.position == view.header.position &&
        again.header.shard == view.header.shard &&
        again.header.shard_count == view.header.shard_count && again.records == view.records);
}

void CheckDataView(const DataView& view, absl::string_view payload) {
  CheckEncodedAgain(view);
  std::vector<Record> records;
  if (!ParseRecords(view.records, &records)) return;
  Frame frame;
  CHECK(Parse(payload, &frame));
  if (view.kind == DataView::kBatch) {
    CHECK(frame.has_batch());
    CHECK_EQ(frame.batch().position(), view.header.position);
    CHECK_EQ(frame.batch().shard(), view.header.shard);
    CHECK_EQ(frame.batch().shard_count(), view.header.shard_count);
    CheckRecords(frame.batch(), records);
  } else {
    CHECK(frame.has_chunk());
    CHECK_EQ(frame.chunk().shard(), view.header.shard);
    CHECK_EQ(frame.chunk().shard_count(), view.header.shard_count);
    CheckRecords(frame.chunk(), records);
  }
}

void CheckPayload(absl::string_view payload) {
  DataView view;
  const bool accepted = ParseDataFrame(payload, &view);
  Frame frame;
  const bool parsed = Parse(payload, &frame);
  if (accepted && view.kind == DataView::kOther) CHECK(!frame.has_batch() && !frame.has_chunk());
  if (accepted && view.kind != DataView::kOther) CheckDataView(view, payload);
  if (!parsed || frame.kind_case() == Frame::KIND_NOT_SET) return;
  // Whatever a Frame is, its own encoding goes through.
  frame.DiscardUnknownFields();
  if (frame.ByteSizeLong() == 0) return;
  std::string wire;
  AppendFrame(frame, &wire);
  const FrameStep step = NextFrame(wire, wire.size());
  CHECK(step.outcome == FrameOutcome::kFrame);
  CHECK(step.payload == frame.SerializeAsString());
  if (payload == step.payload) CHECK(accepted);
}

}  // namespace
}  // namespace twincached::replication

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view input(reinterpret_cast<const char*>(data), size);
  twincached::replication::CheckStream(input);
  twincached::replication::CheckPayload(input);
  twincached::replication::CheckKeyEffect(input);
  return 0;
}
