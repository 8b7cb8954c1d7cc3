#include "tests/bench/replay/zipf.h"

#include <algorithm>
#include <cmath>

#include "proto/check.h"

namespace twincached::bench {

Zipf::Zipf(uint32_t n, double exponent) : n_(n), exponent_(exponent) {
  CHECK_GE(n, 1u);
  CHECK(exponent > 0);
  u_low_ = Integral(1.5) - Density(1);
  u_high_ = Integral(n + 0.5);
  // u is in the stretch when x >= H^-1(H(k + 1/2) - h(k)). k minus that bound grows with k (the
  // paper's lemma), and rank 1 is never refused, so the difference of rank 2 holds for all.
  always_left_ = 2 - InverseIntegral(Integral(2.5) - Density(2));
}

uint32_t Zipf::Next(RandomBits* random) const {
  while (true) {
    const double u = u_high_ + random->NextUnit() * (u_low_ - u_high_);
    const double x = InverseIntegral(u);
    // Rounding can lead a little beyond either end; x may even be infinite.
    const double k = std::clamp(std::floor(x + 0.5), 1.0, static_cast<double>(n_));
    if (k - x <= always_left_ || u >= Integral(k + 0.5) - Density(k)) {
      return static_cast<uint32_t>(k);
    }
  }
}

double Zipf::Density(double x) const { return std::exp(-exponent_ * std::log(x)); }

// (x^(1-s) - 1) / (1 - s), and its limit log(x) for s = 1. expm1 keeps the digits near s = 1.
double Zipf::Integral(double x) const {
  const double rest = 1 - exponent_;
  return rest == 0 ? std::log(x) : std::expm1(rest * std::log(x)) / rest;
}

double Zipf::InverseIntegral(double u) const {
  const double rest = 1 - exponent_;
  if (rest == 0) return std::exp(u);
  // For s > 1, u may be rounded up to the end of what H reaches: then x is infinite.
  return std::exp(std::log1p(std::max(-1.0, rest * u)) / rest);
}

}  // namespace twincached::bench
