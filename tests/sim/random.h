// The randomness of a simulated world: one seed, one sequence, the same everywhere.
//
// SplitMix64 (Steele, Lea, Flood 2014). The standard library's distributions differ between
// implementations, so there are none here.
#pragma once

#include <cstdint>

namespace twincached::sim {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t Next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  // REQUIRES: bound > 0.
  uint64_t Below(uint64_t bound) { return Next() % bound; }
  // Both ends included.
  int64_t Between(int64_t least, int64_t most) {
    return least + static_cast<int64_t>(Below(static_cast<uint64_t>(most - least) + 1));
  }
  bool Chance(double share) { return static_cast<double>(Next() >> 11) * 0x1p-53 < share; }

 private:
  uint64_t state_;
};

}  // namespace twincached::sim
