// What the process tells people: lines on stderr.
//
// repcached's contract lines go out as they are (test suites read them) with -v; errors always,
// prefixed with `twincached: `; explanations of role changes with -v; details with -vv.
// Thread-safe.
#pragma once

#include <functional>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace twincached {

// 0 errors and warnings, 1 contract lines and role changes (-v), 2 details (-vv).
void SetVerbosity(int level);
int Verbosity();

// Where lines go instead of stderr; nullptr: to stderr again. Not thread-safe: before any other
// call. For the simulator, which runs several nodes in one process.
void SetLogSink(std::function<void(absl::string_view line)> sink);

void LogError(absl::string_view line);
void LogWarning(absl::string_view line);
void LogContract(absl::string_view line);  // unprefixed
void LogInfo(absl::string_view line);      // -v
void LogDetail(absl::string_view line);    // -vv

}  // namespace twincached
