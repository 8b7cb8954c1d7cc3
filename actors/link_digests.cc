#include "actors/link_digests.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace twincached {

using replication::DigestSource;
using replication::Frame;
using replication::SlotList;

namespace {

constexpr char kNotInSync[] = "SERVER_ERROR no slave in sync\r\n";

uint64_t CountOf(uint64_t slots) { return static_cast<uint64_t>(__builtin_popcountll(slots)); }

std::string VerdictOf(uint64_t equal, uint64_t different, uint64_t position) {
  if (different == 0) {
    return absl::StrCat("OK ", CountOf(equal), " slots equal at position ", position, "\r\n");
  }
  return absl::StrCat("MISMATCH slots=", SlotList(different), " position=", position, "\r\n");
}

}  // namespace

// Whoever was in sync is no more, or has another role: what was under way is not finished.
void LinkDigests::Begin(Side side) {
  if (side_ != Side::kOut) {
    FailAll();
    source_ = DigestSource(source_.next_round());
    target_ = replication::DigestTarget(target_.given_up());
    work_.frames.clear();
  }
  side_ = side;
}

void LinkDigests::FailAll() {
  if (commands_.empty() && asked_here_.empty() && asked_there_.empty()) return;
  for (const ClientToken& client : std::exchange(commands_, {})) {
    work_.answers.push_back({client, kNotInSync});
  }
  for (const auto& asked : std::exchange(asked_here_, {})) {
    work_.answers.push_back({asked.second, kNotInSync});
  }
  for (const ClientToken& client : std::exchange(asked_there_, {})) {
    work_.answers.push_back({client, kNotInSync});
  }
}

void LinkDigests::Count(uint64_t equal, uint64_t different, uint64_t repaired, uint64_t position) {
  stats_->digests_compared += CountOf(equal | different);
  stats_->digest_mismatches += CountOf(different);
  stats_->slots_repaired += CountOf(repaired);
  stats_->last_digest_position = position;
}

// ---------------------------------------------------------------- what happens

void LinkDigests::OnFrame(const Frame& frame) {
  if (frame.has_digest_result()) {
    source_.OnResult(frame.digest_result());
  } else if (frame.has_verify()) {
    source_.Ask(kPeer);
  } else if (frame.has_verify_answer() && !asked_there_.empty()) {
    const replication::VerifyAnswer& answer = frame.verify_answer();
    work_.answers.push_back(
        {asked_there_.front(), VerdictOf(answer.equal(), answer.different(), answer.position())});
    asked_there_.pop_front();
  }
}

absl::Status LinkDigests::OnCompared(const replication::DigestResult& result) {
  uint64_t repaired = 0;
  const absl::Status status = target_.OnCompared(result, &repaired);
  Count(result.equal(), result.different(), repaired, result.position());
  if (result.different() != 0) {
    work_.warnings.push_back(absl::StrCat("slots ", SlotList(result.different()),
                                          " differ from the master's at position ",
                                          result.position()));
  }
  work_.frames.emplace_back();
  *work_.frames.back().mutable_digest_result() = result;
  return status;
}

// ---------------------------------------------------------------- what to do

bool LinkDigests::TakeWork(Side side, bool stream_free, int64_t now_ms, DigestWork* work) {
  if (side != side_) Begin(side);
  if (side == Side::kOut) {
    FailAll();
  } else {
    AskAs(side);
    if (side == Side::kSource) DriveSource(stream_free, now_ms);
  }
  if (work_.empty()) return false;
  *work = std::exchange(work_, {});
  return true;
}

void LinkDigests::AskAs(Side side) {
  if (commands_.empty()) return;
  for (const ClientToken& client : std::exchange(commands_, {})) {
    if (side == Side::kSource) {
      source_.Ask(next_asker_);
      asked_here_.emplace(next_asker_++, client);
    } else {
      work_.frames.emplace_back();
      work_.frames.back().mutable_verify();
      asked_there_.push_back(client);
    }
  }
}

void LinkDigests::DriveSource(bool stream_free, int64_t now_ms) {
  DigestSource::Outcome outcome;
  if (source_.TakeOutcome(&outcome)) TellOutcome(outcome);
  uint64_t value = 0;
  if (source_.TakeRound(now_ms, &value)) {
    work_.every_store.push_back({StoreOrder::kMakeDigest, value});
  }
  if (stream_free && source_.TakeRepair(&value)) {
    work_.store_of_hash.push_back({StoreOrder::kMakeRepair, value});
  }
}

void LinkDigests::TellOutcome(const DigestSource::Outcome& outcome) {
  Count(outcome.equal, outcome.different, outcome.repaired, outcome.position);
  const uint64_t repairing = outcome.different & ~outcome.beyond;
  if (repairing != 0) {
    work_.warnings.push_back(absl::StrCat("slots ", SlotList(repairing),
                                          " differ on the slave at position ", outcome.position,
                                          ": sending them again"));
  }
  if (outcome.beyond != 0) {
    work_.warnings.push_back(absl::StrCat("slots ", SlotList(outcome.beyond),
                                          " differ on the slave at position ", outcome.position,
                                          " although they were sent again"));
  }
  if (outcome.repaired != 0) {
    work_.warnings.push_back(absl::StrCat("slots ", SlotList(outcome.repaired),
                                          " are equal again at position ", outcome.position));
  }
  for (const uint64_t asker : outcome.askers) {
    if (asker == kPeer) {
      work_.frames.emplace_back();
      replication::VerifyAnswer* answer = work_.frames.back().mutable_verify_answer();
      answer->set_equal(outcome.equal);
      answer->set_different(outcome.different);
      answer->set_position(outcome.position);
      continue;
    }
    const auto found = asked_here_.find(asker);
    if (found == asked_here_.end()) continue;
    work_.answers.push_back(
        {found->second, VerdictOf(outcome.equal, outcome.different, outcome.position)});
    asked_here_.erase(found);
  }
}

}  // namespace twincached
