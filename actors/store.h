// The STORE: owns one shard and executes every command on it, in the order in which batches arrive.
//
// One per core; it runs on whichever core brings it mail (roaming.h), one at a time. The only actor
// that touches items. Encodes each change once; the bytes go
// to the LINK untouched. Bounds: those of its Shard; it keeps no queue of its own.
//
// Invariants:
// 1. Executes only while it decides, applies only while it follows (see StoreOrder); a batch that
// comes in the wrong
//    mode is answered `refused`, unexecuted.
// 2. While recording, every batch that changed something goes to the LINK before its replies go to
// the LISTENER.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "actors/hold_ledger.h"
#include "actors/interfaces.h"
#include "actors/roaming.h"
#include "proto/key_hash.h"
#include "proto/limits.h"
#include "storage/record_applier.h"
#include "storage/record_writer.h"
#include "storage/shard.h"

namespace twincached {

struct StoreOptions {
  ShardOptions shard;
  int64_t clock_offset_ms = 0;                         // stream clock at start: the wall clock
  size_t batch_value_bytes_max = kBatchValueBytesMax;  // tests set less
};

class StoreActor final : public roaming<store_actor> {
 public:
  StoreActor(caf::actor_config& config, CoreUnit* unit, const StoreOptions& options);

  const char* name() const override { return "STORE"; }
  // For the simulator, which reads it between iterations.
  const Shard& shard() const { return shard_; }
  void on_exit() override {
    roaming::on_exit();
    wiring_.reset();
  }

 protected:
  behavior_type make_behavior() override;

 private:
  int64_t NowMs() const;

  void OnCommands(const CommandBatchPtr& batch);
  void ExecuteAll(CommandBatch* batch);
  void ReadAll(CommandBatch* batch);
  void PrefetchFor(const CommandBatch& batch, size_t i) const;
  bool IsFull(const CommandBatch& batch) const;
  void KeepReply(const Command& command, const Reply& reply, uint64_t hold_seq,
                 CommandBatch* batch);
  bool PinLast(const Command& command, CommandBatch* batch);
  void AnswerBatch(const CommandBatchPtr& batch);
  void HandOverChangesOf(CommandBatch* batch);
  void HandOverChanges();
  void TellUnrecorded();
  std::shared_ptr<MutationBatch> MakeBatch(uint32_t changes) const;
  void HandOverColdMemory();

  bool Owns(uint64_t hash) const {
    return ShardOfSlot(SlotOf(hash), options_.shard.shard_count) == options_.shard.shard_index;
  }
  void OnApply(const ApplyBatch& batch);
  void ApplyAll(const ApplyBatch& batch, absl::string_view records, Applied* applied);
  void ApplyPlaced(const ApplyBatch& batch, Applied* applied);

  void OnOrder(const StoreOrder& order);
  void TellShed();
  void SendNextChunk(size_t bytes_max);
  void SendDigest(uint64_t round);
  void SendRepair(uint64_t first_hash);
  void SetDeciding(bool decides);
  void Maintain();
  void ArmMaintenance(int64_t delay_ms);

  const StoreOptions options_;
  Shard shard_;
  RecordWriter records_{replication::kBatchRoomBytes};
  HoldLedger ledger_;
  RecordApplier applier_{&shard_, options_.shard.shard_index == 0};
  WiringPtr wiring_;
  bool decides_ = false;
  bool takes_writes_ = true;
  uint32_t unrecorded_changes_ = 0;  // that the LINK has not heard of
  bool told_unrecorded_ = false;     // it has heard of some since the last order
  uint64_t slot_seed_ = 0;
  int64_t clock_offset_ms_;
  bool maintenance_armed_ = false;
  uint64_t maintenance_round_ = 0;  // a timer of an earlier one means nothing any more
};

}  // namespace twincached
