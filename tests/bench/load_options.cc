#include "tests/bench/load_options.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/bench/read_flags.h"
#include "tests/bench/request_text.h"

namespace twincached::bench {
namespace {

constexpr double kSecondsMax = 24 * 3600;
constexpr double kBufferBytesMax = 1024.0 * 1024 * 1024;

enum Flag {
  kHost = 1,
  kPort,
  kConnections,
  kPipeline,
  kGetRatio,
  kValueSize,
  kKeys,
  kKeySize,
  kSeconds,
  kWarmup,
  kRate,
  kSeed,
  kPrefill,
  kPid,
  kTrace,
  kJson,
  kHelp,
};

constexpr option kFlags[] = {
    {"host", required_argument, nullptr, kHost},
    {"port", required_argument, nullptr, kPort},
    {"connections", required_argument, nullptr, kConnections},
    {"pipeline", required_argument, nullptr, kPipeline},
    {"get-ratio", required_argument, nullptr, kGetRatio},
    {"value-size", required_argument, nullptr, kValueSize},
    {"keys", required_argument, nullptr, kKeys},
    {"key-size", required_argument, nullptr, kKeySize},
    {"seconds", required_argument, nullptr, kSeconds},
    {"warmup", required_argument, nullptr, kWarmup},
    {"rate", required_argument, nullptr, kRate},
    {"seed", required_argument, nullptr, kSeed},
    {"prefill", no_argument, nullptr, kPrefill},
    {"pid", required_argument, nullptr, kPid},
    {"trace", required_argument, nullptr, kTrace},
    {"json", no_argument, nullptr, kJson},
    {"help", no_argument, nullptr, kHelp},
    {nullptr, 0, nullptr, 0},
};

template <typename Number>
bool ReadWhole(absl::string_view text, double low, double high, Number* value) {
  int64_t number = 0;
  if (!absl::SimpleAtoi(text, &number)) return false;
  if (static_cast<double>(number) < low || static_cast<double>(number) > high) return false;
  *value = static_cast<Number>(number);
  return true;
}

bool ReadReal(absl::string_view text, double low, double high, double* value) {
  double number = 0;
  if (!absl::SimpleAtod(text, &number) || !(number >= low) || !(number <= high)) return false;
  *value = number;
  return true;
}

template <typename Number>
bool ReadList(absl::string_view text, double high, std::vector<Number>* values) {
  values->clear();
  for (absl::string_view part : absl::StrSplit(text, ',')) {
    Number value = 0;
    if (!ReadWhole(part, 1, high, &value)) return false;
    values->push_back(value);
  }
  return true;
}

bool ReadSizes(int flag, absl::string_view text, LoadOptions* options) {
  switch (flag) {
    case kConnections:
      return ReadWhole(text, 1, kConnectionsMax, &options->connections);
    case kPipeline:
      return ReadWhole(text, 1, kPipelineMax, &options->pipeline);
    case kValueSize:
      return ReadWhole(text, 0, kLoadValueBytesMax, &options->value_bytes);
    case kKeys:
      return ReadWhole(text, 1, 4294967295.0, &options->keys);
    case kKeySize:
      return ReadWhole(text, kKeyBytesMin, kKeyBytesMax, &options->key_bytes);
    case kSeed:
      return ReadWhole(text, 0, 9e18, &options->seed);
    default:
      return false;
  }
}

bool ReadFlag(int flag, absl::string_view text, LoadOptions* options) {
  switch (flag) {
    case kHost:
      options->host = std::string(text);
      return true;
    case kTrace:
      options->trace_path = std::string(text);
      return true;
    case kPrefill:
      return options->prefill = true;
    case kJson:
      return options->json = true;
    case kHelp:
      return options->help = true;
    case kPort:
      return ReadList(text, 65535, &options->ports);
    case kPid:
      return ReadList(text, 4194304, &options->server_pids);
    case kGetRatio:
      return ReadReal(text, 0, 1, &options->get_ratio);
    case kSeconds:
      return ReadReal(text, 0, kSecondsMax, &options->seconds);
    case kWarmup:
      return ReadReal(text, 0, kSecondsMax, &options->warmup_seconds);
    case kRate:
      return ReadReal(text, 0, 1e9, &options->rate);
    default:
      return ReadSizes(flag, text, options);
  }
}

// Every connection holds one whole batch of requests and one reply.
bool CheckMemory(const LoadOptions& options, std::string* error) {
  const double request_bytes = static_cast<double>(options.value_bytes + options.key_bytes + 64);
  const double bytes = options.connections * (options.pipeline + 1.0) * request_bytes;
  if (bytes <= kBufferBytesMax) return true;
  *error = absl::StrCat("connections x pipeline x value size need ", bytes, " bytes of buffers, ",
                        "the limit is ", kBufferBytesMax);
  return false;
}

}  // namespace

bool ParseLoadOptions(int argc, char** argv, LoadOptions* options, std::string* error) {
  const auto read = [&](int flag, absl::string_view text) { return ReadFlag(flag, text, options); };
  *error = ReadFlags(argc, argv, kFlags, read);
  if (!error->empty()) return false;
  if (optind < argc) {
    *error = absl::StrCat("unexpected argument: ", argv[optind]);
    return false;
  }
  return CheckMemory(*options, error);
}

const char* LoadUsage() {
  return "load: sends gets and sets to memcached servers, prints what they cost\n"
         "  --host ADDRESS     IPv4 address (127.0.0.1)\n"
         "  --port P[,P...]    ports, connections take them in turn (11211)\n"
         "  --connections N    (50)\n"
         "  --pipeline N       requests that a connection sends and awaits together (1)\n"
         "  --get-ratio R      share of gets, 0 to 1 (0.9)\n"
         "  --value-size N     bytes (100)\n"
         "  --keys N           key space (100000)\n"
         "  --key-size N       bytes (20)\n"
         "  --seconds S        measured time; 0: prefill only (5)\n"
         "  --warmup S         time before that, not recorded (0.5)\n"
         "  --rate N           requests per second over all connections, latency counted from\n"
         "                     when a request was due; 0: as fast as replies come (0)\n"
         "  --seed N           of the order of keys and kinds (1)\n"
         "  --prefill          set every key once before\n"
         "  --pid PID[,PID]    servers whose CPU time and memory are read from /proc\n"
         "  --trace FILE       one line per reply: completion ns, get|set, latency ns\n"
         "  --json             print the report as one JSON object\n"
         "SIGINT and SIGTERM end the measured time early. Exit codes: 0 all replies right, 1 "
         "could\n"
         "not run, 2 some replies were errors (the first one is shown).\n";
}

}  // namespace twincached::bench
