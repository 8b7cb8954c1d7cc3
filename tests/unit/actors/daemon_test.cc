// The process's surroundings. What changes the process for good is tried in a child.
#include "actors/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "actors/log.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace twincached {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string Read(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

bool Exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

// Runs `what` in a child, which exits with what it returns. Returns the exit code, -1 for another
// end.
int InChild(const std::function<int()>& what) {
  const pid_t child = fork();
  if (child == 0) _exit(what());
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// A folder that goes with the test.
class Daemon : public testing::Test {
 protected:
  Daemon() {
    std::string name = "/tmp/daemon_test.XXXXXX";
    folder_ = mkdtemp(&name[0]);
  }
  ~Daemon() override {
    for (const char* name : {"pid", "port", "told"}) unlink(In(name).c_str());
    EXPECT_EQ(rmdir(folder_.c_str()), 0) << "something is left in " << folder_;
    unsetenv("MEMCACHED_PORT_FILENAME");
  }
  std::string In(const std::string& name) const { return absl::StrCat(folder_, "/", name); }

 private:
  std::string folder_;
};

TEST_F(Daemon, PidFileNamesThisProcess) {
  ASSERT_TRUE(WritePidFile(In("pid")).ok());
  EXPECT_EQ(Read(In("pid")), absl::StrCat(getpid(), "\n"));
  RemovePidFile(In("pid"));
  EXPECT_FALSE(Exists(In("pid")));
}

TEST_F(Daemon, PidFileOfALivingProcessIsReplacedWithAWarning) {
  std::ofstream(In("pid")) << getppid() << "\n";
  testing::internal::CaptureStderr();
  ASSERT_TRUE(WritePidFile(In("pid")).ok());
  const std::string told = testing::internal::GetCapturedStderr();
  EXPECT_THAT(told, HasSubstr(absl::StrCat("running pid ", getppid())));
  EXPECT_THAT(told, HasSubstr(In("pid")));
  EXPECT_EQ(Read(In("pid")), absl::StrCat(getpid(), "\n"));
}

TEST_F(Daemon, PidFileOfNobodyIsReplacedSilently) {
  for (const std::string& before :
       {std::string(""), std::string("no pid"), std::string("-1\n"), absl::StrCat(getpid(), "\n"),
        std::string("99999999999999999999\n"), std::string("0\n")}) {
    std::ofstream(In("pid")) << before;
    testing::internal::CaptureStderr();
    EXPECT_TRUE(WritePidFile(In("pid")).ok());
    EXPECT_THAT(testing::internal::GetCapturedStderr(), IsEmpty()) << before;
    EXPECT_EQ(Read(In("pid")), absl::StrCat(getpid(), "\n"));
  }
}

TEST_F(Daemon, PidFileThatCannotBeWrittenIsAnErrorThatNamesIt) {
  const absl::Status status = WritePidFile(In("nowhere/pid"));
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()), HasSubstr(In("nowhere/pid")));
  EXPECT_THAT(std::string(status.message()), HasSubstr("No such file"));
}

TEST_F(Daemon, PortFileIsWrittenWhenAskedFor) {
  unsetenv("MEMCACHED_PORT_FILENAME");
  EXPECT_TRUE(WritePortFile(4711).ok());
  setenv("MEMCACHED_PORT_FILENAME", In("port").c_str(), 1);
  ASSERT_TRUE(WritePortFile(4711).ok());
  EXPECT_EQ(Read(In("port")), "TCP INET: 4711\n");
  setenv("MEMCACHED_PORT_FILENAME", In("nowhere/port").c_str(), 1);
  EXPECT_FALSE(WritePortFile(4711).ok());
}

TEST_F(Daemon, RootMustNameAUserWhoExists) {
  if (getuid() != 0) {
    EXPECT_TRUE(CheckUser("").ok()) << "only root has to";
    EXPECT_TRUE(CheckUser("nosuchuser").ok());
    return;
  }
  EXPECT_EQ(CheckUser("").message(), "can't run as root without the -u switch");
  EXPECT_THAT(std::string(CheckUser("nosuchuser").message()),
              HasSubstr("can't find the user nosuchuser to switch to"));
  EXPECT_TRUE(CheckUser("nobody").ok());
}

TEST_F(Daemon, PrivilegesAreGoneForGood) {
  if (getuid() != 0) GTEST_SKIP() << "only root has any";
  const uid_t nobody = getpwnam("nobody")->pw_uid;
  EXPECT_FALSE(DropPrivileges("nosuchuser").ok());
  EXPECT_TRUE(DropPrivileges("").ok());
  EXPECT_EQ(getuid(), 0u);
  EXPECT_EQ(InChild([nobody] {
              if (!DropPrivileges("nobody").ok()) return 1;
              if (getuid() != nobody || geteuid() != nobody) return 2;
              if (getgroups(0, nullptr) != 0) return 3;
              return setuid(0) == 0 ? 4 : 0;
            }),
            0);
}

TEST_F(Daemon, ParentExitsWith0OnceTheChildServes) {
  const std::string told = In("told");
  EXPECT_EQ(InChild([&told] {
              if (!Daemonize().ok()) return 1;
              // The parent must not be gone before this.
              const bool own_session = getsid(0) == getpid();
              std::ofstream(told) << (own_session ? "serves" : "no session");
              FinishDaemonize();
              return 7;
            }),
            0);
  EXPECT_EQ(Read(told), "serves");
}

TEST_F(Daemon, ParentExitsAsTheChildDidThatFailedToStart) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(InChild([] {
              if (!Daemonize().ok()) return 9;
              LogError("the port is taken");
              return 1;
            }),
            1);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "twincached: the port is taken\n");
  EXPECT_EQ(InChild([]() -> int {
              if (!Daemonize().ok()) return 9;
              raise(SIGKILL);
              return 0;
            }),
            1);
}

// What is seen of a daemon that complains once it serves.
std::string SaidByDaemon(int verbosity) {
  int fds[2];
  EXPECT_EQ(pipe(fds), 0);
  testing::internal::CaptureStderr();
  EXPECT_EQ(InChild([verbosity] {
              SetVerbosity(verbosity);
              if (!Daemonize().ok()) return 9;
              FinishDaemonize();
              LogError("late");
              return 0;
            }),
            0);
  // The daemon has ended when nobody holds the other end any more.
  close(fds[1]);
  char byte;
  EXPECT_EQ(read(fds[0], &byte, 1), 0);
  close(fds[0]);
  return testing::internal::GetCapturedStderr();
}

TEST_F(Daemon, LeavesTheTerminalOnceItServes) { EXPECT_THAT(SaidByDaemon(0), IsEmpty()); }

TEST_F(Daemon, KeepsStderrWhenVerbose) { EXPECT_EQ(SaidByDaemon(1), "twincached: late\n"); }

TEST_F(Daemon, FinishDaemonizeDoesNothingInTheForeground) {
  testing::internal::CaptureStderr();
  FinishDaemonize();
  LogError("still here");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "twincached: still here\n");
}

TEST_F(Daemon, CoreLimitIsRaisedToTheHardOne) {
  EXPECT_EQ(InChild([] {
              const rlimit low{0, 1 << 20};
              if (setrlimit(RLIMIT_CORE, &low) != 0) return 1;
              if (!RaiseCoreLimit().ok()) return 2;
              rlimit limit;
              getrlimit(RLIMIT_CORE, &limit);
              return limit.rlim_cur >= (1 << 20) ? 0 : 3;
            }),
            0);
}

TEST_F(Daemon, SignalsAreToldAndEndNothing) {
  EXPECT_EQ(InChild([] {
              int fd = -1;
              if (!BlockSignals(&fd).ok()) return 1;
              if (NextSignal(fd) != 0) return 2;
              for (int number : {SIGINT, SIGTERM, SIGUSR1, SIGHUP}) {
                kill(getpid(), number);
                if (NextSignal(fd) != number) return number + 100;
              }
              if (NextSignal(fd) != 0) return 3;
              raise(SIGPIPE);
              int fds[2];
              if (pipe(fds) != 0) return 4;
              close(fds[0]);
              if (write(fds[1], "x", 1) != -1 || errno != EPIPE) return 5;
              return (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0 ? 0 : 6;
            }),
            0);
}

// ---------------------------------------------------------------- memory

// kB of the line `name` in /proc/self/status.
int64_t StatusKb(const std::string& name) {
  const std::string status = Read("/proc/self/status");
  const size_t begin = status.find_first_of("0123456789", status.find(name + ":"));
  int64_t kilobytes = -1;
  if (begin == std::string::npos) return -1;
  const size_t end = status.find_first_not_of("0123456789", begin);
  EXPECT_TRUE(absl::SimpleAtoi(status.substr(begin, end - begin), &kilobytes));
  return kilobytes;
}

// Sanitizers answer mlockall() themselves, and lock nothing.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kCanLock = false;
#else
constexpr bool kCanLock = true;
#endif

TEST_F(Daemon, LockedMemoryIsLockedAsItIsTouched) {
  EXPECT_FALSE(MemoryIsLocked());
  if (!kCanLock) GTEST_SKIP() << "a sanitizer keeps memory from being locked";
  const int code = InChild([] {
    RaiseLockLimit();
    if (!LockMemory().ok()) return 77;
    if (!MemoryIsLocked()) return 1;
    const int64_t resident_kb = StatusKb("VmRSS");
    constexpr size_t kBytes = size_t{256} << 20;
    char* later = static_cast<char*>(
        mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (later == MAP_FAILED) return 2;
    if (StatusKb("VmLck") < int64_t{kBytes} / 1024) return 3;
    later[0] = 1;
    return StatusKb("VmRSS") - resident_kb < int64_t{kBytes} / 1024 / 2 ? 0 : 4;
  });
  if (code == 77) GTEST_SKIP() << "may not lock memory";
  EXPECT_EQ(code, 0);
}

TEST_F(Daemon, NothingIsLockedUnderALimit) {
  const int code = InChild([] {
    const rlimit limit{1 << 20, 1 << 20};
    if (setrlimit(RLIMIT_MEMLOCK, &limit) != 0) return 1;
    if (getuid() == 0 && setuid(65534) != 0) return 2;
    RaiseLockLimit();
    const absl::Status status = LockMemory();
    const bool says = absl::StrContains(status.message(), "ulimit -l") &&
                      absl::StrContains(status.message(), "1024 kB");
    return says && !MemoryIsLocked() ? 0 : 3;
  });
  EXPECT_EQ(code, 0);
}

TEST_F(Daemon, KnowsWhetherTheKernelHasHugePages) {
  const auto has = [this](const std::string& text) {
    std::ofstream(In("pid")) << text;
    return KernelHasHugePages(In("pid"));
  };
  EXPECT_TRUE(has("always [madvise] never\n"));
  EXPECT_TRUE(has("[always] madvise never\n"));
  EXPECT_FALSE(has("always madvise [never]\n"));
  EXPECT_FALSE(KernelHasHugePages(In("nothing")));
}

}  // namespace
}  // namespace twincached
