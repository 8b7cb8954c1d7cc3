// ZipfRanks: random ranks below a count, of which low ones are more frequent.
//
// What it is: rank r comes in proportion to 1 / (r + 1)^theta, by the method of Gray et al.,
// "Quickly Generating Billion-Record Synthetic Databases" (SIGMOD '94). What it is not: spread over
// the ranks; whoever wants hot keys apart from one another maps them. One pass over the count at
// construction, no memory.
#pragma once

#include <cstdint>

namespace twincached::bench {

class ZipfRanks {
 public:
  // REQUIRES: count > 0, 0 < theta < 1.
  ZipfRanks(uint64_t count, double theta);

  // `uniform` is random, at least 0 and below 1.
  uint64_t RankOf(double uniform) const;

 private:
  uint64_t count_;
  double theta_;
  double zeta_;  // the sum of all proportions
  double alpha_;
  double eta_;
};

}  // namespace twincached::bench
