#include "actors/forward_book.h"

#include <algorithm>
#include <utility>

#include "proto/limits.h"

namespace twincached {

uint64_t ForwardBook::Add(ForwardRequest request) {
  bytes_ += request.owned.size();
  ++in_flight_;
  entries_.emplace_back();
  Entry& entry = entries_.back();
  entry.request = std::move(request);
  entry.parts_left = 1;
  // A short string's bytes move with it.
  Command& command = entry.request.command;
  const absl::string_view owned = entry.request.owned;
  command.key = owned.substr(0, command.key.size());
  command.value = owned.substr(command.key.size(), command.value.size());
  return end() - 1;
}

const ForwardBook::Entry* ForwardBook::Answer(uint64_t number, uint32_t parts) {
  if (number < first_ || number >= end()) return nullptr;
  Entry& entry = entries_[number - first_];
  if (entry.parts_left == 0) return nullptr;
  if (!std::exchange(entry.started, true)) entry.parts_left = std::max(parts, 1u);
  if (--entry.parts_left > 0) return nullptr;
  --in_flight_;
  bytes_ -= entry.request.owned.size();
  return &entry;
}

void ForwardBook::Reveal(uint64_t number, Revealed revealed) {
  if (Find(number) != nullptr) entries_[number - first_].revealed.push_back(revealed);
}

void ForwardBook::Restart(uint64_t number) {
  if (number >= first_ && number < end()) entries_[number - first_].started = false;
}

void ForwardBook::Forget() {
  while (!entries_.empty() && entries_.front().parts_left == 0) {
    entries_.pop_front();
    ++first_;
  }
}

void ForwardBook::Clear() {
  first_ = end();
  entries_.clear();
  in_flight_ = 0;
  bytes_ = 0;
}

const ForwardBook::Entry* ForwardBook::Find(uint64_t number) const {
  if (number < first_ || number >= end()) return nullptr;
  const Entry& entry = entries_[number - first_];
  return entry.parts_left == 0 ? nullptr : &entry;
}

bool ForwardBook::full() const {
  return in_flight_ >= kForwardsInFlightMax || bytes_ >= kForwardBytesInFlightMax;
}

}  // namespace twincached
