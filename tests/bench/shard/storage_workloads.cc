#include "tests/bench/shard/storage_workloads.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>
#include <string>

#include "proto/check.h"
#include "tests/bench/shard/zipf_ranks.h"

namespace twincached::bench {
namespace {

constexpr double kZipfTheta = 0.99;
constexpr double kGetRatio = 0.9;
// Odd and large: it spreads ranks over the keys.
constexpr uint64_t kRankStep = 0x9e3779b97f4a7c15;
// What a millisecond of the stream clock brings.
constexpr int kCallsPerMs = 200;
constexpr int kGetsPerMs = kCallsPerMs / 2;
constexpr int kSetsPerMs = kCallsPerMs / 2;
// So few that maintenance comes by before they have done everything.
constexpr int kFewCallsPerMs = 4;
// A storm that is not over by then never is: its end is that nothing is left to do.
constexpr int kStormMsMax = 100'000;
constexpr int64_t kExpiryDelayMs = 3'600'000;
constexpr int kReadsThatHeat = 2;

// One case in progress.
class Workload {
 public:
  Workload(const StorageCase& setup, const MeasureSettings& settings)
      : setup_(setup),
        settings_(settings),
        random_(settings.seed),
        driver_(setup, BoundOf(setup), settings.clock_ns) {}

  void Run();
  std::vector<Phase> TakePhases() { return std::move(phases_); }

 private:
  static size_t BoundOf(const StorageCase& setup);

  void Fill();
  void Growth();
  void Mixed();
  void Overwrite();
  void Expiry();
  void Flush();
  void Limit();
  void Large();

  void Measure(const std::string& name, const std::function<void()>& calls);
  void FillUp();
  void Storm(uint64_t sets, int calls_per_ms, const std::function<bool()>& over);
  uint64_t Below(uint64_t count) { return random_() % count; }
  double Uniform() { return static_cast<double>(random_() >> 11) * 0x1p-53; }
  size_t ValueBytes();
  size_t LogValueBytes();
  void SetNew() { driver_.Set(next_key_++, ValueBytes()); }

  const StorageCase setup_;
  const MeasureSettings settings_;

  std::mt19937_64 random_;
  ShardDriver driver_;
  std::vector<Phase> phases_;
  uint64_t next_key_ = 0;  // none from here on was set
};

size_t Workload::BoundOf(const StorageCase& setup) {
  if (setup.memory_bytes != 0) return setup.memory_bytes;
  const uint64_t items = setup.workload == "expiry" ? 2 * setup.items : setup.items;
  return RoomFor(items, (setup.value_bytes_min + setup.value_bytes_max) / 2);
}

void Workload::Run() {
  using Member = void (Workload::*)();
  static const std::vector<std::pair<std::string, Member>> workloads = {
      {"fill", &Workload::Fill},     {"growth", &Workload::Growth},
      {"mixed", &Workload::Mixed},   {"overwrite", &Workload::Overwrite},
      {"expiry", &Workload::Expiry}, {"flush", &Workload::Flush},
      {"limit", &Workload::Limit},   {"large", &Workload::Large},
  };
  for (const auto& [name, member] : workloads) {
    if (name == setup_.workload) return (this->*member)();
  }
  CHECK(false);
}

void Workload::Measure(const std::string& name, const std::function<void()>& calls) {
  Phase phase(name, settings_.limit_ns);
  driver_.Begin(&phase);
  calls();
  driver_.End();
  phases_.push_back(std::move(phase));
}

// Until something had to be evicted.
void Workload::FillUp() {
  driver_.Begin(nullptr);
  do {
    for (int i = 0; i < kSetsPerMs; ++i) SetNew();
    driver_.Tick();
  } while (driver_.stats().evictions == 0);
}

// As many gets as sets of new keys, until `sets` were made and it is over.
void Workload::Storm(uint64_t sets, int calls_per_ms, const std::function<bool()>& over) {
  uint64_t made = 0;
  for (int ms = 0; ms < kStormMsMax && (made < sets || !over()); ++ms) {
    for (int i = 0; i < calls_per_ms; i += 2, ++made) {
      SetNew();
      driver_.Get(Below(next_key_));
    }
    driver_.Tick();
  }
}

size_t Workload::ValueBytes() {
  const size_t more = setup_.value_bytes_max - setup_.value_bytes_min;
  return setup_.value_bytes_min + (more == 0 ? 0 : Below(more + 1));
}

// As many between 100 and 1,000 bytes as between 1,000 and 10,000.
size_t Workload::LogValueBytes() {
  const double low = std::log(static_cast<double>(setup_.value_bytes_min));
  const double high = std::log(static_cast<double>(setup_.value_bytes_max));
  const size_t bytes = static_cast<size_t>(std::exp(low + (high - low) * Uniform()));
  return std::clamp(bytes, setup_.value_bytes_min, setup_.value_bytes_max);
}

// ---------------------------------------------------------------- the workloads

void Workload::Fill() {
  Measure("new keys", [this] {
    while (next_key_ < setup_.items) SetNew();
  });
}

void Workload::Growth() {
  FillUp();
  Measure("new keys, full", [this] {
    for (uint64_t i = 0; i < setup_.operations; ++i) SetNew();
  });
  // The most that eviction can have to do: everything has earned its place.
  Measure("new keys, each read twice", [this] {
    for (uint64_t i = 0; i < setup_.operations; i += 1 + kReadsThatHeat) {
      const uint64_t key = next_key_;
      SetNew();
      for (int reads = 0; reads < kReadsThatHeat; ++reads) driver_.Get(key);
    }
  });
}

void Workload::Mixed() {
  const ZipfRanks ranks(setup_.items, kZipfTheta);
  const auto calls = [this, &ranks](uint64_t count) {
    for (uint64_t i = 0; i < count; ++i) {
      const uint64_t key = ranks.RankOf(Uniform()) * kRankStep % setup_.items;
      Uniform() < kGetRatio ? driver_.Get(key) : driver_.Set(key, ValueBytes());
      if (i % kCallsPerMs == 0) driver_.Tick();
    }
  };
  driver_.Begin(nullptr);
  while (next_key_ < setup_.items) SetNew();
  calls(setup_.operations / 2);
  Measure("90 % gets", [&] { calls(setup_.operations); });
}

void Workload::Overwrite() {
  driver_.Begin(nullptr);
  while (next_key_ < setup_.items) SetNew();
  Measure("known keys", [this] {
    for (uint64_t i = 0; i < setup_.operations; ++i) driver_.Set(Below(setup_.items), ValueBytes());
  });
}

// Half of the keys expire, the others are used meanwhile.
void Workload::Expiry() {
  driver_.Begin(nullptr);
  const int64_t expiry_ms = driver_.now_ms() + kExpiryDelayMs;
  for (uint64_t key = 0; key < 2 * setup_.items; ++key) {
    driver_.Set(key, ValueBytes(), key % 2 == 0 ? expiry_ms : kNever);
  }
  driver_.TickTo(expiry_ms - 1);
  Measure("all at one instant", [this] {
    for (int ms = 0; ms < kStormMsMax && driver_.stats().items > setup_.items; ++ms) {
      driver_.Tick();
      for (int i = 0; i < kSetsPerMs; ++i) driver_.Set(2 * Below(setup_.items) + 1, ValueBytes());
      for (int i = 0; i < kGetsPerMs; ++i) driver_.Get(Below(2 * setup_.items));
    }
  });
}

void Workload::Flush() {
  FillUp();
  Measure("flush", [this] {
    driver_.Flush();
    Storm(setup_.operations, kCallsPerMs, [] { return true; });
  });
}

void Workload::Limit() {
  FillUp();
  const size_t bound = setup_.memory_bytes;
  Measure("halved", [this, bound] {
    driver_.SetLimit(bound / 2);
    Storm(0, kFewCallsPerMs,
          [this] { return driver_.stats().memory_bytes <= driver_.memory_bytes_max(); });
  });
  Measure("at half", [this] { Storm(setup_.operations / 2, kCallsPerMs, [] { return true; }); });
  Measure("doubled", [this, bound] {
    driver_.SetLimit(bound);
    Storm(setup_.operations, kCallsPerMs, [] { return true; });
  });
}

void Workload::Large() {
  const auto set_any = [this] { driver_.Set(Below(setup_.items), LogValueBytes()); };
  driver_.Begin(nullptr);
  for (uint64_t i = 0; i < 2 * setup_.items; ++i) set_any();
  Measure("half gets", [&] {
    for (uint64_t i = 0; i < setup_.operations / 2; ++i) {
      set_any();
      driver_.Get(Below(setup_.items));
      if (i % kSetsPerMs == 0) driver_.Tick();
    }
  });
}

}  // namespace

CaseResult RunCase(const StorageCase& setup, const MeasureSettings& settings) {
  Workload workload(setup, settings);
  workload.Run();
  return {setup, workload.TakePhases()};
}

void Confirm(const CaseResult& other_round, CaseResult* result) {
  CHECK_EQ(other_round.phases.size(), result->phases.size());
  for (size_t i = 0; i < result->phases.size(); ++i) {
    for (size_t kind = 0; kind < kCallKinds; ++kind) {
      result->phases[i].recorders[kind].Confirm(other_round.phases[i].recorders[kind]);
    }
  }
}

}  // namespace twincached::bench
