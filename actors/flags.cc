// The command line and the config file, by means of CLI11: which flags there are. What their values
// mean is flag_values.h's.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "actors/config.h"
#include "actors/flag_values.h"
#include "actors/help_text.h"
#include "actors/log.h"
#include "proto/version.h"

namespace twincached {
namespace {

enum class Takes : uint8_t {
  kValue,       // one; given twice, the last counts
  kEveryValue,  // one, as often as it is given
  kMaybeValue,  // one, or none
};

struct ValueFlag {
  const char* names;
  Takes takes;
  SetValue set;
};

constexpr ValueFlag kValueFlags[] = {
    {"-p,--port", Takes::kValue, SetPort},
    {"-U,--udp-port", Takes::kValue, SetUdpPort},
    {"-s,--unix-socket", Takes::kValue, SetUnixSocket},
    {"-a,--unix-mask", Takes::kValue, SetUnixMask},
    {"-l,--listen", Takes::kEveryValue, AddListen},
    {"-u,--user", Takes::kValue, SetUser},
    {"-m,--memory-limit", Takes::kValue, SetMemory},
    {"-c,--conn-limit", Takes::kValue, SetConnections},
    {"-P,--pidfile", Takes::kValue, SetPidFile},
    {"-f,--slab-growth-factor", Takes::kValue, CheckFactor},
    {"-n,--slab-min-size", Takes::kValue, CheckChunkSize},
    {"-D", Takes::kValue, CheckDelimiter},
    {"-t,--threads", Takes::kValue, SetThreads},
    {"-R,--max-reqs-per-event", Takes::kValue, CheckPositive},
    {"-b,--listen-backlog", Takes::kValue, SetBacklog},
    {"-B,--protocol", Takes::kValue, SetProtocol},
    {"-I,--max-item-size", Takes::kValue, SetItemSize},
    {"-o,--extended", Takes::kEveryValue, SetExtended},
    {"-x,--peer", Takes::kValue, SetPeer},
    {"-X,--replication-port", Takes::kMaybeValue, SetReplicationPort},
    {"-q,--queue-length", Takes::kValue, CheckPositive},
    {"--node-name", Takes::kValue, SetNodeName},
    {"--cluster", Takes::kValue, SetCluster},
    {"--solo-writes", Takes::kValue, SetSoloWrites},
    {"--ack", Takes::kValue, SetAck},
    {"--poller", Takes::kValue, SetPoller},
    {"--suspect-after-ms", Takes::kValue, SetSuspectAfter},
    {"--promote-after-ms", Takes::kValue, SetPromoteAfter},
    {"--ack-timeout-ms", Takes::kValue, SetAckTimeout},
};

// Flags without a value.
struct Switch {
  const char* names;
  bool Config::*member;  // null: none
  bool value;
  const char* warning;  // null: none, because nobody can miss anything
};

constexpr Switch kSwitches[] = {
    {"-d,--daemon", &Config::daemonize, true, nullptr},
    {"-r,--enable-coredumps", &Config::core_dumps, true, nullptr},
    {"-M,--disable-evictions", &Config::evict, false, nullptr},
    {"-A,--enable-shutdown", nullptr, true, "-A has no effect: there is no shutdown command"},
    {"-k,--lock-memory", &Config::lock_memory, true, nullptr},
    {"-L,--enable-largepages", &Config::huge_pages, true, nullptr},
    {"-C,--disable-cas", nullptr, true, "-C has no effect: cas stays enabled"},
    {"-F,--disable-flush-all", nullptr, true, "-F has no effect: flush_all stays enabled"},
    // True anyway: nothing can be watched or dumped.
    {"-W,--disable-watch", nullptr, true, nullptr},
    {"--disable-dumping", nullptr, true, nullptr},
};

// What would make a node less safe than its operator believes, were it ignored.
struct Unsupported {
  const char* names;
  bool takes_value;
};

constexpr Unsupported kUnsupported[] = {
    {"-S,--enable-sasl", false}, {"-Z,--enable-ssl", false}, {"-Y,--auth-file", true},
    {"-e,--memory-file", true},  {"-N,--napi_ids", true},
};

constexpr char kVerboseNames[] = "-v,--verbose";
constexpr char kLicenseNames[] = "-i,--license";
constexpr char kConfigName[] = "--config";
constexpr int kVerbosityMax = 3;

CLI::Option* AddValueFlag(const char* names, CLI::App* app) {
  CLI::Option* option = app->add_option(names);
  option->type_name("VALUE")->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  return option;
}

void AddFlags(CLI::App* app) {
  for (const ValueFlag& flag : kValueFlags) {
    CLI::Option* option = AddValueFlag(flag.names, app);
    if (flag.takes == Takes::kMaybeValue) option->expected(0, 1);
  }
  for (const Switch& flag : kSwitches) app->add_flag(flag.names);
  for (const Unsupported& flag : kUnsupported) {
    flag.takes_value ? AddValueFlag(flag.names, app) : app->add_flag(flag.names);
  }
  app->add_flag(kVerboseNames);
  app->add_flag(kLicenseNames)->configurable(false);
  app->set_help_flag("-h,--help");
  app->set_version_flag("-V,--version", kVersion);
  app->set_config(kConfigName);
  app->allow_config_extras(CLI::config_extras_mode::error);
}

// The first of a flag's names: what CLI11 finds it by, and what an error calls it.
std::string FirstName(absl::string_view names) {
  return std::string(names.substr(0, names.find(',')));
}

const std::vector<std::string>& Results(const CLI::App& app, const char* names) {
  return app.get_option(FirstName(names))->results();
}

bool IsOn(const CLI::App& app, const char* names) {
  const std::vector<std::string>& results = Results(app, names);
  return !results.empty() && results.back() != "false";
}

// -v -v, -vv, verbose=2 and verbose=true.
int CountVerbose(const CLI::App& app) {
  int level = 0;
  for (const std::string& result : Results(app, kVerboseNames)) {
    int number = 0;
    if (absl::SimpleAtoi(result, &number)) {
      level += std::max(0, std::min(number, kVerbosityMax));
    } else if (result != "false") {
      ++level;
    }
  }
  return std::min(level, kVerbosityMax);
}

std::string ApplyValueFlag(const ValueFlag& flag, const CLI::App& app, FlagValues* values) {
  const std::vector<std::string>& results = Results(app, flag.names);
  const size_t first = flag.takes == Takes::kEveryValue || results.empty() ? 0 : results.size() - 1;
  for (size_t i = first; i < results.size(); ++i) {
    if (flag.takes == Takes::kMaybeValue && results[i].empty()) continue;
    const std::string error = flag.set(results[i], values);
    if (!error.empty()) return absl::StrCat(FirstName(flag.names), " ", results[i], ": ", error);
  }
  return "";
}

// Empty, or the sentence that refuses the command line.
std::string Apply(const CLI::App& app, FlagValues* values) {
  for (const Unsupported& flag : kUnsupported) {
    if (IsOn(app, flag.names)) {
      return absl::StrCat(absl::StrReplaceAll(flag.names, {{",", ", "}}),
                          ": not supported by this version");
    }
  }
  for (const ValueFlag& flag : kValueFlags) {
    std::string error = ApplyValueFlag(flag, app, values);
    if (!error.empty()) return error;
  }
  for (const Switch& flag : kSwitches) {
    if (!IsOn(app, flag.names)) continue;
    if (flag.member != nullptr) values->config.*flag.member = flag.value;
    if (flag.warning != nullptr) values->warnings.push_back(flag.warning);
  }
  values->config.verbosity = CountVerbose(app);
  return Finish(values);
}

ParseResult Print(absl::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
  return {false, EXIT_SUCCESS};
}

ParseResult Refuse(absl::string_view reason) {
  LogError(reason);
  return {false, EXIT_FAILURE};
}

}  // namespace

ParseResult ParseCommandLine(int argc, char** argv, Config* config) {
  const std::string version_line = absl::StrCat("twincached ", kVersion, "\n");
  CLI::App app;
  AddFlags(&app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return Print(absl::StrCat(version_line, HelpText()));
  } catch (const CLI::CallForVersion&) {
    return Print(version_line);
  } catch (const CLI::ArgumentMismatch& error) {
    const absl::string_view flag = error.what();
    return Refuse(absl::StrCat(flag.substr(0, flag.find(':')), ": its value is missing"));
  } catch (const CLI::ConfigError& error) {
    return Refuse(absl::StrCat("in the file of --config: ", error.what()));
  } catch (const CLI::Error& error) {
    return Refuse(absl::StrCat(absl::StripAsciiWhitespace(error.what()), " (-h lists the flags)"));
  }
  if (IsOn(app, kLicenseNames)) return Print(absl::StrCat(version_line, LicenseText()));
  FlagValues values;
  values.config = *config;
  const std::string error = Apply(app, &values);
  if (!error.empty()) return Refuse(error);
  for (const std::string& warning : values.warnings) LogWarning(warning);
  *config = std::move(values.config);
  return {true, EXIT_SUCCESS};
}

}  // namespace twincached
