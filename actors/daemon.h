// The process's surroundings: user, background, pid file, limits, signals.
//
// Plain functions for main(), called once, in this order, before any thread is started. Each
// failure is one sentence that names what was asked for and which flag says so. Signals are what
// they are to threads started after BlockSignals().
#pragma once

#include <string>

#include "absl/status/status.h"

namespace twincached {

// Root must name a user (-u), and one that exists: Status with memcached's reason otherwise. Anyone
// else stays who he is, whatever -u says.
absl::Status CheckUser(const std::string& user);
absl::Status RaiseCoreLimit();
// For LockMemory(), if this process may: before DropPrivileges().
void RaiseLockLimit();
// Locks every page of the process (-k) when it is touched, not before, those of later mappings too:
// none of it is swapped out. To be called behind Daemonize(), as a child inherits no locks. Under a
// limit (ulimit -l, unless this process may ignore it) later mappings would be refused at that
// size, so then nothing is locked and it fails.
absl::Status LockMemory();
// LockMemory() has succeeded.
bool MemoryIsLocked();
// Whether the kernel may back memory with huge pages: what `path` says, the kernel's word by word.
bool KernelHasHugePages(const std::string& path = "/sys/kernel/mm/transparent_hugepage/enabled");
// Becomes `user` for good (groups, gid, uid). Nothing when empty or not root.
absl::Status DropPrivileges(const std::string& user);

// Goes to the background (-d): returns in a child with a session of its own. The parent waits until
// the child calls FinishDaemonize() and exits with 0, or until the child ends and exits as that
// did; so an error of the start is still seen on the terminal, and in the exit code.
absl::Status Daemonize();
// The start has succeeded: lets the parent go and leaves the terminal. With -v stderr stays, as
// memcached has it. Nothing without Daemonize().
void FinishDaemonize();

// Writes "PID\n" atomically; warns on stderr when the file names a living process, as memcached
// does.
absl::Status WritePidFile(const std::string& path);
void RemovePidFile(const std::string& path);
// Writes memcached's port file: "TCP INET: port\n" to $MEMCACHED_PORT_FILENAME, when that is set.
absl::Status WritePortFile(int port);

// Blocks SIGINT and SIGTERM (and USR1, HUP) for every thread started later; SIGPIPE is ignored.
// Returns a signalfd that tells them, or fails.
absl::Status BlockSignals(int* signal_fd);
// The next pending signal of a signalfd, 0 when there is none.
int NextSignal(int signal_fd);

}  // namespace twincached
