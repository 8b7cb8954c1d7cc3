#include "tests/bench/shard/zipf_ranks.h"

#include <algorithm>
#include <cmath>

#include "proto/check.h"

namespace twincached::bench {
namespace {

double Zeta(uint64_t count, double theta) {
  double sum = 0;
  for (uint64_t i = 1; i <= count; ++i) sum += std::pow(static_cast<double>(i), -theta);
  return sum;
}

}  // namespace

ZipfRanks::ZipfRanks(uint64_t count, double theta)
    : count_(count), theta_(theta), zeta_(Zeta(count, theta)), alpha_(1 / (1 - theta)) {
  CHECK_GT(count, 0u);
  CHECK_GT(theta, 0.0);
  CHECK_LT(theta, 1.0);
  const double first_two = Zeta(2, theta);
  eta_ = (1 - std::pow(2.0 / static_cast<double>(count), 1 - theta)) / (1 - first_two / zeta_);
}

uint64_t ZipfRanks::RankOf(double uniform) const {
  const double share = uniform * zeta_;
  if (share < 1 || count_ == 1) return 0;
  if (share < 1 + std::pow(0.5, theta_)) return 1;
  const double place = std::pow(eta_ * uniform - eta_ + 1, alpha_);
  return std::min(count_ - 1, static_cast<uint64_t>(static_cast<double>(count_) * place));
}

}  // namespace twincached::bench
