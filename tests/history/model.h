// Model: one atomic store of the simplest kind, to make histories from and to try orders on.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "tests/history/operation.h"

namespace twincached::history {

class Model {
 public:
  // Executes the command at this time, and answers.
  Answer Apply(const Operation& operation, int64_t now_us);

  // Everything is gone.
  void Clear() { items_.clear(); }
  void Erase(const std::string& key) { items_.erase(key); }

  // For planted faults: the item as it is, and back to what it was.
  struct Item {
    std::string value;
    uint64_t cas = 0;
    int64_t end_us = kForever;
  };
  const Item* Find(const std::string& key, int64_t now_us) const;
  void PutBack(const std::string& key, const Item& item) { items_[key] = item; }
  uint64_t last_cas() const { return last_cas_; }
  void set_last_cas(uint64_t cas) { last_cas_ = cas; }

 private:
  Answer Write(const Operation& operation, int64_t now_us);
  Answer Step(const Operation& operation, Item* item);

  std::map<std::string, Item> items_;
  uint64_t last_cas_ = 0;
};

}  // namespace twincached::history
