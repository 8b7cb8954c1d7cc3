#include "tests/sim/campaign.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <map>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "proto/check.h"
#include "tests/sim/runtime.h"

namespace twincached::sim {

namespace {

using Clock = std::chrono::steady_clock;

constexpr double kProgressSeconds = 5;

// What workers tell, one line per seed:
//     SEED HASH PROMOTIONS FORKS WIPES OPERATIONS VIRTUAL_US VIOLATIONS, then a line for each of
//     these.
struct Worker {
  pid_t pid = 0;
  int fd = -1;
  std::string input;
  size_t violations_left = 0;
};

void WriteAll(int fd, const std::string& text) {
  for (size_t begin = 0; begin < text.size();) {
    const ssize_t bytes = write(fd, text.data() + begin, text.size() - begin);
    if (bytes <= 0) _exit(1);
    begin += static_cast<size_t>(bytes);
  }
}

[[noreturn]] void Work(int fd, const CampaignOptions& options, unsigned worker, unsigned workers) {
  Runtime runtime;
  for (uint64_t seed = options.first_seed + worker; seed <= options.last_seed; seed += workers) {
    const Result result = World(options.make_plan(seed), runtime.system()).Run();
    std::string text = absl::StrCat(seed, " ", result.trace_hash, " ", result.promotions, " ",
                                    result.forks, " ", result.wipes, " ", result.operations, " ",
                                    result.virtual_us, " ", result.violations.size(), "\n");
    for (const std::string& each : result.violations) absl::StrAppend(&text, each, "\n");
    WriteAll(fd, text);
  }
  _exit(0);
}

class Campaign {
 public:
  explicit Campaign(const CampaignOptions& options) : options_(options) {}

  int Run() {
    Start();
    while (!workers_.empty() && !Enough()) {
      std::vector<pollfd> fds;
      for (const Worker& worker : workers_) fds.push_back({worker.fd, POLLIN, 0});
      poll(fds.data(), fds.size(), 200);
      for (size_t i = fds.size(); i-- > 0;) {
        if (fds[i].revents != 0) ReadFrom(i);
      }
      if (Seconds() >= next_progress_) PrintProgress();
    }
    for (const Worker& worker : workers_) {
      kill(worker.pid, SIGKILL);
      waitpid(worker.pid, nullptr, 0);
      close(worker.fd);
    }
    PrintSummary();
    return broken_.empty() && !crashed_ ? 0 : 1;
  }

 private:
  void Start() {
    unsigned jobs = options_.jobs != 0 ? options_.jobs : std::thread::hardware_concurrency();
    std::fflush(stdout);
    for (unsigned i = 0; i < jobs; ++i) {
      int ends[2];
      CHECK_EQ(pipe(ends), 0);
      const pid_t pid = fork();
      CHECK_GE(pid, 0);
      if (pid == 0) {
        close(ends[0]);
        Work(ends[1], options_, i, jobs);
      }
      close(ends[1]);
      workers_.push_back({pid, ends[0], "", 0});
    }
  }

  void ReadFrom(size_t index) {
    Worker& worker = workers_[index];
    char piece[65536];
    const ssize_t bytes = read(worker.fd, piece, sizeof(piece));
    if (bytes > 0) {
      worker.input.append(piece, static_cast<size_t>(bytes));
      for (size_t end; (end = worker.input.find('\n')) != std::string::npos;) {
        OnLine(&worker, worker.input.substr(0, end));
        worker.input.erase(0, end + 1);
      }
      return;
    }
    int status = 0;
    waitpid(worker.pid, &status, 0);
    close(worker.fd);
    if (status != 0) {
      crashed_ = true;
      std::printf("a worker crashed; the seed after its newest one did it (--jobs 1 tells)\n");
    }
    workers_.erase(workers_.begin() + static_cast<ptrdiff_t>(index));
  }

  void OnLine(Worker* worker, const std::string& line) {
    if (worker->violations_left > 0) {
      --worker->violations_left;
      std::printf("BROKEN: %s\n", line.c_str());
      return;
    }
    const std::vector<std::string> words = absl::StrSplit(line, ' ');
    std::vector<uint64_t> numbers(8);
    for (size_t i = 0; i < 8; ++i) CHECK(absl::SimpleAtoi(words.at(i), &numbers[i]));
    ++seeds_;
    promotions_ += numbers[2];
    forks_ += numbers[3];
    wipes_ += numbers[4];
    operations_ += numbers[5];
    virtual_us_ += numbers[6];
    if (options_.print_hashes) std::printf("seed %lu trace %016lx\n", numbers[0], numbers[1]);
    worker->violations_left = numbers[7];
    if (numbers[7] > 0) {
      broken_.push_back(numbers[0]);
      std::printf("seed %lu is broken (--replay %lu):\n", numbers[0], numbers[0]);
    }
  }

  bool Enough() const {
    bool telling = false;
    for (const Worker& worker : workers_) telling = telling || worker.violations_left > 0;
    if (telling) return false;
    return !broken_.empty() || crashed_ ||
           (options_.failovers > 0 && promotions_ >= options_.failovers) ||
           (options_.minutes > 0 && Seconds() >= options_.minutes * 60);
  }

  double Seconds() const { return std::chrono::duration<double>(Clock::now() - begin_).count(); }

  void PrintProgress() {
    next_progress_ = Seconds() + kProgressSeconds;
    std::printf("%.0f s: %lu seeds, %lu failovers\n", Seconds(), seeds_, promotions_);
    std::fflush(stdout);
  }

  void PrintSummary() {
    const std::string summary = absl::StrCat(
        seeds_, " seeds from ", options_.first_seed, ", ", promotions_, " failovers, ", forks_,
        " forks, ", wipes_, " total losses, ", operations_, " operations, ", virtual_us_ / 1000000,
        " s virtual in ", static_cast<int64_t>(Seconds()), " s, ", broken_.size(), " broken");
    std::printf("%s\n", summary.c_str());
    if (!options_.ledger.empty()) std::ofstream(options_.ledger, std::ios::app) << summary << "\n";
  }

  const CampaignOptions& options_;
  const Clock::time_point begin_ = Clock::now();
  double next_progress_ = kProgressSeconds;
  std::vector<Worker> workers_;
  std::vector<uint64_t> broken_;
  bool crashed_ = false;
  uint64_t seeds_ = 0, promotions_ = 0, forks_ = 0, wipes_ = 0, operations_ = 0, virtual_us_ = 0;
};

}  // namespace

int RunCampaign(const CampaignOptions& options) { return Campaign(options).Run(); }

}  // namespace twincached::sim
