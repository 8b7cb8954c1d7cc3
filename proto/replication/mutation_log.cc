#include "proto/replication/mutation_log.h"

#include <deque>

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

struct Entry {
  char* frame;
  uint32_t bytes;
  bool in_block;  // else `frame` was allocated alone
};
static_assert(sizeof(Entry) == MutationLog::kFrameOverheadBytes);

}  // namespace

// Frames in blocks leave in the order in which they came, so the oldest is always in the first
// block.
struct MutationLog::State {
  explicit State(size_t max) : bytes_max(max) {}
  ~State() { DropAll(); }

  char* Allocate(size_t frame_bytes);
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
  // One block that was emptied, so that a window that slides takes and returns no memory.
  std::unique_ptr<char[]> spare;
};

// Memory for the next frame, in the last block or alone.
char* MutationLog::State::Allocate(size_t frame_bytes) {
  if (frame_bytes > kFrameInBlockBytesMax) return new char[frame_bytes];
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
  if (!entry.in_block) {
    delete[] entry.frame;
    return;
  }
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
  DCHECK(keeping || (entries.empty() && blocks.empty() && spare == nullptr));
}

MutationLog::MutationLog(size_t bytes_max) : state_(std::make_unique<State>(bytes_max)) {}

MutationLog::~MutationLog() = default;

uint64_t MutationLog::Append(uint32_t shard, uint32_t shard_count, absl::string_view records) {
  State& state = *state_;
  const uint64_t position = ++state.end;
  if (!state.keeping) {
    state.begin = position;
    return position;
  }
  const BatchHeader header{position, shard, shard_count};
  const size_t frame_bytes = BatchFrameBytes(header, records.size());
  // Room first, so that memory never exceeds the bound by this frame.
  const size_t added_bytes = frame_bytes + kFrameOverheadBytes;
  while (!state.entries.empty() && state.bytes + added_bytes > state.bytes_max) state.DropOldest();
  char* const frame = state.Allocate(frame_bytes);
  WriteBatchFrame(header, records, frame);
  state.entries.push_back(
      {frame, static_cast<uint32_t>(frame_bytes), frame_bytes <= kFrameInBlockBytesMax});
  state.bytes += added_bytes;
  state.DCheckInvariants();
  return position;
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

}  // namespace twincached::replication
