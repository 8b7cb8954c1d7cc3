// FloorConversation: the bytes of one client of a floor, however they arrive.
//
// What it is: the input that is not answered yet, and the requests in it handed to the store. What
// it is not: a socket. Owned by a floor's loop, on its one thread.
// Invariant: input that arrives in whole requests is answered where it lies and never copied.
#pragma once

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"
#include "tests/bench/floor/floor_store.h"

namespace twincached::bench {

class FloorConversation {
 public:
  // Answers what is complete with `bytes`, behind `*output`. False: hang up, after the output.
  bool Take(absl::string_view bytes, FloorStore* store, std::string* output) {
    if (!input_.empty()) {
      input_.append(bytes.data(), bytes.size());
      if (input_.size() < bytes_wanted_) return true;
      bytes = input_;
    }
    const FloorStore::Progress progress = store->AnswerAll(bytes, output);
    bytes_wanted_ = progress.bytes_wanted;
    if (input_.empty()) {
      input_.assign(bytes.data() + progress.bytes, bytes.size() - progress.bytes);
    } else {
      input_.erase(0, progress.bytes);
    }
    return !progress.hang_up;
  }

 private:
  std::string input_;
  size_t bytes_wanted_ = 0;
};

}  // namespace twincached::bench
