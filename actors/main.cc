// twincached: reads the command line, prepares the process, runs one node.
#include <cstdio>

#include "actors/config.h"
#include "actors/daemon.h"
#include "actors/log.h"
#include "actors/node.h"

namespace twincached {
namespace {

int Fail(const absl::Status& status) {
  LogError(status.message());
  return 1;
}

// As memcached, which goes on without.
void PrepareMemory(const Config& config) {
  if (config.huge_pages && !KernelHasHugePages()) {
    LogWarning("-L has no effect: the kernel has no huge pages (transparent_hugepage)");
  }
  if (!config.lock_memory) return;
  const absl::Status locked = LockMemory();
  if (!locked.ok()) LogWarning(locked.message());
}

// Everything that can go wrong goes wrong here, in the foreground, with a line that says what.
absl::Status PrepareProcess(const Config& config, Node* node, int* signal_fd) {
  absl::Status status = CheckUser(config.user);
  if (status.ok()) status = node->Prepare();
  if (status.ok() && config.core_dumps) status = RaiseCoreLimit();
  if (status.ok() && config.daemonize) status = Daemonize();
  if (status.ok() && config.lock_memory) RaiseLockLimit();
  if (status.ok()) status = DropPrivileges(config.user);
  if (status.ok()) PrepareMemory(config);
  if (status.ok()) status = node->MakeLoops();
  if (status.ok()) status = BlockSignals(signal_fd);
  if (status.ok() && !config.pid_file.empty()) status = WritePidFile(config.pid_file);
  if (status.ok()) FinishDaemonize();
  return status;
}

int RunNode(const Config& config) {
  Node node(config);
  int signal_fd = -1;
  const absl::Status status = PrepareProcess(config, &node, &signal_fd);
  if (!status.ok()) return Fail(status);
  const int code = node.Run(signal_fd);
  if (!config.pid_file.empty()) RemovePidFile(config.pid_file);
  return code;
}

}  // namespace
}  // namespace twincached

int main(int argc, char** argv) {
  twincached::Config config;
  const twincached::ParseResult parsed = twincached::ParseCommandLine(argc, argv, &config);
  if (!parsed.run) return parsed.exit_code;
  twincached::SetVerbosity(config.verbosity);
  return twincached::RunNode(config);
}
