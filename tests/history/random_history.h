// RandomHistory: what clients of one correct store record, and, if asked, of one with a fault.
//
// Clients run one command after the other, each takes effect on a Model at a random moment between
// its begin and its end; some end without an answer and take effect late, or never. One seed, one
// history.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/history/checker.h"
#include "tests/history/model.h"
#include "tests/history/operation.h"

namespace twincached::history {

enum class Fault {
  kNone,
  kDroppedWrite,  // a set that was answered did not happen
  kStaleRead,     // a get shows the value before
  kDoubleStep,    // an increment happens twice
  kResurrection,  // what was deleted is there again, later
  kReusedId,      // a write takes an id that was taken
};

struct RandomOptions {
  uint64_t seed = 1;
  int clients = 4;
  int operations = 300;   // of all clients together
  int reads_percent = 0;  // more than there are anyway
  int registers = 2;
  int counters = 1;
  bool lives = false;  // commands give lives, and touch
  bool flushes = false;
  bool evictions = false;
  bool wipe = false;
  bool fork = false;
  bool late_fork = false;  // declared a while after it began
  bool settled = false;
  Fault fault = Fault::kNone;
};

class RandomHistory {
 public:
  explicit RandomHistory(const RandomOptions& options);

  // Whether an operation met the fault.
  bool fault_happened() const { return fault_happened_; }

  // Everything in its order in time, to a new checker.
  void PutTo(HistoryChecker* checker) const;

  // For a failure's message.
  std::string Print() const;

 private:
  struct Step {
    Operation operation;
    int64_t effect_us;  // kForever: never
  };

  int64_t Below(int64_t bound);
  bool Chance(int percent);
  void MakeSteps();
  Operation MakeCommand(int client, int number);
  void GiveLife(Operation* operation);
  void PlanWorld(int64_t length_us);
  void Execute();
  void PassMoments(int64_t now_us);
  Model& NodeOf(const Operation& operation, int64_t now_us);
  void ExecuteOne(Step* step);
  void PlantFault(const Step& step, const Model& before, Model* node, Answer* answer);
  void DeclareUntil(int64_t time_us, size_t* next, HistoryChecker* checker) const;

  struct Declaration {
    enum class Sort { kWipe, kBeginFork, kEndFork, kSettled };
    int64_t at_us;
    Sort sort;
    int64_t begin_us;
  };

  const RandomOptions options_;
  std::mt19937_64 random_;
  std::vector<Step> steps_;
  std::vector<Declaration> declarations_;  // in the order of at_us
  // The world. -1: does not happen.
  int64_t wipe_us_ = -1;
  int64_t fork_us_ = -1;   // the second node has what there was then
  int64_t split_us_ = -1;  // and serves from then
  int64_t heal_us_ = -1;
  Model first_;
  Model second_;
  std::map<std::pair<int32_t, std::string>, uint64_t> seen_ids_;  // by a client, of a key
  // The fault.
  int turns_until_fault_ = 0;  // that could meet it
  bool fault_happened_ = false;
  std::map<std::string, std::string> overwritten_;  // the value before, of each key
  int64_t resurrect_us_ = kForever;
  std::string resurrected_key_;
  Model::Item resurrected_;
};

}  // namespace twincached::history
