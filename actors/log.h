// What the process tells people: lines on stderr.
//
// repcached's contract lines go out as they are (test suites read them) with -v; errors always,
// prefixed with `twincached: `; explanations of role changes with -v; details with -vv.
// Thread-safe.
#pragma once

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace twincached {

// 0 errors and warnings, 1 contract lines and role changes (-v), 2 details (-vv).
void SetVerbosity(int level);
int Verbosity();

void LogError(absl::string_view line);
void LogWarning(absl::string_view line);
void LogContract(absl::string_view line);  // unprefixed
void LogInfo(absl::string_view line);      // -v
void LogDetail(absl::string_view line);    // -vv

}  // namespace twincached
