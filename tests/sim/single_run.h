// One world, told as a story: for a person who wants to know why a seed failed.
#pragma once

#include <cstdint>
#include <string>

namespace twincached::sim {

// Exit codes as main.cc's.
int Replay(uint64_t seed, bool verbose);
int RunScenarioFile(const std::string& path, bool verbose);

}  // namespace twincached::sim
