// ShardDriver: a shard under measured operations, as a STORE would call it.
//
// What it is: owner of one deciding shard and of its records; executes gets and sets in batches and
// maintenance when a STORE would (actors/store.cc), has a WARMER touch memory ahead, and gives
// every single call's thread CPU time to a Phase. What it is not: a workload; it is told what to
// do. Used on one thread. Bounds: kBatchMax commands wait; records are taken away behind each
// batch.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include "actors/interfaces.h"
#include "storage/record_writer.h"
#include "storage/shard.h"
#include "tests/bench/shard/operation_recorder.h"
#include "tests/bench/shard/storage_cases.h"
#include "tests/bench/shard/thread_clock.h"

namespace twincached::bench {

enum class Call : uint8_t { kGet, kSet, kMaintain, kFlush, kSetLimit };
constexpr size_t kCallKinds = 5;
const char* NameOf(Call call);

// One part of a workload: what its calls cost, and how the shard was at its end.
struct Phase {
  Phase(std::string phase_name, uint64_t limit_ns)
      : name(std::move(phase_name)), recorders(kCallKinds, OperationRecorder(limit_ns)) {}

  OperationRecorder& of(Call call) { return recorders[static_cast<size_t>(call)]; }
  const OperationRecorder& of(Call call) const { return recorders[static_cast<size_t>(call)]; }

  std::string name;
  std::vector<OperationRecorder> recorders;
  uint64_t virtual_ms = 0;  // of the stream clock
  ShardStats stats;         // counters: of this phase
  size_t memory_bytes_max = 0;
  uint64_t resident_bytes = 0;  // more than before the shard
};

class ShardDriver {
 public:
  // With `clock_ns` every operation is taken to be shorter than it was measured.
  ShardDriver(const StorageCase& setup, size_t memory_bytes_max, uint64_t clock_ns);
  ~ShardDriver();

  // ---- Calls; nothing is returned, because they wait for a batch to be full ----
  void Get(uint64_t key);
  void Set(uint64_t key, size_t value_bytes, int64_t expiry_ms = kNever);
  void Flush();
  void SetLimit(size_t memory_bytes_max);
  // Executes what waits, then maintains what is due at the next millisecond.
  void Tick() { TickTo(now_ms_ + 1); }
  void TickTo(int64_t now_ms);
  void Finish();  // executes what waits

  // ---- Phases ----
  // What is called from here on counts in it, until the next one; nullptr: nowhere. The phase must
  // outlive that.
  void Begin(Phase* phase);
  // Executes what waits and completes the phase.
  void End();

  int64_t now_ms() const { return now_ms_; }
  ShardStats stats() const { return shard_.stats(); }
  size_t memory_bytes_max() const { return memory_bytes_max_; }

 private:
  static constexpr size_t kBatchMax = 64;

  struct Step {
    Call call = Call::kGet;
    std::array<char, kStorageKeyBytes> key;
    Command command;
    size_t memory_bytes_max = 0;
  };

  Step& Add(Call call);
  void SetKey(uint64_t key, Step* step);
  void RunBatch();
  void Execute(const Step& step);
  void RecordBatch(const ThreadUsage& before, const ThreadUsage& after);
  void TakeChanges();
  void HandOverColdMemory();
  void ArmMaintenance(int64_t delay_ms);

  // Fixed at construction.
  const uint64_t clock_ns_;
  const uint64_t resident_bytes_before_;
  const std::string value_;

  // Owned here.
  caf::actor_system_config system_config_;
  caf::actor_system system_{system_config_};
  warmer_actor warmer_;
  size_t memory_bytes_max_;
  Shard shard_;
  RecordWriter records_;
  std::vector<Step> steps_;
  size_t step_count_ = 0;
  std::vector<Moment> moments_;  // before the first step, then behind each
  int64_t now_ms_;
  int64_t maintain_at_ms_ = kNever;
  int64_t wanted_ms_ = kNever;  // by the last Maintain

  // Borrowed.
  Phase* phase_ = nullptr;
  int64_t phase_begin_ms_ = 0;
};

}  // namespace twincached::bench
