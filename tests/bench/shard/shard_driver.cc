#include "tests/bench/shard/shard_driver.h"

#include <algorithm>
#include <random>
#include <utility>

#include <caf/send.hpp>

#include "actors/warmer.h"
#include "proto/check.h"
#include "proto/key_hash.h"
#include "tests/bench/process_usage.h"

namespace twincached::bench {
namespace {

constexpr uint64_t kSlotSeed = 0x5eed;
constexpr int64_t kBeginMs = 1'000'000;
// As actors/store.cc has them.
constexpr size_t kItemsPerMaintenance = 2000;
constexpr int64_t kMaintenanceMs = 1000;

ShardOptions OptionsFor(size_t memory_bytes_max) {
  ShardOptions options;
  options.memory_bytes_max = memory_bytes_max;
  options.slot_seed = kSlotSeed;
  return options;
}

std::string RandomBytes(size_t bytes) {
  std::mt19937_64 random(1);
  std::string text(bytes, '\0');
  for (char& byte : text) byte = static_cast<char>(random());
  return text;
}

}  // namespace

const char* NameOf(Call call) {
  switch (call) {
    case Call::kGet:
      return "get";
    case Call::kSet:
      return "set";
    case Call::kMaintain:
      return "Maintain";
    case Call::kFlush:
      return "flush_all";
    case Call::kSetLimit:
      return "SetMemoryBytesMax";
  }
  CHECK(false);
  return "";
}

ShardDriver::ShardDriver(const StorageCase& setup, size_t memory_bytes_max, uint64_t clock_ns)
    : clock_ns_(clock_ns),
      resident_bytes_before_(OwnResidentBytes()),
      value_(RandomBytes(setup.value_bytes_max)),
      warmer_(SpawnWarmer(&system_)),
      memory_bytes_max_(memory_bytes_max),
      shard_(OptionsFor(memory_bytes_max)),
      steps_(kBatchMax),
      moments_(kBatchMax + 1),
      now_ms_(kBeginMs) {
  CHECK_GE(memory_bytes_max, Shard::MemoryBytesMin());
  records_.set_enabled(setup.records);
  shard_.BeginEpoch(1);
  WarmPages(shard_.TakeColdMemory());  // before a server has clients
}

ShardDriver::~ShardDriver() {
  caf::anon_send_exit(warmer_, caf::exit_reason::user_shutdown);
  system_.await_all_actors_done();
}

// ---------------------------------------------------------------- calls

ShardDriver::Step& ShardDriver::Add(Call call) {
  if (step_count_ == kBatchMax) RunBatch();
  Step& step = steps_[step_count_++];
  step.call = call;
  step.command = Command();
  return step;
}

void ShardDriver::SetKey(uint64_t key, Step* step) {
  for (size_t i = kStorageKeyBytes; i > 0; --i, key /= 10) {
    step->key[i - 1] = static_cast<char>('0' + key % 10);
  }
  step->command.key = {step->key.data(), step->key.size()};
  step->command.hash = HashKey(step->command.key, kSlotSeed);
}

void ShardDriver::Get(uint64_t key) {
  Step& step = Add(Call::kGet);
  step.command.op = Op::kGet;
  SetKey(key, &step);
}

void ShardDriver::Set(uint64_t key, size_t value_bytes, int64_t expiry_ms) {
  DCHECK_LE(value_bytes, value_.size());
  Step& step = Add(Call::kSet);
  step.command.op = Op::kSet;
  step.command.expiry_ms = expiry_ms;
  step.command.value = absl::string_view(value_.data(), value_bytes);
  SetKey(key, &step);
}

void ShardDriver::Flush() {
  Finish();
  Add(Call::kFlush).command.op = Op::kFlush;
  Finish();
}

void ShardDriver::SetLimit(size_t memory_bytes_max) {
  Finish();
  Add(Call::kSetLimit).memory_bytes_max = memory_bytes_max;
  memory_bytes_max_ = memory_bytes_max;
  Finish();
}

void ShardDriver::TickTo(int64_t now_ms) {
  Finish();
  now_ms_ = now_ms;
  if (maintain_at_ms_ == kNever || maintain_at_ms_ > now_ms) return;
  maintain_at_ms_ = kNever;
  Add(Call::kMaintain);
  RunBatch();
  if (wanted_ms_ != kNever) ArmMaintenance(std::max<int64_t>(1, wanted_ms_ - now_ms));
}

void ShardDriver::Finish() {
  if (step_count_ > 0) RunBatch();
}

// ---------------------------------------------------------------- phases

void ShardDriver::Begin(Phase* phase) {
  Finish();
  phase_ = phase;
  phase_begin_ms_ = now_ms_;
  shard_.ResetStats();
}

void ShardDriver::End() {
  Finish();
  phase_->virtual_ms = static_cast<uint64_t>(now_ms_ - phase_begin_ms_);
  phase_->stats = shard_.stats();
  phase_->memory_bytes_max = memory_bytes_max_;
  const uint64_t resident_bytes = OwnResidentBytes();
  phase_->resident_bytes = resident_bytes - std::min(resident_bytes, resident_bytes_before_);
  phase_ = nullptr;
}

// ---------------------------------------------------------------- execution

void ShardDriver::RunBatch() {
  const ThreadUsage before = ReadThreadUsage();
  moments_[0] = Now();
  for (size_t i = 0; i < step_count_; ++i) {
    Execute(steps_[i]);
    moments_[i + 1] = Now();
  }
  const ThreadUsage after = ReadThreadUsage();
  if (phase_ != nullptr) RecordBatch(before, after);
  // Something may have come that expires.
  if (records_.count() > 0 && steps_[0].call != Call::kMaintain) ArmMaintenance(kMaintenanceMs);
  step_count_ = 0;
  TakeChanges();
  HandOverColdMemory();
}

void ShardDriver::HandOverColdMemory() {
  const MemoryRange range = shard_.TakeColdMemory();
  if (range.bytes > 0) caf::anon_send(warmer_, ColdMemory{range});
}

void ShardDriver::Execute(const Step& step) {
  switch (step.call) {
    case Call::kMaintain:
      wanted_ms_ = shard_.Maintain(now_ms_, kItemsPerMaintenance, &records_);
      break;
    case Call::kSetLimit:
      shard_.SetMemoryBytesMax(step.memory_bytes_max);
      break;
    default:
      (void)shard_.Execute(step.command, now_ms_, &records_);
  }
}

void ShardDriver::RecordBatch(const ThreadUsage& before, const ThreadUsage& after) {
  for (size_t i = 0; i < step_count_; ++i) {
    Operation operation;
    operation.wall_ns = moments_[i + 1].wall_ns - moments_[i].wall_ns;
    // Whatever happens between the looks at the two clocks is in one of both only.
    const uint64_t cpu_ns =
        std::min(moments_[i + 1].cpu_ns - moments_[i].cpu_ns, operation.wall_ns);
    operation.cpu_ns = cpu_ns - std::min(cpu_ns, clock_ns_);
    operation.minor_faults = after.minor_faults - before.minor_faults;
    operation.preemptions = after.preemptions - before.preemptions;
    phase_->of(steps_[i].call).Record(operation);
  }
}

void ShardDriver::TakeChanges() {
  if (records_.enabled()) {
    (void)records_.TakeBytes();
  } else {
    records_.Clear();
  }
}

void ShardDriver::ArmMaintenance(int64_t delay_ms) {
  if (maintain_at_ms_ == kNever) maintain_at_ms_ = now_ms_ + std::min(delay_ms, kMaintenanceMs);
}

}  // namespace twincached::bench
