#include "tests/bench/replay/trace_player.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "proto/check.h"
#include "tests/bench/reply_scan.h"

namespace twincached::bench {
namespace {

bool Fail(const TargetConnection& link, absl::string_view what, std::string* error) {
  *error = absl::StrCat(link.address().ToString(), ": ", what);
  return false;
}

// In lock step nothing can come behind an answer.
bool CheckNothingIsLeft(const TargetConnection& link, std::string* error) {
  return link.input().empty() || Fail(link, "bytes that nobody asked for", error);
}

}  // namespace

TracePlayer::TracePlayer(const std::vector<TargetAddress>& targets, int timeout_ms) {
  for (const TargetAddress& address : targets) {
    targets_.push_back(std::make_unique<Target>(address, timeout_ms));
  }
}

bool TracePlayer::Connect(std::string* error) {
  return std::all_of(targets_.begin(), targets_.end(),
                     [error](auto& target) { return target->link.Connect(error); });
}

bool TracePlayer::Play(TraceSource* source, const PlayLength& length, std::string* error) {
  CHECK_LE(length.warm_up, length.requests);
  uint64_t played = 0;
  while (played < length.requests) {
    const bool counted = played >= length.warm_up;
    const uint64_t end = counted ? length.requests : length.warm_up;
    batch_.Fill(source, static_cast<size_t>(std::min<uint64_t>(length.batch, end - played)));
    if (!PlayBatch(counted, error)) return false;
    played += batch_.requests();
  }
  return true;
}

bool TracePlayer::PlayBatch(bool counted, std::string* error) {
  for (auto& target : targets_) {
    if (!target->link.Send(batch_.get(), error)) return false;
  }
  for (auto& target : targets_) {
    if (!ReadGetAnswer(target.get(), error)) return false;
  }
  for (auto& target : targets_) {
    CountAndMakeSets(counted, target.get());
    if (!target->link.Send(target->sets, error)) return false;
  }
  for (auto& target : targets_) {
    if (!ReadSetAnswers(target.get(), error)) return false;
  }
  return true;
}

bool TracePlayer::ReadGetAnswer(Target* target, std::string* error) {
  MultigetAnswer& answer = target->answer;
  answer.Start(&batch_.asked());
  while (answer.state() == MultigetAnswer::State::kIncomplete) {
    if (!target->link.Receive(error)) return false;
    target->link.Take(answer.Take(target->link.input()));
  }
  if (answer.state() == MultigetAnswer::State::kBroken) {
    return Fail(target->link, absl::StrCat("wrong answer, ", answer.error()), error);
  }
  return CheckNothingIsLeft(target->link, error);
}

void TracePlayer::CountAndMakeSets(bool counted, Target* target) const {
  target->sets.clear();
  target->sets_sent = 0;
  for (size_t i = 0; i < batch_.asked().size(); ++i) {
    const bool found = target->answer.Found(i);
    if (counted) {
      target->counts.hits += batch_.Repeats(i) - (found ? 0 : 1);
      target->counts.misses += found ? 0 : 1;
    }
    if (found) continue;
    batch_.AppendSet(i, &target->sets);
    ++target->sets_sent;
  }
}

bool TracePlayer::ReadSetAnswers(Target* target, std::string* error) {
  TargetConnection& link = target->link;
  TargetCounts& counts = target->counts;
  size_t answered = 0;
  while (answered < target->sets_sent) {
    const ReplyScan reply = ScanReply(RequestKind::kSet, "", link.input());
    if (reply.outcome == ReplyOutcome::kIncomplete) {
      if (!link.Receive(error)) return false;
      continue;
    }
    const absl::string_view line = link.input().substr(0, reply.bytes);
    if (reply.outcome == ReplyOutcome::kBroken) {
      return Fail(link, absl::StrCat("not an answer to a set: ", absl::CHexEscape(line)), error);
    }
    if (reply.outcome == ReplyOutcome::kStored) ++counts.stored;
    if (reply.outcome == ReplyOutcome::kErrorLine && counts.refused++ == 0) {
      counts.first_refusal = absl::CHexEscape(absl::StripSuffix(line, "\r\n"));
    }
    link.Take(reply.bytes);
    ++answered;
  }
  return CheckNothingIsLeft(link, error);
}

}  // namespace twincached::bench
