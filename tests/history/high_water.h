// HighWater: the highest level that had been proved before a moment.
//
// What it is: the one shape of all proofs here. "An item was there at or after `level`", "the
// counter had reached `level`", "ids had come to `level`", each proved when an operation ended. An
// operation that began after that end may rely on it. Owned by one key's rules.
//
// Invariants: proofs come in the order of their moments; marks_ rise strictly in moment and level.
// Bounds: twice the marks since the moment of the last Prune(), each of which raised the level.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "proto/check.h"
#include "tests/history/operation.h"

namespace twincached::history {

template <typename Level>
class HighWater {
 public:
  struct Mark {
    int64_t proved_us;
    Level level;
    OperationPtr by;
  };

  // No effect if the level was reached before. REQUIRES: not earlier than what was proved already.
  void Raise(int64_t proved_us, Level level, OperationPtr by) {
    DCHECK(marks_.empty() || marks_.back().proved_us <= proved_us);
    if (!marks_.empty() && marks_.back().level >= level) return;
    if (!marks_.empty() && marks_.back().proved_us == proved_us) marks_.pop_back();
    marks_.push_back(Mark{proved_us, level, std::move(by)});
  }

  // The highest level proved before `time_us`; null if none was. Lives until the next change.
  const Mark* Before(int64_t time_us) const {
    auto it = std::lower_bound(marks_.begin(), marks_.end(), time_us, EarlierThan);
    return it == marks_.begin() ? nullptr : &*(it - 1);
  }

  // The highest level of all; null if none.
  const Mark* Top() const { return marks_.empty() ? nullptr : &marks_.back(); }

  // What was proved at `from_us` or later counts no more.
  void Forget(int64_t from_us) {
    marks_.erase(std::lower_bound(marks_.begin(), marks_.end(), from_us, EarlierThan),
                 marks_.end());
  }

  // Nobody asks about a moment before `oldest_us` again, or forgets from one on. Now and then.
  void Prune(int64_t oldest_us) {
    if (marks_.size() < 2) return;
    auto it = std::lower_bound(marks_.begin(), marks_.end(), oldest_us, EarlierThan);
    const auto useless = it - marks_.begin() - 1;
    if (useless > 0 && useless * 2 >= static_cast<ptrdiff_t>(marks_.size())) {
      marks_.erase(marks_.begin(), it - 1);
    }
  }

  void Clear() { marks_.clear(); }
  size_t size() const { return marks_.size(); }

 private:
  static bool EarlierThan(const Mark& mark, int64_t time_us) { return mark.proved_us < time_us; }

  std::vector<Mark> marks_;
};

}  // namespace twincached::history
