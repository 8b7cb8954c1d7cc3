// Zipf: random ranks 1 to n, of which rank k has a probability in proportion to k^-s.
//
// What it is: rejection-inversion (W. Hoermann, G. Derflinger: "Rejection-inversion to generate
// variates from monotone discrete distributions", ACM TOMACS 6(3), 1996), which needs no table and
// about one uniform number a rank, whatever n is. What it is not: a choice of keys.
// A pure value, fixed at construction; the random numbers are an argument.
//
// The method. Let h(x) = x^-s and H an antiderivative of it. h is convex, so the mean of h over
// [k - 1/2, k + 1/2] is at least h(k): the stretch of length h(k) that ends at H(k + 1/2) lies
// within (H(k - 1/2), H(k + 1/2)]. A uniform u between H(3/2) - h(1) and H(n + 1/2) falls into the
// interval of the rank k nearest to x = H^-1(u), and is taken when it is in that stretch, else
// drawn again: what is taken has the probabilities h(k) exactly. For k = 1 the interval is cut to
// the stretch.
#pragma once

#include <cstdint>

#include "tests/bench/replay/random_bits.h"

namespace twincached::bench {

class Zipf {
 public:
  // REQUIRES: n >= 1, exponent > 0.
  Zipf(uint32_t n, double exponent);

  // 1 to n. The number of tries has no bound, but one in a few is taken for any n and exponent.
  uint32_t Next(RandomBits* random) const;

 private:
  double Density(double x) const;          // h
  double Integral(double x) const;         // H, with H(1) = 0
  double InverseIntegral(double u) const;  // H^-1

  // Fixed at construction.
  uint32_t n_;
  double exponent_;
  double u_low_;        // H(3/2) - h(1)
  double u_high_;       // H(n + 1/2)
  double always_left_;  // a rank k at most this far right of x is always taken
};

}  // namespace twincached::bench
