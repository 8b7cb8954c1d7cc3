#include "tests/history/key_values.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/check.h"

namespace twincached::history {
void KeyValues::Begin(OperationPtr write) {
  Entry entry;
  entry.held_us = write->invoked_us;
  entry.held_by = write;
  entry.write = std::move(write);
  live_.push_back(std::move(entry));
}

std::string KeyValues::End(const Operation& write, int64_t now_us) {
  const Outcome outcome = write.answer.outcome;
  if (outcome == Outcome::kOk || outcome == Outcome::kUnknown) return "";
  for (size_t i = live_.size(); i-- > 0;) {
    if (live_[i].write.get() != &write) continue;
    const bool shown = live_[i].first_shown_us != kForever;
    MoveToPast(i, now_us, nullptr);
    if (!shown) return "";
    return absl::StrCat("refused write was read: ", Describe(write), ", but ",
                        Describe(*past_.back().held_by), " showed its value");
  }
  return "";  // Overwritten for certain while it was under way: it was shown before.
}

std::string KeyValues::CheckShown(const Operation& operation, const std::string& value,
                                  const KeyPresence& presence) const {
  const Entry* shown = FindLive(value);
  if (shown == nullptr) return DescribeLost(operation, value);
  const int64_t proved_us = std::min(ProvedBy(*shown), operation.completed_us);
  for (const Entry& other : live_) {
    if (&other == shown || !Known(other)) continue;
    if (other.held_us <= proved_us || ProvedBy(other) >= operation.invoked_us) continue;
    return absl::StrCat("stale value ", Quote(value), ": ", Describe(operation), ", but ",
                        Quote(other.write->value), " had come after it, shown by ",
                        Describe(*other.held_by), "; it was written by ", Describe(*shown->write));
  }
  const KeyPresence::Mark* away = presence.AwayBefore(operation.invoked_us);
  if (away == nullptr || away->level <= proved_us) return "";
  return absl::StrCat("resurrection of ", Quote(value), ": ", Describe(operation),
                      ", but it had been removed, shown by ", Describe(*away->by),
                      "; it was written by ", Describe(*shown->write));
}

// The value is not among those that may be read.
std::string KeyValues::DescribeLost(const Operation& operation, const std::string& value) const {
  for (auto entry = past_.rbegin(); entry != past_.rend(); ++entry) {
    if (entry->write->value != value) continue;
    if (entry->past_because == nullptr) {
      return absl::StrCat("refused write is read: ", Describe(operation),
                          ", but it was written only by ", Describe(*entry->write));
    }
    return absl::StrCat("stale value ", Quote(value), ": ", Describe(operation),
                        ", but it had been overwritten or removed, shown by ",
                        Describe(*entry->past_because), "; it was written by ",
                        Describe(*entry->write));
  }
  return absl::StrCat("value that nobody wrote, or that was overwritten long ago: ",
                      Describe(operation));
}

void KeyValues::ProveShown(const OperationPtr& operation, const std::string& value) {
  Entry* entry = FindLive(value);
  CHECK(entry != nullptr);
  entry->first_shown_us = std::min(entry->first_shown_us, operation->completed_us);
  Hold(entry, operation);
  if (operation->answer.cas != 0) entry->shown_with_id = operation;
}

std::string KeyValues::CheckId(const Operation& read) const {
  const Entry* entry = FindLive(read.answer.value);
  if (entry == nullptr || entry->shown_with_id == nullptr || read.answer.cas == 0) return "";
  const Operation& before = *entry->shown_with_id;
  if (before.answer.cas == read.answer.cas) return "";
  return absl::StrCat("value with two cas ids, so its write took effect twice: ", Describe(read),
                      " and ", Describe(before), "; it was written by ", Describe(*entry->write));
}

void KeyValues::ProveWritten(const OperationPtr& write) {
  for (Entry& entry : live_) {
    if (entry.write == write) entry.written = true;
  }
}

void KeyValues::OnFork(int64_t begin_us) {
  for (size_t i = past_.size(); i-- > 0;) {
    if (past_[i].past_since_us < begin_us || past_[i].past_because == nullptr) continue;
    live_.push_back(std::move(past_[i]));
    past_.erase(past_.begin() + static_cast<ptrdiff_t>(i));
  }
  for (Entry& entry : live_) {
    if (entry.first_shown_us >= begin_us) entry.first_shown_us = kForever;
    if (entry.held_by->completed_us < begin_us) continue;
    entry.held_us = entry.write->invoked_us;
    entry.held_by = entry.write;
  }
}

void KeyValues::ForgetIds() {
  for (Entry& entry : live_) entry.shown_with_id = nullptr;
}

void KeyValues::Prune(const Horizon& horizon, const KeyPresence& presence) {
  const Entry* first = Newest(horizon.oldest_us, nullptr);
  const Entry* second = Newest(horizon.oldest_us, first);
  const KeyPresence::Mark* away = presence.AwayBefore(horizon.oldest_us);
  // What follows a value for certain, if anything does.
  auto follower = [&](const Entry& entry) -> OperationPtr {
    const int64_t proved_us = ProvedBy(entry);
    if (away != nullptr && away->level > proved_us) return away->by;
    const Entry* newest = first == &entry ? second : first;
    return newest != nullptr && newest->held_us > proved_us ? newest->held_by : nullptr;
  };
  std::vector<std::pair<size_t, OperationPtr>> followed;
  for (size_t i = live_.size(); i-- > 0;) {
    OperationPtr because = follower(live_[i]);
    if (because != nullptr) followed.emplace_back(i, std::move(because));
  }
  for (auto& [index, because] : followed) MoveToPast(index, horizon.now_us, std::move(because));
  ForgetPast(horizon);
}

void KeyValues::ForgetPast(const Horizon& horizon) {
  size_t forgotten = 0;
  while (forgotten < past_.size() && past_[forgotten].past_since_us < horizon.retained_us) {
    ++forgotten;
  }
  if (forgotten * 2 < past_.size()) return;  // Not worth a move.
  past_.erase(past_.begin(), past_.begin() + static_cast<ptrdiff_t>(forgotten));
}

const KeyValues::Entry* KeyValues::Newest(int64_t oldest_us, const Entry* except) const {
  const Entry* newest = nullptr;
  for (const Entry& entry : live_) {
    if (&entry == except || !Known(entry) || ProvedBy(entry) >= oldest_us) continue;
    if (newest == nullptr || entry.held_us > newest->held_us) newest = &entry;
  }
  return newest;
}

void KeyValues::MoveToPast(size_t index, int64_t now_us, OperationPtr because) {
  live_[index].past_since_us = now_us;
  live_[index].past_because = std::move(because);
  past_.push_back(std::move(live_[index]));
  live_.erase(live_.begin() + static_cast<ptrdiff_t>(index));
}

// It was in force at some moment.
bool KeyValues::Known(const Entry& entry) const {
  if (entry.first_shown_us != kForever) return true;
  return entry.written && allowances_.Proves(*entry.write);
}

// When it had been written, if it ever is.
int64_t KeyValues::ProvedBy(const Entry& entry) const {
  return std::min(allowances_.LatestEffect(*entry.write), entry.first_shown_us);
}

void KeyValues::Hold(Entry* entry, const OperationPtr& operation) {
  if (operation->invoked_us <= entry->held_us) return;
  entry->held_us = operation->invoked_us;
  entry->held_by = operation;
}

KeyValues::Entry* KeyValues::FindLive(const std::string& value) {
  for (auto entry = live_.rbegin(); entry != live_.rend(); ++entry) {
    if (entry->write->value == value) return &*entry;
  }
  return nullptr;
}

const KeyValues::Entry* KeyValues::FindLive(const std::string& value) const {
  return const_cast<KeyValues*>(this)->FindLive(value);
}

}  // namespace twincached::history
