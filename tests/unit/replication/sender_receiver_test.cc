// A Sender and a Receiver with small models of everything around them: STOREs on both sides, their
// mailboxes, and a link that delivers any number of bytes at a time and is cut at random places.

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "proto/replication/frame.h"
#include "proto/replication/mutation_log.h"
#include "proto/replication/receiver.h"
#include "proto/replication/sender.h"
#include "tests/unit/replication/string_output.h"

namespace twincached::replication {
namespace {

constexpr int kKeys = 40;
constexpr size_t kFrameLimit = 1u << 20;

// What happened to a key. A version stands for the value and is never used twice.
struct Change {
  int key;
  uint64_t version;
  bool removed;
};

void AppendRecord(const Change& change, std::string* records) {
  Batch batch;
  Record* const record = batch.add_records();
  const std::string key = std::to_string(change.key);
  if (change.removed) {
    record->mutable_remove()->set_key(key);
  } else {
    record->mutable_put()->set_key(key);
    record->mutable_put()->set_value(std::string(change.version % 200, 'v'));
  }
  record->mutable_answer()->set_number(change.version);
  records->append(batch.SerializeAsString());
}

Change ParseChange(absl::string_view encoded) {
  Record record;
  EXPECT_TRUE(record.ParseFromArray(encoded.data(), static_cast<int>(encoded.size())));
  const bool removed = record.has_remove();
  const std::string& key = removed ? record.remove().key() : record.put().key();
  return {std::stoi(key), record.answer().number(), removed};
}

using Items = std::map<int, uint64_t>;  // key to version

void Apply(const Change& change, Items* items) {
  if (change.removed) {
    items->erase(change.key);
  } else {
    (*items)[change.key] = change.version;
  }
}

// ---------------------------------------------------------------- the source
// The source's STOREs, their mail to the LINK, and the LINK's log and Sender.
class Source {
 public:
  Source(uint32_t shard_count, size_t log_bytes)
      : log_(log_bytes), outboxes_(shard_count), cursors_(shard_count) {
    log_.SetKeeping(true);
  }

  void Change1To3(std::mt19937* random) {
    const uint32_t shard = (*random)() % shard_count();
    Mail mail;
    for (uint32_t i = 0; i <= (*random)() % 3; ++i) {
      const int key =
          static_cast<int>((*random)() % (kKeys / shard_count()) * shard_count() + shard);
      mail.changes.push_back({key, ++newest_version_, (*random)() % 4 == 0});
      Apply(mail.changes.back(), &items_);
      AppendRecord(mail.changes.back(), &mail.records);
    }
    outboxes_[shard].push_back(mail);
  }

  // The LINK takes one message of a STORE. False when there was none.
  bool TakeMail(uint32_t shard) {
    if (outboxes_[shard].empty()) return false;
    Mail mail = std::move(outboxes_[shard].front());
    outboxes_[shard].pop_front();
    if (mail.link == 0) {
      log_.Append(shard, shard_count(), mail.records);
      for (const Change& change : mail.changes) Apply(change, &logged_items_);
      history_.push_back(std::move(mail.changes));
    } else if (mail.link == link_) {
      sender_->OnChunk(shard, std::move(mail.records), mail.last);
    }
    return true;
  }

  void PullChunks(std::mt19937* random) {
    for (uint32_t shard : sender_->TakeChunkPulls()) {
      Mail mail;
      mail.link = link_;
      for (uint32_t left = (*random)() % 6; left > 0 && cursors_[shard] < kKeys;
           ++cursors_[shard]) {
        const auto item = items_.find(cursors_[shard]);
        if (item == items_.end() || item->first % shard_count() != shard) continue;
        AppendRecord({item->first, item->second, false}, &mail.records);
        --left;
      }
      mail.last = cursors_[shard] == kKeys;
      outboxes_[shard].push_back(mail);
    }
  }

  void QueueInSync() {
    if (!in_sync_queued_) items_at_in_sync_ = logged_items_;
    in_sync_queued_ = true;
    sender_->QueueInSync();
  }

  // Resumes if that is possible, else begins a snapshot; true then.
  bool Connect(bool resumable, uint64_t position) {
    const SenderLimits limits{1u << 16, 2000, 3};
    ++link_;
    in_sync_queued_ = false;
    sender_ = std::make_unique<Sender>(limits, &log_);
    if (resumable) {
      sender_->StartResume(position);
      if (!sender_->overrun()) return false;
      sender_ = std::make_unique<Sender>(limits, &log_);
    }
    sender_->StartSnapshot(shard_count());
    cursors_.assign(shard_count(), 0);
    return true;
  }

  uint32_t shard_count() const { return static_cast<uint32_t>(outboxes_.size()); }
  Sender* sender() { return sender_.get(); }
  size_t unread_mail() const {
    size_t count = 0;
    for (const auto& outbox : outboxes_) count += outbox.size();
    return count;
  }
  const Items& items() const { return items_; }
  const Items& items_at_in_sync() const { return items_at_in_sync_; }
  // What was given this position.
  const std::vector<Change>& ChangesAt(uint64_t position) const { return history_[position - 1]; }
  uint64_t position() const { return history_.size(); }

 private:
  struct Mail {
    uint32_t link = 0;  // of a chunk
    std::string records;
    bool last = false;
    std::vector<Change> changes;
  };

  MutationLog log_;
  std::unique_ptr<Sender> sender_;
  std::vector<std::deque<Mail>> outboxes_;
  std::vector<int> cursors_;
  Items items_;
  Items logged_items_;
  Items items_at_in_sync_;
  std::vector<std::vector<Change>> history_;
  uint64_t newest_version_ = 0;
  uint32_t link_ = 0;
  bool in_sync_queued_ = false;
};

// ---------------------------------------------------------------- the target
// The target's LINK with its Receiver, and its STOREs, which apply what they are given in any order
// among each other. Checks that no key ever goes back and no batch is applied twice.
class Target {
 public:
  explicit Target(uint32_t shard_count) : inboxes_(shard_count) {}

  void Connect(bool snapshot) {
    const uint64_t position = snapshot ? 0 : receiver_->applied_position();
    const uint64_t first_ticket = receiver_ == nullptr ? 1 : receiver_->next_ticket();
    receiver_ = std::make_unique<Receiver>(shard_count(), position, first_ticket);
    input_.clear();
    complete_ = !snapshot;
    if (!snapshot) return;
    receiver_->ExpectSnapshot();
    items_.clear();
    newest_.clear();
  }

  void Read(absl::string_view bytes) {
    input_.append(bytes.data(), bytes.size());
    for (;;) {
      const FrameStep step = NextFrame(input_, kFrameLimit);
      ASSERT_NE(step.outcome, FrameOutcome::kBad) << step.error;
      if (step.outcome == FrameOutcome::kNeedMore) return receiver_->CloseDispatches();
      TakeFrame(step.payload);
      input_.erase(0, step.consumed);
    }
  }

  // One STORE applies one frame. False when it had none.
  bool ApplyOne(uint32_t shard) {
    if (inboxes_[shard].empty()) return false;
    const Work work = std::move(inboxes_[shard].front());
    inboxes_[shard].pop_front();
    for (const Part& part : work.parts) {
      absl::string_view records = part.records, encoded;
      while (NextRecord(&records, &encoded))
        ApplyRecord(shard, part.from_batch, ParseChange(encoded));
      EXPECT_TRUE(records.empty());
    }
    receiver_->OnApplied(work.ticket);
    if (receiver_->TakeLoadingDone()) complete_ = true;
    return true;
  }

  uint32_t shard_count() const { return static_cast<uint32_t>(inboxes_.size()); }
  Receiver* receiver() { return receiver_.get(); }
  const Items& items() const { return items_; }
  // Holds a whole copy, old as it may be: the link can resume.
  bool complete() const { return complete_; }
  uint64_t NewestVersion(int key) { return newest_[key]; }
  uint64_t batch_records_applied() const { return batch_records_applied_; }

 private:
  struct Part {
    bool from_batch;
    std::string records;
  };
  struct Work {
    uint64_t ticket;
    std::vector<Part> parts;
  };

  void TakeFrame(absl::string_view payload) {
    DataView view;
    ASSERT_TRUE(ParseDataFrame(payload, &view));
    if (view.kind == DataView::kOther) {
      Frame frame;
      ASSERT_TRUE(frame.ParseFromArray(payload.data(), static_cast<int>(payload.size())));
      receiver_->CloseDispatches();
      absl::Status status;
      if (frame.has_snapshot_begin()) status = receiver_->OnSnapshotBegin(frame.snapshot_begin());
      if (frame.has_snapshot_end()) status = receiver_->OnSnapshotEnd(frame.snapshot_end());
      if (frame.has_in_sync()) status = receiver_->OnInSync(frame.in_sync());
      ASSERT_TRUE(status.ok()) << status;
      if (receiver_->TakeLoadingDone()) complete_ = true;
      return;
    }
    Dispatch dispatch;
    const absl::Status status = receiver_->OnData(view, &dispatch);
    ASSERT_TRUE(status.ok()) << status;
    ASSERT_TRUE(dispatch.apply) << "nothing is sent twice";
    const Part part{view.kind == DataView::kBatch, std::string(view.records)};
    for (uint32_t shard = 0; shard < shard_count(); ++shard) {
      if (dispatch.shard != shard && dispatch.shard != kEveryShard) continue;
      std::deque<Work>& inbox = inboxes_[shard];
      if (!dispatch.joins) inbox.push_back({dispatch.ticket, {}});
      ASSERT_EQ(inbox.back().ticket, dispatch.ticket);
      inbox.back().parts.push_back(part);
    }
  }

  void ApplyRecord(uint32_t shard, bool from_batch, const Change& change) {
    if (change.key % shard_count() != shard) return;
    uint64_t& newest = newest_[change.key];
    if (from_batch) {
      ++batch_records_applied_;
      EXPECT_GT(change.version, newest) << "applied twice, or out of order";
    } else {
      EXPECT_GE(change.version, newest) << "a chunk takes a key back";
    }
    newest = change.version;
    Apply(change, &items_);
  }

  std::unique_ptr<Receiver> receiver_;
  std::string input_;
  std::vector<std::deque<Work>> inboxes_;
  Items items_;
  std::map<int, uint64_t> newest_;
  bool complete_ = false;
  uint64_t batch_records_applied_ = 0;
};

// ---------------------------------------------------------------- both
struct Setup {
  uint32_t source_shards;
  uint32_t target_shards;
  size_t log_bytes;
};

class World {
 public:
  World(uint32_t seed, const Setup& setup)
      : random_(seed), source_(setup.source_shards, setup.log_bytes), target_(setup.target_shards) {
    Reconnect();
  }

  // One thing happens, somewhere.
  void Step() {
    switch (random_() % 64) {
      case 0:
        return Reconnect();
      case 1:
        return MaybeQueueInSync();
      default:
        break;
    }
    switch (random_() % 8) {
      case 0:
        return source_.Change1To3(&random_);
      case 1:
        return static_cast<void>(source_.TakeMail(random_() % source_.shard_count()));
      case 2:
        return source_.PullChunks(&random_);
      case 3:
        return Drain(random_() % 2000);
      case 4:
        return Deliver(random_() % (wire_.size() + 1));
      case 5:
      case 6:
        return static_cast<void>(target_.ApplyOne(random_() % target_.shard_count()));
      default:
        return Acknowledge();
    }
  }

  // Faults and changes stop: it must come to rest with equal copies.
  void Settle() {
    for (int round = 0; round < 1000 && !AtRest(); ++round) {
      for (uint32_t shard = 0; shard < source_.shard_count(); ++shard) {
        while (source_.TakeMail(shard)) {
        }
      }
      source_.PullChunks(&random_);
      Drain(kFrameLimit);
      Deliver(wire_.size());
      ApplyAll();
      Acknowledge();
      MaybeQueueInSync();
    }
    EXPECT_TRUE(AtRest());
    EXPECT_EQ(source_.sender()->acked_position(), source_.position());
    EXPECT_EQ(target_.items(), source_.items());
  }

  Source& source() { return source_; }
  Target& target() { return target_; }
  int snapshots() const { return snapshots_; }

 private:
  bool AtRest() {
    return source_.sender()->in_sync_acked() && source_.sender()->lag_batches() == 0 &&
           source_.unread_mail() == 0;
  }

  // The link is cut: bytes under way are lost; what STOREs were given they apply (the barrier).
  void Reconnect() {
    wire_.clear();
    acks_.clear();
    ApplyAll();
    const bool resumable = target_.complete();
    const uint64_t position = resumable ? target_.receiver()->applied_position() : 0;
    const bool snapshot = source_.Connect(resumable, position);
    target_.Connect(snapshot);
    checked_position_ = source_.sender()->acked_position();
    if (snapshot) ++snapshots_;
  }

  void Drain(size_t budget) {
    if (source_.sender()->overrun()) return Reconnect();
    std::string out;
    StringOutput output(&out);
    source_.sender()->Drain(budget, &output);
    wire_ += out;
  }

  void Deliver(size_t bytes) {
    target_.Read(absl::string_view(wire_).substr(0, bytes));
    wire_.erase(0, bytes);
  }

  void ApplyAll() {
    for (uint32_t shard = 0; shard < target_.shard_count(); ++shard) {
      while (target_.ApplyOne(shard)) {
      }
    }
  }

  // Acks take their time as well, and those under way are lost with the link.
  void Acknowledge() {
    Ack ack;
    if (target_.receiver()->TakeAck(&ack)) acks_.push_back(ack);
    for (size_t left = random_() % (acks_.size() + 1); left > 0; --left) {
      source_.sender()->OnAck(acks_.front());
      acks_.pop_front();
    }
    CheckAcknowledged();
  }

  void CheckAcknowledged() {
    // Everything acknowledged is there, in every shard.
    for (; checked_position_ < source_.sender()->acked_position(); ++checked_position_) {
      for (const Change& change : source_.ChangesAt(checked_position_ + 1)) {
        EXPECT_GE(target_.NewestVersion(change.key), change.version);
      }
    }
    if (!source_.sender()->in_sync_acked()) return;
    for (const auto& [key, version] : source_.items_at_in_sync()) {
      EXPECT_GE(target_.NewestVersion(key), version) << "in sync without key " << key;
    }
  }

  void MaybeQueueInSync() {
    if (source_.sender()->caught_up()) source_.QueueInSync();
  }

  std::mt19937 random_;
  Source source_;
  Target target_;
  std::string wire_;
  std::deque<Ack> acks_;
  uint64_t checked_position_ = 0;
  int snapshots_ = 0;
};

constexpr size_t kLogForEverything = 64u << 20;
constexpr size_t kLogForFewBatches = 3000;

void RunWorld(uint32_t seed, const Setup& setup, int* snapshots) {
  SCOPED_TRACE(testing::Message() << "seed " << seed << ", " << setup.source_shards << " shards to "
                                  << setup.target_shards << ", log " << setup.log_bytes);
  World world(seed, setup);
  for (int i = 0; i < 3000 && !testing::Test::HasFailure(); ++i) world.Step();
  world.Settle();
  *snapshots += world.snapshots();
}

TEST(SenderReceiver, CopiesAgreeWhateverTheInterleavingAndTheCuts) {
  int snapshots = 0;
  for (uint32_t seed = 0; seed < 6 && !HasFailure(); ++seed) {
    for (uint32_t source_shards : {1, 2, 5}) {
      for (uint32_t target_shards : {1, 2, 4}) {
        RunWorld(seed, {source_shards, target_shards, kLogForEverything}, &snapshots);
      }
    }
  }
}

TEST(SenderReceiver, CopiesAgreeWhenTheLogIsOverrunAgainAndAgain) {
  int snapshots = 0, runs = 0;
  for (uint32_t seed = 100; seed < 110 && !HasFailure(); ++seed) {
    for (uint32_t target_shards : {1, 2, 4}) {
      RunWorld(seed, {2, target_shards, kLogForFewBatches}, &snapshots);
      ++runs;
    }
  }
  EXPECT_GT(snapshots, 3 * runs) << "the log was large enough, nothing was tried";
}

// Without a snapshot in between, the target applies each record of the log once.
TEST(SenderReceiver, ResumedLinksApplyEveryRecordOnce) {
  for (uint32_t seed = 200; seed < 210 && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    World world(seed, {2, seed % 2 + 2, kLogForEverything});
    world.Settle();  // an empty snapshot: from here on only resumes
    const int snapshots = world.snapshots();
    for (int i = 0; i < 5000 && !HasFailure(); ++i) world.Step();
    world.Settle();
    ASSERT_EQ(world.snapshots(), snapshots);
    uint64_t records = 0;
    for (uint64_t position = 1; position <= world.source().position(); ++position) {
      records += world.source().ChangesAt(position).size();
    }
    EXPECT_GT(records, 500u);
    EXPECT_EQ(world.target().batch_records_applied(), records);
  }
}

}  // namespace
}  // namespace twincached::replication
