#include "tests/bench/process_usage.h"

#include <dirent.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "proto/check.h"

namespace twincached::bench {
namespace {

constexpr uint64_t kNsPerSecond = 1000000000;

// The file's first 4 KiB, which hold the files read here whole; empty when it cannot be read.
std::string ReadSmallFile(const std::string& path) {
  FILE* file = std::fopen(path.c_str(), "re");
  if (file == nullptr) return "";
  char text[4096];
  const size_t bytes = std::fread(text, 1, sizeof(text), file);
  std::fclose(file);
  return std::string(text, bytes);
}

// The number in field `index` of a space-separated text; false when there is none.
bool FieldNumber(absl::string_view text, size_t index, uint64_t* value) {
  const std::vector<absl::string_view> fields =
      absl::StrSplit(text, absl::ByAnyChar(" \n"), absl::SkipEmpty());
  return index < fields.size() && absl::SimpleAtoi(fields[index], value);
}

// Sums schedstat of the live threads: servers measured here do not end threads under load.
bool ReadSchedstat(int pid, uint64_t* cpu_ns) {
  const std::string folder = absl::StrCat("/proc/", pid, "/task");
  DIR* tasks = opendir(folder.c_str());
  if (tasks == nullptr) return false;
  bool found = false;
  uint64_t sum = 0;
  while (const dirent* entry = readdir(tasks)) {
    uint64_t thread_ns = 0;
    if (entry->d_name[0] == '.') continue;
    const std::string path = absl::StrCat(folder, "/", entry->d_name, "/schedstat");
    if (!FieldNumber(ReadSmallFile(path), 0, &thread_ns)) continue;
    sum += thread_ns;
    found = true;
  }
  closedir(tasks);
  if (found) *cpu_ns = sum;
  return found;
}

// utime and stime are fields 14 and 15 of stat; the name in field 2 may hold spaces, so count
// from its closing parenthesis.
bool ReadStatTicks(int pid, uint64_t* cpu_ns) {
  const std::string stat = ReadSmallFile(absl::StrCat("/proc/", pid, "/stat"));
  const size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos) return false;
  const absl::string_view fields = absl::string_view(stat).substr(name_end + 1);
  uint64_t user = 0;
  uint64_t system = 0;
  if (!FieldNumber(fields, 11, &user) || !FieldNumber(fields, 12, &system)) return false;
  *cpu_ns = (user + system) * (kNsPerSecond / static_cast<uint64_t>(sysconf(_SC_CLK_TCK)));
  return true;
}

}  // namespace

bool ReadProcessUsage(int pid, ProcessUsage* usage) {
  uint64_t pages = 0;
  const std::string statm = ReadSmallFile(absl::StrCat("/proc/", pid, "/statm"));
  if (!FieldNumber(statm, 1, &pages)) return false;
  usage->resident_bytes = pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  return ReadSchedstat(pid, &usage->cpu_ns) || ReadStatTicks(pid, &usage->cpu_ns);
}

uint64_t OwnCpuNs() {
  timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<uint64_t>(now.tv_sec) * kNsPerSecond + static_cast<uint64_t>(now.tv_nsec);
}

uint64_t OwnResidentBytes() {
  const std::string rollup = ReadSmallFile("/proc/self/smaps_rollup");
  const size_t line = rollup.find("\nRss:");
  uint64_t kib = 0;
  CHECK(line != std::string::npos);
  CHECK(FieldNumber(absl::string_view(rollup).substr(line + 1), 1, &kib));
  return kib * 1024;
}

}  // namespace twincached::bench
