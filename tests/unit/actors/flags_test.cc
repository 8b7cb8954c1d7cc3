// ParseCommandLine(): what an operator may write, what he gets, and what he is told.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "actors/config.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace twincached {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

struct Outcome {
  ParseResult result;
  Config config;
  std::string printed;  // on stdout
  std::string told;     // on stderr
};

Outcome Parse(std::vector<std::string> words) {
  words.insert(words.begin(), "twincached");
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(&word[0]);
  argv.push_back(nullptr);
  Outcome outcome;
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  outcome.result = ParseCommandLine(static_cast<int>(words.size()), argv.data(), &outcome.config);
  outcome.printed = testing::internal::GetCapturedStdout();
  outcome.told = testing::internal::GetCapturedStderr();
  return outcome;
}

std::string Join(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) absl::StrAppend(&line, " ", word);
  return line;
}

// Accepted without a word.
Config Accepted(const std::vector<std::string>& words) {
  const Outcome outcome = Parse(words);
  EXPECT_TRUE(outcome.result.run) << Join(words);
  EXPECT_THAT(outcome.told, IsEmpty()) << Join(words);
  EXPECT_THAT(outcome.printed, IsEmpty()) << Join(words);
  return outcome.config;
}

// Accepted with exactly one line of warning, which is returned.
std::string Warned(const std::vector<std::string>& words) {
  const Outcome outcome = Parse(words);
  EXPECT_TRUE(outcome.result.run) << Join(words);
  EXPECT_THAT(outcome.told, MatchesRegex("twincached: warning: [^\n]+\n")) << Join(words);
  return outcome.told;
}

// Refused with exactly one line, which is returned.
std::string Refused(const std::vector<std::string>& words) {
  const Outcome outcome = Parse(words);
  EXPECT_FALSE(outcome.result.run) << Join(words);
  EXPECT_EQ(outcome.result.exit_code, 1) << Join(words);
  EXPECT_THAT(outcome.told, MatchesRegex("twincached: [^\n]+\n")) << Join(words);
  EXPECT_THAT(outcome.printed, IsEmpty()) << Join(words);
  return outcome.told;
}

std::string Printed(const std::string& flag) {
  const Outcome outcome = Parse({flag});
  EXPECT_FALSE(outcome.result.run) << flag;
  EXPECT_EQ(outcome.result.exit_code, 0) << flag;
  EXPECT_THAT(outcome.told, IsEmpty()) << flag;
  return outcome.printed;
}

// A config file that lives as long as this.
class ConfigFile {
 public:
  explicit ConfigFile(absl::string_view text) : path_(testing::TempDir() + "flags_test.ini") {
    std::ofstream(path_) << text;
  }
  ~ConfigFile() { std::remove(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  const std::string path_;
};

TEST(Flags, NothingGivesMemcachedsDefaultsOnLoopback) {
  const Config config = Accepted({});
  EXPECT_EQ(config.port, 11211);
  EXPECT_THAT(config.listen, IsEmpty());
  EXPECT_EQ(config.memory_bytes_max, 64u << 20);
  EXPECT_EQ(config.connections_max, 1024u);
  EXPECT_EQ(config.item_bytes_max, 1u << 20);
  EXPECT_EQ(config.backlog, 1024);
  EXPECT_GE(config.threads, 1u);
  EXPECT_LE(config.threads, 4u);
  EXPECT_TRUE(config.evict);
  EXPECT_TRUE(config.peer.empty());
  EXPECT_EQ(config.replication_port, 11212);
  EXPECT_TRUE(config.ack_pair);
  EXPECT_FALSE(config.refuse_solo_writes);
  EXPECT_EQ(config.verbosity, 0);
  EXPECT_EQ(config.poller, net::PollerKind::kAuto);
}

TEST(Flags, PollersByName) {
  EXPECT_EQ(Accepted({"--poller=auto"}).poller, net::PollerKind::kAuto);
  EXPECT_EQ(Accepted({"--poller=io_uring"}).poller, net::PollerKind::kUring);
  EXPECT_EQ(Accepted({"--poller", "epoll"}).poller, net::PollerKind::kEpoll);
}

TEST(Flags, ShortForms) {
  const Config config =
      Accepted({"-p", "2000", "-U", "0",       "-m",  "128",    "-M", "-c",   "77", "-t",
                "3",  "-u",   "me", "-P",      "pid", "-b",     "9",  "-I",   "2m", "-d",
                "-r", "-v",   "-x", "other:5", "-X",  "11300",  "-q", "4096", "-R", "20",
                "-L", "-W",   "-B", "auto",    "-s",  "a.sock", "-a", "0770"});
  EXPECT_EQ(config.port, 2000);
  EXPECT_EQ(config.memory_bytes_max, 128u << 20);
  EXPECT_FALSE(config.evict);
  EXPECT_EQ(config.connections_max, 77u);
  EXPECT_EQ(config.threads, 3u);
  EXPECT_EQ(config.user, "me");
  EXPECT_EQ(config.pid_file, "pid");
  EXPECT_EQ(config.backlog, 9);
  EXPECT_EQ(config.item_bytes_max, 2u << 20);
  EXPECT_TRUE(config.daemonize);
  EXPECT_TRUE(config.core_dumps);
  EXPECT_EQ(config.verbosity, 1);
  EXPECT_EQ(config.peer, "other:5");
  EXPECT_EQ(config.replication_port, 11300);
  EXPECT_EQ(config.unix_socket, "a.sock");
  EXPECT_EQ(config.unix_socket_mode, 0770);
}

TEST(Flags, LongForms) {
  const Config config = Accepted(
      {"--port=2000",         "--udp-port=0",       "--memory-limit",     "32",
       "--disable-evictions", "--conn-limit=5",     "--threads=2",        "--user=me",
       "--pidfile=pid",       "--listen-backlog=3", "--max-item-size=4k", "--daemon",
       "--enable-coredumps",  "--verbose",          "--peer=other",       "--replication-port=0",
       "--listen=10.0.0.1",   "--unix-socket=s",    "--unix-mask=7",      "--protocol=ascii",
       "--enable-largepages", "--disable-watch",    "--disable-dumping",  "--max-reqs-per-event=5",
       "--node-name=a",       "--cluster=c",        "--ack=local",        "--solo-writes=refuse"});
  EXPECT_EQ(config.port, 2000);
  EXPECT_EQ(config.memory_bytes_max, 32u << 20);
  EXPECT_FALSE(config.evict);
  EXPECT_EQ(config.connections_max, 5u);
  EXPECT_EQ(config.threads, 2u);
  EXPECT_EQ(config.item_bytes_max, 4096u);
  EXPECT_EQ(config.peer, "other");
  EXPECT_EQ(config.replication_port, 0);
  EXPECT_THAT(config.listen, ElementsAre("10.0.0.1"));
  EXPECT_EQ(config.node_name, "a");
  EXPECT_EQ(config.cluster, "c");
  EXPECT_FALSE(config.ack_pair);
  EXPECT_TRUE(config.refuse_solo_writes);
}

TEST(Flags, ShortFormsRunTogether) {
  EXPECT_EQ(Accepted({"-vv"}).verbosity, 2);
  EXPECT_EQ(Accepted({"-vvv"}).verbosity, 3);
  EXPECT_EQ(Accepted({"-v", "-v"}).verbosity, 2);
  EXPECT_EQ(Accepted({"-vvvvvv"}).verbosity, 3);
  EXPECT_EQ(Accepted({"-p2000"}).port, 2000);
  const Config config = Accepted({"-dvp", "2000"});
  EXPECT_TRUE(config.daemonize);
  EXPECT_EQ(config.verbosity, 1);
  EXPECT_EQ(config.port, 2000);
}

TEST(Flags, TheLastOfAFlagGivenTwiceCounts) {
  EXPECT_EQ(Accepted({"-m", "64", "-m", "32", "-t", "1"}).memory_bytes_max, 32u << 20);
  EXPECT_EQ(Accepted({"-X", "1", "-X", "2"}).replication_port, 2);
}

TEST(Flags, EveryListenCounts) {
  EXPECT_THAT(Accepted({"-l", "127.0.0.1,[::1]:5", "-l", "localhost:99"}).listen,
              ElementsAre("127.0.0.1", "[::1]:5", "localhost:99"));
}

TEST(Flags, PortMinusOneIsAnyFreeOne) { EXPECT_EQ(Accepted({"-p", "-1"}).port, -1); }

TEST(Flags, DumpingFlagOfMemcachedIsTheReplicationPortWhenANumberFollows) {
  EXPECT_EQ(Accepted({"-X"}).replication_port, 11212);
  EXPECT_EQ(Accepted({"-X", "-v"}).verbosity, 1);
  EXPECT_EQ(Accepted({"-X", "11300"}).replication_port, 11300);
  EXPECT_EQ(Accepted({"-X11300"}).replication_port, 11300);
  EXPECT_EQ(Accepted({"-X", "0"}).replication_port, 0);
  EXPECT_EQ(Accepted({"-x", "h", "-X"}).peer, "h");
  Refused({"-X", "words"});
}

TEST(Flags, ItemSizes) {
  EXPECT_EQ(Accepted({"-I", "1024"}).item_bytes_max, 1024u);
  EXPECT_EQ(Accepted({"-I", "1k"}).item_bytes_max, 1024u);
  EXPECT_EQ(Accepted({"-I", "512K"}).item_bytes_max, 512u << 10);
  EXPECT_EQ(Accepted({"-I", "2M"}).item_bytes_max, 2u << 20);
  EXPECT_EQ(Accepted({"-I", "1024m", "-m", "4096", "-t", "1"}).item_bytes_max, 1u << 30);
  for (const char* size : {"1", "1023", "0k", "1025m", "2g", "5x", "m", "", "-1k", "1.5m",
                           "18446744073709551615k", "17592186044417m"}) {
    EXPECT_THAT(Refused({"-I", size, "-m", "4096"}), HasSubstr("1024m"));
  }
}

TEST(Flags, ValuesThatAreNone) {
  const std::vector<std::vector<std::string>> command_lines = {
      {"-p", "65536"},
      {"-p", "-2"},
      {"-p", "abc"},
      {"-p", "1x"},
      {"-p", ""},
      {"-p", "0x10"},
      {"-U", "x"},
      {"-m", "0"},
      {"-m", "-1"},
      {"-m", "abc"},
      {"-m", "99999999999999999999"},
      {"-c", "0"},
      {"-c", "abc"},
      {"-t", "0"},
      {"-t", "65"},
      {"-t", "-1"},
      {"-t", "two"},
      {"-b", "0"},
      {"-b", "x"},
      {"-a", "8"},
      {"-a", "1000"},
      {"-a", ""},
      {"-a", "77777777777777"},
      {"-R", "0"},
      {"-q", "x"},
      {"-f", "1"},
      {"-f", "nan"},
      {"-f", "x"},
      {"-n", "0"},
      {"-D", "ab"},
      {"-B", "binary"},
      {"-B", "foo"},
      {"-u", ""},
      {"-P", ""},
      {"-s", ""},
      {"-l", ""},
      {"-l", "127.0.0.1,"},
      {"-l", "127.0.0.1:99999"},
      {"-x", ""},
      {"-x", "h:port"},
      {"-X", "99999"},
      {"-X", "11211x"},
      {"--ack=both"},
      {"--ack="},
      {"--solo-writes=never"},
      {"--solo-writes="},
      {"--poller=kqueue"},
      {"--poller="},
      {"--node-name="},
      {"--node-name=a b"},
      {"--cluster=a\nb"},
      {"--suspect-after-ms=0"},
      {"--promote-after-ms=x"},
      {"--ack-timeout-ms=-5"},
      {"-o", "idle_timeout=x"},
      {"-o", ""},
      {"-o", "modern,nonsense"},
  };
  for (const auto& words : command_lines) {
    const absl::string_view flag = words[0];
    EXPECT_THAT(Refused(words), HasSubstr(std::string(flag.substr(0, flag.find('=')))));
  }
}

TEST(Flags, NumbersNameTheirLimits) {
  EXPECT_EQ(Refused({"-t", "0"}), "twincached: -t 0: not a number from 1 to 64\n");
  EXPECT_EQ(Refused({"-p", "70000"}), "twincached: -p 70000: not a number from -1 to 65535\n");
}

TEST(Flags, MissingValues) {
  for (const char* flag : {"-p", "-m", "-x", "-l", "-c", "-t", "-u", "--config", "--ack"}) {
    EXPECT_THAT(Refused({flag}), HasSubstr("value is missing"));
  }
}

TEST(Flags, UnknownFlags) {
  EXPECT_THAT(Refused({"--nonsense"}), HasSubstr("nonsense"));
  EXPECT_THAT(Refused({"-j"}), HasSubstr("-j"));
  EXPECT_THAT(Refused({"-vj"}), HasSubstr("j"));
  EXPECT_THAT(Refused({"stray"}), HasSubstr("stray"));
  EXPECT_THAT(Refused({"--po"}), HasSubstr("--po"));
  EXPECT_THAT(Refused({"-o", "nonsense=1"}), HasSubstr("illegal suboption \"nonsense=1\""));
}

TEST(Flags, ExtendedOptionsOfMemcachedAreAccepted) {
  Accepted({"-o", "modern,no_modern,maxconns_fast,no_maxconns_fast,hashpower=20,track_sizes"});
  Accepted(
      {"-o", "slab_automove=0,ext_path=/mnt/a:1G,lru_crawler,no_lru_maintainer,no_lru_crawler"});
  Accepted({"-o", "hash_algorithm=jenkins", "-o", "tail_repair_time=0,idle_timeout=0"});
}

TEST(Flags, WhatHasNoEffectSaysSo) {
  EXPECT_THAT(Warned({"-U", "11211"}), HasSubstr("UDP"));
  EXPECT_THAT(Warned({"-f", "1.08"}), HasSubstr("-f"));
  EXPECT_THAT(Warned({"-n", "24"}), HasSubstr("-n"));
  EXPECT_THAT(Warned({"-F"}), HasSubstr("flush_all"));
  EXPECT_THAT(Warned({"--disable-cas"}), HasSubstr("cas"));
  EXPECT_THAT(Warned({"-A"}), HasSubstr("shutdown"));
  EXPECT_TRUE(Accepted({"-k"}).lock_memory);
  EXPECT_TRUE(Accepted({"-L"}).huge_pages);
  EXPECT_FALSE(Accepted({}).lock_memory || Accepted({}).huge_pages);
  EXPECT_THAT(Warned({"-D", ":"}), HasSubstr("-D"));
  EXPECT_THAT(Warned({"-o", "idle_timeout=30"}), HasSubstr("idle_timeout"));
}

TEST(Flags, SecurityThatIsNotThereIsRefusedRatherThanIgnored) {
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"-S"}, {"--enable-sasl"}, {"-Z"}, {"--enable-ssl"}, {"-Y", "f"}, {"--auth-file=f"}}) {
    EXPECT_THAT(Refused(words), HasSubstr("not supported"));
  }
}

TEST(Flags, HelpBeginsWithTheVersionAndHasRepcachedsLine) {
  for (const char* flag : {"-h", "--help"}) {
    const std::string help = Printed(flag);
    EXPECT_THAT(help, StartsWith("twincached 1.6.18-twincached-"));
    EXPECT_THAT(help, HasSubstr("\n-x <ip_addr>"));
    for (const char* line : {"-p,", "-l,", "-m,", "-c,", "-t,", "-v", "-d,", "-P,", "-u,", "-h,",
                             "-V,", "-X", "-q", "-I,", "-U,"}) {
      EXPECT_THAT(help, HasSubstr(absl::StrCat("\n", line)));
    }
  }
}

TEST(Flags, HelpLinesFitATerminal) {
  size_t begin = 0;
  const std::string help = Printed("-h");
  for (size_t end; (end = help.find('\n', begin)) != std::string::npos; begin = end + 1) {
    EXPECT_LE(end - begin, 100u) << help.substr(begin, end - begin);
  }
  EXPECT_EQ(begin, help.size()) << "the last line has an end";
}

TEST(Flags, VersionAndLicense) {
  for (const char* flag : {"-V", "--version"}) {
    EXPECT_THAT(Printed(flag), MatchesRegex("twincached [0-9.]+-twincached-[0-9.]+\n"));
  }
  for (const char* flag : {"-i", "--license"}) EXPECT_THAT(Printed(flag), HasSubstr("MIT License"));
}

TEST(Flags, ConfigFileByLongNames) {
  const ConfigFile file(
      "# A comment.\nport=11215\nlisten=10.0.0.1\nconn-limit=55\nmemory-limit=256\nthreads=2\n"
      "peer=10.0.0.2\nreplication-port=11300\nuser=nobody\nverbose=true\n"
      "disable-evictions=false\nack=local\nsolo-writes=refuse\npoller=epoll\n");
  const Config config = Accepted({"--config", file.path()});
  EXPECT_EQ(config.port, 11215);
  EXPECT_THAT(config.listen, ElementsAre("10.0.0.1"));
  EXPECT_EQ(config.connections_max, 55u);
  EXPECT_EQ(config.memory_bytes_max, 256u << 20);
  EXPECT_EQ(config.threads, 2u);
  EXPECT_EQ(config.peer, "10.0.0.2");
  EXPECT_EQ(config.replication_port, 11300);
  EXPECT_EQ(config.user, "nobody");
  EXPECT_EQ(config.verbosity, 1);
  EXPECT_TRUE(config.evict);
  EXPECT_FALSE(config.ack_pair);
  EXPECT_TRUE(config.refuse_solo_writes);
  EXPECT_EQ(config.poller, net::PollerKind::kEpoll);
}

TEST(Flags, TheCommandLineWinsOverTheConfigFile) {
  const ConfigFile file("port=11215\nconn-limit=55\nlisten=10.0.0.1\n");
  const Config config = Accepted({"--config", file.path(), "-p", "11216", "--listen=127.0.0.1"});
  EXPECT_EQ(config.port, 11216);
  EXPECT_EQ(config.connections_max, 55u);
  EXPECT_THAT(config.listen, ElementsAre("127.0.0.1"));
}

TEST(Flags, VerboseInAConfigFileMayBeANumber) {
  const ConfigFile file("verbose=2\n");
  EXPECT_EQ(Accepted({"--config", file.path()}).verbosity, 2);
}

TEST(Flags, ConfigFileWithAddressesInSeveralLines) {
  const ConfigFile file("listen=127.0.0.1\nlisten=127.0.0.2:5\n");
  EXPECT_THAT(Accepted({"--config", file.path()}).listen, ElementsAre("127.0.0.1", "127.0.0.2:5"));
}

TEST(Flags, BadConfigFiles) {
  EXPECT_THAT(Refused({"--config", "/nonexistent/twincached.ini"}),
              HasSubstr("/nonexistent/twincached.ini"));
  {
    const ConfigFile file("nonsense=1\n");
    EXPECT_THAT(Refused({"--config", file.path()}), HasSubstr("nonsense"));
  }
  {
    const ConfigFile file("conn-limit=many\n");
    EXPECT_THAT(Refused({"--config", file.path()}), HasSubstr("many"));
  }
  {
    const ConfigFile file("[section]\nport=1\n");
    Refused({"--config", file.path()});
  }
  {
    const ConfigFile file("just words\n\x01\x02\xff=[[[\n");
    Refused({"--config", file.path()});
  }
}

TEST(Flags, TooLittleMemoryNamesTheLeastThatWorks) {
  EXPECT_EQ(Refused({"-m", "1", "-t", "1"}),
            "twincached: -m 1 is too small: -t 1 and items of up to 1048576 bytes (-I) need "
            "at least 2 MB\n");
  Accepted({"-m", "2", "-t", "1"});
  EXPECT_THAT(Refused({"-m", "7", "-t", "4"}), HasSubstr("at least 8 MB"));
  Accepted({"-m", "8", "-t", "4"});
  EXPECT_THAT(Refused({"-m", "64", "-t", "2", "-I", "32m"}), HasSubstr("at least 128 MB"));
}

TEST(Flags, HasAThreadForEachCoreAndNoMoreThanOneFor16Mb) {
  const uint32_t cores = std::max(1u, std::thread::hardware_concurrency());
  EXPECT_EQ(Accepted({"-m", "1024"}).threads, std::min(cores, 64u));
  EXPECT_EQ(Accepted({"-m", "31"}).threads, 1u);
  EXPECT_EQ(Accepted({"-m", "32"}).threads, std::min(cores, 2u));
}

void ExpectOrder(const replication::Timers& timers) {
  EXPECT_GT(timers.heartbeat, 0);
  EXPECT_LE(3 * timers.heartbeat, timers.suspect_after);
  EXPECT_LT(timers.suspect_after, timers.read_hold);
  EXPECT_LT(timers.read_hold, timers.solo_after);
  EXPECT_LT(timers.solo_after, timers.promote_after);
  EXPECT_LT(timers.promote_after, timers.start_wait);
}

TEST(Flags, TimersAreTheDefaultsWhenNoneIsGiven) {
  const replication::Timers defaults;
  const replication::Timers timers = Accepted({}).timers;
  EXPECT_EQ(timers.heartbeat, defaults.heartbeat);
  EXPECT_EQ(timers.suspect_after, defaults.suspect_after);
  EXPECT_EQ(timers.read_hold, defaults.read_hold);
  EXPECT_EQ(timers.solo_after, defaults.solo_after);
  EXPECT_EQ(timers.promote_after, defaults.promote_after);
  EXPECT_EQ(timers.ack_timeout, defaults.ack_timeout);
  EXPECT_EQ(timers.start_wait, defaults.start_wait);
}

TEST(Flags, TimersFollowPromoteAfterInProportion) {
  const replication::Timers late = Accepted({"--promote-after-ms=10000"}).timers;
  EXPECT_EQ(late.suspect_after, 3000);
  EXPECT_EQ(late.read_hold, 5000);
  EXPECT_EQ(late.solo_after, 7000);
  EXPECT_EQ(late.heartbeat, 100) << "more often is never wrong";
  EXPECT_EQ(late.start_wait, 30000);
  const replication::Timers early = Accepted({"--promote-after-ms=200"}).timers;
  EXPECT_EQ(early.suspect_after, 60);
  EXPECT_EQ(early.heartbeat, 20);
  EXPECT_EQ(early.start_wait, 3000);
  for (const char* promote : {"30", "31", "99", "250", "1000", "600000"}) {
    SCOPED_TRACE(promote);
    ExpectOrder(Accepted({std::string("--promote-after-ms=") + promote}).timers);
  }
}

TEST(Flags, TimersBetweenFollowBothThatAreGiven) {
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"--suspect-after-ms=900"},
           {"--suspect-after-ms=30", "--promote-after-ms=40"},
           {"--suspect-after-ms=2000", "--promote-after-ms=5000"}}) {
    SCOPED_TRACE(Join(words));
    ExpectOrder(Accepted(words).timers);
  }
  EXPECT_EQ(Accepted({"--suspect-after-ms=200"}).timers.promote_after, 1000)
      << "nobody asked for a later failover";
  EXPECT_EQ(Accepted({"--ack-timeout-ms=500"}).timers.ack_timeout, 500);
}

TEST(Flags, TimersThatDoNotFitAreRefusedWithBothValues) {
  EXPECT_EQ(Refused({"--suspect-after-ms=2000"}),
            "twincached: --suspect-after-ms 2000 and --promote-after-ms 1000 (not given) do not "
            "fit: suspect_after (2000 ms) must be shorter than read_hold (1715 ms)\n");
  EXPECT_THAT(Refused({"--suspect-after-ms=500", "--promote-after-ms=500"}),
              HasSubstr("--suspect-after-ms 500 and --promote-after-ms 500 do not fit"));
  Refused({"--suspect-after-ms=500", "--promote-after-ms=502"});
}

}  // namespace
}  // namespace twincached
