#include "proto/replication/mutation_log.h"

#include <algorithm>
#include <deque>
#include <utility>

#include "proto/check.h"

namespace twincached::replication {
namespace {

constexpr size_t kBlockBytes = 256u << 10;
// A larger frame gets memory of its own, so that the end of a block that is left over when the next
// frame does not fit is at most a quarter of it.
constexpr size_t kFrameInBlockBytesMax = kBlockBytes / 4;

// Small frames one behind the other, released as a whole when the last of them goes.
struct Block {
  std::unique_ptr<char[]> memory;
  size_t used = 0;
  size_t frames = 0;
};

// The memory of a large frame.
struct Own {
  uint64_t position;
  std::shared_ptr<std::string> memory;
};

struct Entry {
  const char* frame;
  uint32_t bytes;
  bool in_block;  // else it is in memory of its own
};
static_assert(sizeof(Entry) == MutationLog::kFrameOverheadBytes);

}  // namespace

// Frames leave in the order in which they came, so the oldest is always in the first block or in
// the first memory of its own.
struct MutationLog::State {
  explicit State(size_t max) : bytes_max(max) {}
  ~State() { DropAll(); }

  void MakeRoom(size_t frame_bytes);
  char* Allocate(size_t frame_bytes);
  uint64_t Add(const Entry& entry);
  void DropOldest();
  void DropAll();
  void DropTo(uint64_t position);
  void DCheckInvariants() const;

  // Fixed at construction.
  const size_t bytes_max;

  bool keeping = false;
  uint64_t begin = 0;
  uint64_t end = 0;
  size_t bytes = 0;
  std::deque<Entry> entries;  // of positions begin + 1 to end
  std::deque<Block> blocks;
  std::deque<Own> own;
  // One block that was emptied, so that a window that slides takes and returns no memory.
  std::unique_ptr<char[]> spare;
};

// Before memory is taken, so that it never exceeds the bound by this frame.
void MutationLog::State::MakeRoom(size_t frame_bytes) {
  while (!entries.empty() && bytes + frame_bytes + kFrameOverheadBytes > bytes_max) DropOldest();
}

// Memory for the next frame, in the last block.
char* MutationLog::State::Allocate(size_t frame_bytes) {
  if (blocks.empty() || kBlockBytes - blocks.back().used < frame_bytes) {
    blocks.emplace_back();
    blocks.back().memory =
        spare != nullptr ? std::move(spare) : std::unique_ptr<char[]>(new char[kBlockBytes]);
  }
  Block& block = blocks.back();
  char* const place = block.memory.get() + block.used;
  block.used += frame_bytes;
  ++block.frames;
  DCHECK_LE(block.used, kBlockBytes);
  return place;
}

void MutationLog::State::DropOldest() {
  const Entry entry = entries.front();
  entries.pop_front();
  ++begin;
  bytes -= entry.bytes + kFrameOverheadBytes;
  if (!entry.in_block) return own.pop_front();
  Block& block = blocks.front();
  CHECK_GT(block.frames, 0u);
  if (--block.frames > 0) return;
  if (blocks.size() == 1) {
    block.used = 0;  // the window is empty: write from the start of the block again
    return;
  }
  spare = std::move(block.memory);
  blocks.pop_front();
}

void MutationLog::State::DropTo(uint64_t position) {
  while (begin < position) DropOldest();
}

void MutationLog::State::DropAll() {
  DropTo(end);
  blocks.clear();
  spare.reset();
}

void MutationLog::State::DCheckInvariants() const {
  DCHECK_LE(begin, end);
  DCHECK_EQ(entries.size(), end - begin);
  DCHECK(bytes <= bytes_max || entries.size() == 1);
  DCHECK(!entries.empty() || bytes == 0);
  DCHECK_LE(own.size(), entries.size());
  DCHECK(keeping || (entries.empty() && blocks.empty() && spare == nullptr));
}

MutationLog::MutationLog(size_t bytes_max) : state_(std::make_unique<State>(bytes_max)) {}

MutationLog::~MutationLog() = default;

uint64_t MutationLog::State::Add(const Entry& entry) {
  entries.push_back(entry);
  bytes += entry.bytes + kFrameOverheadBytes;
  ++end;
  DCheckInvariants();
  return end;
}

uint64_t MutationLog::Append(uint32_t shard, uint32_t shard_count, absl::string_view records) {
  State& state = *state_;
  if (!state.keeping) return state.begin = ++state.end;
  const BatchHeader header{state.end + 1, shard, shard_count};
  const size_t frame_bytes = BatchFrameBytes(header, records.size());
  if (frame_bytes > kFrameInBlockBytesMax) {
    std::string memory;
    memory.reserve(kBatchRoomBytes + records.size());
    memory.append(kBatchRoomBytes, '\0').append(records.data(), records.size());
    return Adopt(shard, shard_count, std::move(memory));
  }
  state.MakeRoom(frame_bytes);
  char* const frame = state.Allocate(frame_bytes);
  WriteBatchFrame(header, records, frame);
  return state.Add({frame, static_cast<uint32_t>(frame_bytes), true});
}

uint64_t MutationLog::Adopt(uint32_t shard, uint32_t shard_count, std::string room_and_records) {
  State& state = *state_;
  const size_t records_bytes = room_and_records.size() - kBatchRoomBytes;
  const BatchHeader header{state.end + 1, shard, shard_count};
  const size_t frame_bytes = BatchFrameBytes(header, records_bytes);
  if (!state.keeping || frame_bytes <= kFrameInBlockBytesMax) {
    return Append(shard, shard_count, absl::string_view(room_and_records).substr(kBatchRoomBytes));
  }
  state.MakeRoom(frame_bytes);
  if (room_and_records.capacity() / 4 * 3 > frame_bytes) room_and_records.shrink_to_fit();
  auto memory = std::make_shared<std::string>(std::move(room_and_records));
  CHECK_LE(frame_bytes, memory->size());
  char* const frame = &(*memory)[memory->size() - frame_bytes];
  CompleteBatchFrame(header, records_bytes, frame);
  state.own.push_back({header.position, std::move(memory)});
  return state.Add({frame, static_cast<uint32_t>(frame_bytes), false});
}

void MutationLog::SetKeeping(bool keeping) {
  state_->keeping = keeping;
  if (!keeping) state_->DropAll();
  state_->DCheckInvariants();
}

bool MutationLog::keeping() const { return state_->keeping; }

void MutationLog::Reset(uint64_t position) {
  state_->DropAll();
  state_->begin = state_->end = position;
  state_->DCheckInvariants();
}

void MutationLog::AdvanceTo(uint64_t position) {
  CHECK_GE(position, state_->end);
  if (position > state_->end) Reset(position);
}

void MutationLog::TrimTo(uint64_t position) {
  CHECK_LE(position, state_->end);
  state_->DropTo(position);
  state_->DCheckInvariants();
}

uint64_t MutationLog::begin() const { return state_->begin; }

uint64_t MutationLog::end() const { return state_->end; }

size_t MutationLog::bytes() const { return state_->bytes; }

size_t MutationLog::bytes_max() const { return state_->bytes_max; }

absl::string_view MutationLog::FrameAt(uint64_t position) const {
  CHECK_GT(position, state_->begin);
  CHECK_LE(position, state_->end);
  const Entry& entry = state_->entries[position - state_->begin - 1];
  return absl::string_view(entry.frame, entry.bytes);
}

std::shared_ptr<const void> MutationLog::OwnerAt(uint64_t position) const {
  const auto found = std::lower_bound(
      state_->own.begin(), state_->own.end(), position,
      [](const Own& own, uint64_t at) { return own.position < at; });
  if (found == state_->own.end() || found->position != position) return nullptr;
  return found->memory;
}

}  // namespace twincached::replication
