// LoadOptions: what the load generator's command line asks for.
//
// What it is: plain values with their defaults, and the parser that fills and checks them. What it
// is not: a place for results. Made once in main, read by everybody.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace twincached::bench {

constexpr int kConnectionsMax = 10000;
constexpr int kPipelineMax = 10000;
constexpr size_t kLoadValueBytesMax = size_t{64} << 20;

struct LoadOptions {
  std::string host = "127.0.0.1";
  std::vector<uint16_t> ports = {11211};  // connections take them in turn
  int connections = 50;
  int pipeline = 1;  // requests that a connection sends together, and waits for together
  double get_ratio = 0.9;
  size_t value_bytes = 100;
  uint32_t keys = 100000;
  size_t key_bytes = 20;
  double seconds = 5;
  double warmup_seconds = 0.5;
  double rate = 0;  // requests per second over all connections; 0: as fast as replies come
  uint64_t seed = 1;
  bool prefill = false;
  std::vector<int> server_pids;
  std::string trace_path;  // one line per reply: completion time, kind, latency
  bool json = false;
  bool help = false;
};

// Parses and checks the command line. False with one line in `*error` for anything unknown or out
// of range.
bool ParseLoadOptions(int argc, char** argv, LoadOptions* options, std::string* error);

// The text of --help.
const char* LoadUsage();

}  // namespace twincached::bench
