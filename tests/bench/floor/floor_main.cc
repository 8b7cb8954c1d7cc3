// floor: the bare loop that servers are measured against. --help lists its flags.

#include <getopt.h>

#include <cstdint>
#include <cstdio>
#include <string>

#include "absl/strings/numbers.h"
#include "tests/bench/floor/floor_loops.h"
#include "tests/bench/read_flags.h"

namespace twincached::bench {
namespace {

constexpr char kUsage[] =
    "floor: answers get and set on 127.0.0.1 with the least work that sockets allow\n"
    "  --port N                    (11211)\n"
    "  --poller io_uring|epoll     (io_uring)\n"
    "Ended by a signal. Exit code 1: it could not run, with the reason.\n";

enum Flag { kPort = 1, kPoller, kHelp };

constexpr option kFlags[] = {
    {"port", required_argument, nullptr, kPort},
    {"poller", required_argument, nullptr, kPoller},
    {"help", no_argument, nullptr, kHelp},
    {nullptr, 0, nullptr, 0},
};

struct FloorOptions {
  int port = 11211;
  std::string poller = "io_uring";
  bool help = false;
};

bool ReadFlag(int flag, absl::string_view text, FloorOptions* options) {
  switch (flag) {
    case kPort:
      return absl::SimpleAtoi(text, &options->port) && options->port > 0 && options->port < 65536;
    case kPoller:
      options->poller = std::string(text);
      return text == "io_uring" || text == "epoll";
    default:
      return options->help = true;
  }
}

std::string Serve(const FloorOptions& options) {
  std::string error;
  const int fd = ListenOnLoopback(static_cast<uint16_t>(options.port), &error);
  if (fd == -1) return error;
  return options.poller == "epoll" ? ServeWithEpoll(fd) : ServeWithIoUring(fd);
}

int Main(int argc, char** argv) {
  FloorOptions options;
  const auto read = [&](int flag, absl::string_view text) {
    return ReadFlag(flag, text, &options);
  };
  std::string error = ReadFlags(argc, argv, kFlags, read);
  if (error.empty() && options.help) {
    std::printf("%s", kUsage);
    return 0;
  }
  if (error.empty()) error = Serve(options);
  std::fprintf(stderr, "floor: %s\n", error.c_str());
  return 1;
}

}  // namespace
}  // namespace twincached::bench

int main(int argc, char** argv) { return twincached::bench::Main(argc, argv); }
