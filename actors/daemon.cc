#include "actors/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "actors/log.h"

namespace twincached {
namespace {

// Where FinishDaemonize() tells the parent; -1: no parent waits.
int parent_fd = -1;

bool memory_is_locked = false;

absl::Status Failure(absl::string_view what) {
  const int error = errno;
  return absl::UnknownError(absl::StrCat(what, ": ", std::strerror(error)));
}

absl::Status UnknownUser(const std::string& user) {
  return absl::NotFoundError(absl::StrCat("can't find the user ", user, " to switch to (-u)"));
}

// Never returns: 0 when the child serves, else the child's own exit code.
[[noreturn]] void WaitForChild(pid_t child, int fd) {
  char told = 0;
  ssize_t count = 0;
  do {
    count = read(fd, &told, 1);
  } while (count < 0 && errno == EINTR);
  if (count == 1) _exit(EXIT_SUCCESS);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  _exit(WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE);
}

// CAP_IPC_LOCK.
bool MayIgnoreLockLimit() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
  if (syscall(SYS_capget, &header, data) != 0) return false;
  return (data[0].effective >> CAP_IPC_LOCK & 1) != 0;
}

void LeaveTerminal() {
  const int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null_fd < 0) return;
  dup2(null_fd, STDIN_FILENO);
  dup2(null_fd, STDOUT_FILENO);
  if (Verbosity() == 0) dup2(null_fd, STDERR_FILENO);
  if (null_fd > STDERR_FILENO) close(null_fd);
}

// All of a small file, nothing when it cannot be read.
std::string ReadSmallFile(const std::string& path) {
  std::string text;
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return text;
  char bytes[64];
  const ssize_t count = read(fd, bytes, sizeof(bytes));
  if (count > 0) text.assign(bytes, static_cast<size_t>(count));
  close(fd);
  return text;
}

// A reader sees the old file or the whole new one.
absl::Status WriteAtomically(const std::string& path, absl::string_view text) {
  const std::string draft = path + ".tmp";
  const int fd = open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (fd < 0) return Failure(absl::StrCat("cannot write ", path));
  const ssize_t count = write(fd, text.data(), text.size());
  const bool whole = count == static_cast<ssize_t>(text.size());
  const bool closed = close(fd) == 0;
  if (whole && closed && rename(draft.c_str(), path.c_str()) == 0) return absl::OkStatus();
  const absl::Status failure = Failure(absl::StrCat("cannot write ", path));
  unlink(draft.c_str());
  return failure;
}

sigset_t HandledSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (int signal : {SIGINT, SIGTERM, SIGUSR1, SIGHUP}) sigaddset(&signals, signal);
  return signals;
}

}  // namespace

absl::Status CheckUser(const std::string& user) {
  if (geteuid() != 0 && getuid() != 0) return absl::OkStatus();
  if (user.empty()) {
    return absl::FailedPreconditionError("can't run as root without the -u switch");
  }
  return getpwnam(user.c_str()) == nullptr ? UnknownUser(user) : absl::OkStatus();
}

absl::Status RaiseCoreLimit() {
  rlimit limit;
  if (getrlimit(RLIMIT_CORE, &limit) != 0) return Failure("cannot read the core file limit (-r)");
  const rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
  if (setrlimit(RLIMIT_CORE, &unlimited) == 0) return absl::OkStatus();
  limit.rlim_cur = limit.rlim_max;
  if (limit.rlim_cur == 0) {
    return absl::FailedPreconditionError("failed to ensure corefile creation (-r): the limit is 0");
  }
  if (setrlimit(RLIMIT_CORE, &limit) != 0) return Failure("cannot raise the core file limit (-r)");
  return absl::OkStatus();
}

void RaiseLockLimit() {
  const rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
  if (setrlimit(RLIMIT_MEMLOCK, &unlimited) == 0) return;
  rlimit limit{};
  if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)setrlimit(RLIMIT_MEMLOCK, &limit);
}

absl::Status LockMemory() {
  rlimit limit{};
  if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0) return Failure("-k invalid, getrlimit() failed");
  if (limit.rlim_cur != RLIM_INFINITY && !MayIgnoreLockLimit()) {
    return absl::ResourceExhaustedError(
        absl::StrCat("-k invalid, memory is not locked: at most ", limit.rlim_cur / 1024,
                     " kB may be (ulimit -l), it has to be unlimited"));
  }
  if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) != 0) {
    return Failure("-k invalid, mlockall() failed");
  }
  memory_is_locked = true;
  return absl::OkStatus();
}

bool MemoryIsLocked() { return memory_is_locked; }

bool KernelHasHugePages(const std::string& path) {
  const std::string modes = ReadSmallFile(path);
  return !modes.empty() && modes.find("[never]") == std::string::npos;
}

absl::Status DropPrivileges(const std::string& user) {
  if (user.empty() || (geteuid() != 0 && getuid() != 0)) return absl::OkStatus();
  const passwd* entry = getpwnam(user.c_str());
  if (entry == nullptr) return UnknownUser(user);
  if (setgroups(0, nullptr) != 0) return Failure("failed to drop supplementary groups (-u)");
  if (setgid(entry->pw_gid) != 0 || setuid(entry->pw_uid) != 0) {
    return Failure(absl::StrCat("failed to assume identity of user ", user, " (-u)"));
  }
  return absl::OkStatus();
}

absl::Status Daemonize() {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) != 0) return Failure("cannot go to the background (-d)");
  const pid_t child = fork();
  if (child < 0) return Failure("cannot go to the background (-d)");
  if (child > 0) {
    close(fds[1]);
    WaitForChild(child, fds[0]);
  }
  close(fds[0]);
  parent_fd = fds[1];
  if (setsid() < 0) return Failure("cannot begin a session (-d)");
  return absl::OkStatus();
}

void FinishDaemonize() {
  if (parent_fd < 0) return;
  LeaveTerminal();
  // A parent that has been killed meanwhile is no reason to stop.
  const char told = 1;
  const ssize_t count = write(parent_fd, &told, 1);
  static_cast<void>(count);
  close(parent_fd);
  parent_fd = -1;
}

absl::Status WritePidFile(const std::string& path) {
  const std::string before = ReadSmallFile(path);
  int old_pid = 0;
  if (absl::SimpleAtoi(absl::StripAsciiWhitespace(before), &old_pid) && old_pid > 0 &&
      old_pid != getpid() && (kill(old_pid, 0) == 0 || errno == EPERM)) {
    LogWarning(absl::StrCat("the pid file ", path, " (-P) contained the running pid ", old_pid));
  }
  return WriteAtomically(path, absl::StrCat(getpid(), "\n"));
}

void RemovePidFile(const std::string& path) { unlink(path.c_str()); }

absl::Status WritePortFile(int port) {
  const char* path = std::getenv("MEMCACHED_PORT_FILENAME");
  if (path == nullptr || *path == '\0') return absl::OkStatus();
  return WriteAtomically(path, absl::StrCat("TCP INET: ", port, "\n"));
}

absl::Status BlockSignals(int* signal_fd) {
  const sigset_t signals = HandledSignals();
  if (signal(SIGPIPE, SIG_IGN) == SIG_ERR) return Failure("cannot ignore SIGPIPE");
  const int error = pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  if (error != 0) {
    errno = error;
    return Failure("cannot block signals");
  }
  *signal_fd = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
  return *signal_fd < 0 ? Failure("cannot watch signals") : absl::OkStatus();
}

int NextSignal(int signal_fd) {
  signalfd_siginfo info;
  ssize_t count = 0;
  do {
    count = read(signal_fd, &info, sizeof(info));
  } while (count < 0 && errno == EINTR);
  return count == static_cast<ssize_t>(sizeof(info)) ? static_cast<int>(info.ssi_signo) : 0;
}

}  // namespace twincached
