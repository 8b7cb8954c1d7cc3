#include "tests/sim/random_plan.h"

#include <algorithm>
#include <string>
#include <utility>

#include "tests/sim/random.h"

namespace twincached::sim {

namespace {

// Writes a plan's actions one after another.
class Planner {
 public:
  explicit Planner(uint64_t seed) : random_(seed ^ 0x706c616e) { plan_.seed = seed; }

  WorldPlan Make() {
    // What costs most time and shows least failovers is rarer.
    const bool harsh = plan_.seed % 4 == 3 && plan_.seed % 16 != 15;
    plan_.prompt = plan_.seed % 4 < 2;
    MakeMachines(harsh);
    MakeLoad();
    Add(Action::kStart, random_.Chance(0.5) ? "a" : "b");
    now_ms_ += random_.Chance(0.2) ? random_.Between(0, 300) : random_.Between(300, 500);
    Add(Action::kStart, "a");
    Add(Action::kStart, "b");
    now_ms_ += 300;
    int64_t rounds = harsh ? random_.Between(4, 12) : random_.Between(12, 32);
    if (plan_.memory_is_short) rounds /= 3;  // time to fill it
    for (int64_t i = 0; i < rounds; ++i) {
      if (LinkOnly()) {
        BreakLink();
      } else if (Hangs() && random_.Chance(0.4)) {
        HangCore();
      } else {
        harsh&& random_.Chance(0.7) ? Disturb() : EndProcess();
      }
    }
    plan_.end_ms = now_ms_ + (plan_.memory_is_short ? 2000 : 50);
    std::stable_sort(plan_.actions.begin(), plan_.actions.end(),
                     [](const Action& a, const Action& b) { return a.at_ms < b.at_ms; });
    return std::move(plan_);
  }

 private:
  void MakeMachines(bool harsh) {
    plan_.same_host = random_.Chance(0.3);
    for (size_t index = 0; index < 2; ++index) {
      if (Hangs() || random_.Chance(harsh ? 0.5 : 0.25)) plan_.threads[index] = 2;
      HostClock& clock = plan_.clocks[index];
      clock.monotonic_offset_us = random_.Between(1, 1'000'000'000) * 1000;
      clock.wall_offset_us = 1'700'000'000'000'000 + random_.Between(-3'600'000'000, 3'600'000'000);
      if (harsh) clock.drift_ppm = random_.Between(-200, 200);
    }
    plan_.refuse_solo_writes = random_.Chance(0.1);
    plan_.ack_local = random_.Chance(0.04);
    if (harsh && !plan_.same_host && random_.Chance(0.1)) plan_.dials[random_.Below(2)] = false;
  }

  void MakeLoad() {
    plan_.clients = static_cast<size_t>(random_.Between(2, 5));
    plan_.think_us_max = random_.Between(8, 50) * 1000;
    if (random_.Chance(0.3)) plan_.ttl_s = random_.Between(3, 5);
    if (random_.Chance(0.2)) plan_.value_bytes_max = 3000;
    if (LinkOnly() || Hangs()) {
      plan_.clients = 8;
      plan_.think_us_max = LinkOnly() ? 6000 : 15000;
    }
    plan_.delayed_flushes = random_.Chance(0.15);
    if (random_.Chance(0.1)) plan_.ShortenMemory();
    const bool slow = random_.Chance(LinkOnly() ? 0.8 : 0.25);
    if (slow) Add(Action::kDelay, "", 100, random_.Between(500, 20000));
  }

  bool LinkOnly() const { return plan_.seed % 16 == 4; }
  bool Hangs() const { return plan_.seed % 16 == 7; }

  Action& Add(Action::Verb verb, const std::string& node = "", int64_t first = 0,
              int64_t second = 0) {
    plan_.actions.push_back({now_ms_, verb, node, "", first, second});
    return plan_.actions.back();
  }
  std::string Node() { return random_.Chance(0.5) ? "a" : "b"; }
  std::string Role() { return random_.Chance(0.7) ? "master" : "slave"; }

  // Ends one process or both and starts what is missing, soon.
  void EndProcess() {
    const uint64_t dice = random_.Below(100);
    if (!plan_.prompt && dice < 4) return LosePower();
    if (!plan_.prompt && dice < 8) {
      Add(Action::kFreeze, "", random_.Between(100, 3000));
      now_ms_ += plan_.actions.back().first;
    } else if (dice < 20) {
      for (int64_t left = random_.Between(1, 3); left > 0; --left) {
        Add(Action::kReset);
        now_ms_ += random_.Between(1, 100);
      }
    } else if (dice < 29) {
      Add(Action::kSwitch, Node());
    } else if (dice < 80) {
      Add(Action::kKill, Role(), random_.Chance(0.3) ? random_.Between(1, 60) : 0);
    } else if (dice < 93) {
      Add(Action::kTerm, Role());
    } else {
      Add(Action::kKill, "master");
      now_ms_ += random_.Between(0, 40);
      Add(Action::kKill, random_.Chance(0.5) ? "slave" : "master");
    }
    now_ms_ += random_.Chance(0.2) ? random_.Between(0, 20) : random_.Between(30, 200);
    if (dice >= 80) now_ms_ += 100;
    const bool ambush = !plan_.prompt && random_.Chance(0.2);
    if (ambush) Add(Action::kAmbush, "master").other = "SLAVE";
    Add(Action::kStart, "a");
    Add(Action::kStart, "b");
    if (ambush) now_ms_ += 1500;
    now_ms_ += random_.Chance(0.15) ? random_.Between(1, 100) : random_.Between(100, 400);
  }

  // Something that is no clean death.
  void Disturb() {
    switch (random_.Below(17)) {
      case 0:
      case 1:
        return CutFor(random_.Chance(0.5) ? random_.Between(20, 600) : random_.Between(600, 3000));
      case 2:
      case 3:
        return StopFor(random_.Chance(0.5) ? random_.Between(20, 700) : random_.Between(700, 5000));
      case 4:
        Add(Action::kReset);
        break;
      case 5:
        Add(Action::kDelay, "", random_.Between(20, 500), random_.Between(500, 20000));
        break;
      case 6:
        Add(Action::kPace, "", random_.Between(0, 50), random_.Between(1, 150));
        break;
      case 7:
        Add(Action::kCorrupt, Node());
        break;
      case 8:
        Add(Action::kClock, Node(), random_.Between(-3600000, 3600000));
        break;
      case 9:
        Add(Action::kGarbage, Node());
        break;
      case 10:
        Add(Action::kSwitch, Node());
        break;
      case 11:
        return CutOffAndStop();
      case 12:
      case 13:
      case 14:
      case 15:
        return HangCore();
      case 16:
        return LosePower();
    }
    now_ms_ += random_.Between(20, 800);
  }

  void LosePower() {
    Add(Action::kPower, Role());
    now_ms_ += random_.Between(100, 2500);
    Add(Action::kStart, "a");
    Add(Action::kStart, "b");
    now_ms_ += random_.Between(20, 800);
  }

  // No outcome is unknown where nothing else happens: counters are exact.
  void BreakLink() {
    Add(Action::kReset);
    now_ms_ += random_.Chance(0.1) ? 2000 : random_.Between(1, 300);
  }

  // Heartbeats go on, acknowledgements do not.
  void HangCore() {
    Add(Action::kStopStore, "slave", 1);
    now_ms_ += random_.Chance(0.3) ? random_.Between(4000, 12000) : random_.Between(2200, 3500);
    Add(Action::kCont, "a");
    Add(Action::kCont, "b");
    now_ms_ += random_.Between(20, 800);
  }

  // The old master wakes up with what it could tell nobody.
  void CutOffAndStop() {
    Add(Action::kCut, "a").other = "b";
    Add(Action::kCut, "b").other = "a";
    now_ms_ += random_.Between(50, 600);
    Add(Action::kStop, "master");
    now_ms_ += random_.Between(1000, 1800);
    Add(Action::kHeal);
    Add(Action::kCont, "a");
    Add(Action::kCont, "b");
    now_ms_ += random_.Between(100, 800);
  }

  void CutFor(int64_t ms) {
    const bool forth = random_.Chance(0.7);
    if (forth) Add(Action::kCut, "a").other = "b";
    if (!forth || random_.Chance(0.6)) Add(Action::kCut, "b").other = "a";
    if (random_.Chance(0.15)) {
      now_ms_ += std::min<int64_t>(ms, 400);
      Add(Action::kKill, Role());
    }
    now_ms_ += ms;
    Add(Action::kHeal);
    now_ms_ += random_.Between(0, 800);
  }

  void StopFor(int64_t ms) {
    const std::string node = Node();
    if (plan_.threads[node == "a" ? 0 : 1] > 1 && random_.Chance(0.5)) {
      const bool in_store = random_.Chance(0.5);
      Add(in_store ? Action::kStopStore : Action::kStopCore, node, random_.Between(0, 1));
    } else {
      Add(Action::kStop, node);
      if (random_.Chance(0.2)) Add(Action::kStop, node == "a" ? "b" : "a");
    }
    if (random_.Chance(0.15)) Add(Action::kKill, Role());
    now_ms_ += ms;
    Add(Action::kCont, "a");
    Add(Action::kCont, "b");
    now_ms_ += random_.Between(0, 800);
  }

  WorldPlan plan_;
  Random random_;
  int64_t now_ms_ = 1;
};

}  // namespace

WorldPlan MakeRandomPlan(uint64_t seed) { return Planner(seed).Make(); }

}  // namespace twincached::sim
