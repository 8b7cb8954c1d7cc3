// RandomBits and MixBits: random numbers that are the same on every machine.
//
// What it is: SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators",
// OOPSLA 2014), as a sequence and as a hash. What it is not: secret, or a source of seeds.
// Pure values: whoever holds one owns it.
#pragma once

#include <cstdint>

namespace twincached::bench {

constexpr uint64_t kGoldenGamma = 0x9E3779B97F4A7C15ull;  // 2^64 divided by the golden ratio, odd

// A bijection in which every bit of the input changes about half of the bits of the result.
constexpr uint64_t MixBits(uint64_t bits) {
  bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9ull;
  bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBull;
  return bits ^ (bits >> 31);
}

// The upper 53 bits as a number in [0, 1): as many as a double holds exactly.
constexpr double UnitFromBits(uint64_t bits) {
  return static_cast<double>(bits >> 11) / 9007199254740992.0;
}

class RandomBits {
 public:
  explicit RandomBits(uint64_t seed) : state_(seed) {}

  uint64_t Next() { return MixBits(state_ += kGoldenGamma); }
  // In [0, 1).
  double NextUnit() { return UnitFromBits(Next()); }

 private:
  uint64_t state_;
};

}  // namespace twincached::bench
