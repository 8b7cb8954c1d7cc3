// Random histories of a correct store are never blamed; of most that hide one fault, it is found.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "tests/history/checker.h"
#include "tests/history/random_history.h"

namespace twincached::history {
namespace {

constexpr uint64_t kSeeds = 100;

void ExpectNoBlame(const std::function<void(RandomOptions*)>& set_options) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    RandomOptions options;
    options.seed = seed;
    options.clients = 2 + static_cast<int>(seed % 5);
    set_options(&options);
    const RandomHistory history(options);
    HistoryChecker checker;
    history.PutTo(&checker);
    ASSERT_THAT(checker.violations(), ::testing::IsEmpty()) << history.Print();
  }
}

TEST(CheckerRandom, NeverBlamesACorrectStore) {
  ExpectNoBlame([](RandomOptions*) {});
}

TEST(CheckerRandom, NeverBlamesAStoreThatFlushesAndEvicts) {
  ExpectNoBlame([](RandomOptions* options) {
    options->flushes = true;
    options->evictions = options->seed % 2 == 0;
  });
}

TEST(CheckerRandom, NeverBlamesAStoreThatExpires) {
  ExpectNoBlame([](RandomOptions* options) {
    options->lives = true;
    options->flushes = options->seed % 3 == 0;
  });
}

TEST(CheckerRandom, NeverBlamesAStoreThatWasWiped) {
  ExpectNoBlame([](RandomOptions* options) {
    options->wipe = true;
    options->lives = options->seed % 2 == 0;
    options->settled = options->seed % 3 == 0;
  });
}

TEST(CheckerRandom, NeverBlamesTheWinnerOfAFork) {
  ExpectNoBlame([](RandomOptions* options) {
    options->fork = true;
    options->late_fork = options->seed % 2 == 0;
    options->lives = options->seed % 3 == 0;
    options->flushes = options->seed % 5 == 0;
    options->settled = options->seed % 7 == 0;
  });
}

struct Tally {
  int happened = 0;
  int found = 0;
};

Tally Find(Fault fault) {
  Tally tally;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    RandomOptions options;
    options.seed = seed;
    options.clients = 2;
    options.reads_percent = 50;
    options.fault = fault;
    const RandomHistory history(options);
    if (!history.fault_happened()) continue;
    HistoryChecker checker;
    history.PutTo(&checker);
    ++tally.happened;
    if (!checker.violations().empty()) ++tally.found;
  }
  EXPECT_GT(tally.happened, static_cast<int>(kSeeds) / 2);
  return tally;
}

TEST(CheckerRandom, FindsDroppedWrites) {
  const Tally tally = Find(Fault::kDroppedWrite);
  EXPECT_GT(tally.found, tally.happened / 2) << tally.happened;
}

TEST(CheckerRandom, FindsStaleReads) {
  const Tally tally = Find(Fault::kStaleRead);
  EXPECT_GT(tally.found, tally.happened * 2 / 3) << tally.happened;
}

TEST(CheckerRandom, FindsIncrementsExecutedTwice) {
  const Tally tally = Find(Fault::kDoubleStep);
  EXPECT_GT(tally.found, tally.happened / 2) << tally.happened;
}

TEST(CheckerRandom, FindsWhatCameBack) {
  const Tally tally = Find(Fault::kResurrection);
  EXPECT_GT(tally.found, tally.happened / 2) << tally.happened;
}

TEST(CheckerRandom, FindsReusedIds) {
  const Tally tally = Find(Fault::kReusedId);
  EXPECT_GT(tally.found, tally.happened / 2) << tally.happened;
}

}  // namespace
}  // namespace twincached::history
