#include "actors/node.h"

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <random>
#include <utility>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/atom.hpp>
#include <caf/send.hpp>

#include "absl/strings/str_cat.h"
#include "actors/core_actor.h"
#include "actors/daemon.h"
#include "actors/log.h"
#include "actors/node_actors.h"
#include "actors/stats_text.h"
#include "actors/warmer.h"
#include "net/clock.h"
#include "net/poller_choice.h"
#include "net/socket.h"
#include "proto/key_hash.h"

namespace twincached {

namespace {

// Descriptors beyond the clients': listening sockets, the peer, epoll, eventfd, stderr.
constexpr size_t kSpareDescriptors = 64;

double Seconds(const timeval& time) { return time.tv_sec + time.tv_usec / 1e6; }

ProcessStats ReadProcessStats(int64_t started_ms) {
  ProcessStats stats;
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  stats.pid = getpid();
  stats.real_ms = net::BoottimeMs();
  stats.uptime_seconds = (stats.real_ms - started_ms) / 1000;
  stats.unix_seconds = net::UnixMs() / 1000;
  stats.user_seconds = Seconds(usage.ru_utime);
  stats.system_seconds = Seconds(usage.ru_stime);
  return stats;
}

uint64_t RandomBits() {
  std::random_device device;
  return (uint64_t{device()} << 32) | device();
}

std::string HostName() {
  char name[256] = {};
  return gethostname(name, sizeof(name) - 1) == 0 ? name : "localhost";
}

replication::RoleConfig MakeRoleConfig(const Config& config) {
  replication::RoleConfig role;
  role.has_peer = !config.peer.empty();
  role.node_name =
      config.node_name.empty() ? absl::StrCat(HostName(), ":", config.port) : config.node_name;
  role.node_id = HashKey(role.node_name, 0);
  role.cluster_id = HashKey(config.cluster, 0);
  role.incarnation.set_high(RandomBits());
  role.incarnation.set_low(RandomBits());
  role.ack_pair = config.ack_pair;
  role.refuse_solo_writes = config.refuse_solo_writes;
  role.slot_seed = RandomBits();
  role.random_seed = RandomBits();
  role.timers = config.timers;
  return role;
}

// The port that was bound, and is free again.
absl::StatusOr<uint16_t> TryPort(const net::Address& address) {
  const absl::StatusOr<int> fd = net::ListenTcp(address, {});
  if (!fd.ok()) return fd.status();
  const uint16_t port = net::LocalAddress(*fd).port();
  close(*fd);
  return port;
}

// Tells the SUPERVISOR about signals.
class SignalTarget final : public net::PollTarget {
 public:
  SignalTarget(int signal_fd, supervisor_actor supervisor)
      : signal_fd_(signal_fd), supervisor_(std::move(supervisor)) {}

  void OnReady(uint32_t) override {
    for (int signal = NextSignal(signal_fd_); signal != 0; signal = NextSignal(signal_fd_)) {
      if (signal == SIGHUP) {
        LogInfo("got SIGHUP: nothing to reload");
      } else {
        caf::anon_send(supervisor_, StopSignal{signal});
      }
    }
  }

 private:
  const int signal_fd_;
  const supervisor_actor supervisor_;
};

}  // namespace

Node::Node(Config config) : config_(std::move(config)) {}

Node::~Node() = default;

// ---------------------------------------------------------------- before anything runs

absl::Status Node::Prepare() {
  const absl::Status resolved = ResolveAddresses();
  if (!resolved.ok()) return resolved;
  const size_t wanted = config_.connections_max + kSpareDescriptors;
  const size_t limit = net::RaiseDescriptorLimit(wanted);
  if (limit < wanted) {
    LogWarning(absl::StrCat("only ", limit, " file descriptors allowed (ulimit -n), ", wanted,
                            " wanted for -c ", config_.connections_max));
  }
  return TryPorts();
}

absl::Status Node::ResolveAddresses() {
  std::vector<std::string> hosts = config_.listen;
  if (hosts.empty()) hosts.push_back("127.0.0.1");
  const uint16_t port = static_cast<uint16_t>(std::max(config_.port, 0));
  for (const std::string& text : hosts) {
    auto host_port = net::ParseHostPort(text, port);
    if (!host_port.ok()) return host_port.status();
    auto address = net::ResolveBlocking(*host_port);
    if (!address.ok()) return address.status();
    client_addresses_.push_back(*address);
    replication_addresses_.push_back(
        address->WithPort(static_cast<uint16_t>(config_.replication_port)));
  }
  if (config_.peer.empty()) return absl::OkStatus();
  auto peer = net::ParseHostPort(config_.peer, static_cast<uint16_t>(config_.replication_port));
  if (!peer.ok()) return peer.status();
  peer_ = *peer;
  return absl::OkStatus();
}

// The ports are bound and let go again: a node that joins keeps them closed until it is in sync.
absl::Status Node::TryPorts() {
  if (config_.port == 0) client_addresses_.clear();
  for (net::Address& address : client_addresses_) {
    const absl::StatusOr<uint16_t> port = TryPort(address);
    if (!port.ok()) return port.status();
    if (config_.port < 0) config_.port = *port;
    address = address.WithPort(*port);
  }
  if (config_.replication_port != 0) return absl::OkStatus();
  for (net::Address& address : replication_addresses_) {
    const absl::StatusOr<uint16_t> port = TryPort(address);
    if (!port.ok()) return port.status();
    address = address.WithPort(*port);
    config_.replication_port = *port;
  }
  return absl::OkStatus();
}

absl::Status Node::MakeLoops() {
  absl::StatusOr<net::Pollers> made = net::NewPollers(config_.poller, config_.threads);
  if (!made.ok()) {
    if (config_.poller != net::PollerKind::kUring) return made.status();
    return absl::UnavailableError(absl::StrCat("--poller=io_uring: ", made.status().message(),
                                               " (--poller=auto goes on without)"));
  }
  if (!made->why_epoll.empty()) LogInfo(absl::StrCat("serving with epoll: ", made->why_epoll));
  config_.poller = made->kind;
  for (uint32_t core = 0; core < config_.threads; ++core) {
    units_.push_back(std::make_unique<CoreUnit>(
        nullptr, core, std::make_unique<net::EventLoop>(std::move(made->pollers[core]))));
  }
  return absl::OkStatus();
}

// ---------------------------------------------------------------- the actors

void Node::SpawnActors() {
  system_config_ = std::make_unique<caf::actor_system_config>();
  // CAF's own threads do nothing for us: one, and asleep.
  system_config_->set("scheduler.max-threads", size_t{1});
  system_config_->set("scheduler.policy", caf::atom("sharing"));
  system_ = std::make_unique<caf::actor_system>(*system_config_);

  NodeSetup setup;
  setup.config = config_;
  setup.role = MakeRoleConfig(config_);
  setup.peer = peer_;
  setup.client_addresses = client_addresses_;
  setup.replication_addresses = replication_addresses_;
  setup.warmer = SpawnWarmer(system_.get());
  setup.on_exit = [this](int code) { RequestExit(code); };
  setup.on_open = [port = config_.port] {
    const absl::Status status = WritePortFile(port);
    if (!status.ok()) LogWarning(status.message());
  };
  setup.compose_stats = [config = config_, started_ms = net::BoottimeMs()](
                            absl::string_view argument, const NodeStats& stats) {
    Config now = config;
    now.verbosity = Verbosity();
    now.lock_memory = MemoryIsLocked();
    return ComposeStats(argument, stats, ReadProcessStats(started_ms), now);
  };
  wiring_ = SpawnNodeActors(system_.get(), units_, setup);
}

// ---------------------------------------------------------------- running and ending

int Node::Run(int signal_fd) {
  SpawnActors();
  auto signals = std::make_unique<SignalTarget>(signal_fd, wiring_->supervisor);
  net::Poller& poller = units_[0]->loop().poller();
  poller.Add(signal_fd, net::kReadable, signals.get());
  std::vector<std::thread> threads;
  for (size_t core = 1; core < units_.size(); ++core) {
    threads.emplace_back([unit = units_[core].get()] { unit->Run(); });
  }
  units_[0]->Run();
  for (std::thread& thread : threads) thread.join();
  if (ending_.joinable()) ending_.join();
  wiring_.reset();  // destroys the actors, while their loops are there and nothing runs
  poller.Remove(signal_fd, signals.get());
  signals.reset();
  units_.clear();
  system_.reset();
  return exit_code_;
}

void Node::RequestExit(int code) {
  exit_code_ = code;
  ending_ = std::thread([this] { EndActors(); });
}

void Node::EndActors() {
  const auto reason = caf::exit_reason::user_shutdown;
  // STOREs first: the commands that they execute are views into the LISTENERs' input.
  for (const store_actor& actor : wiring_->stores) {
    caf::anon_send_exit(actor, reason);
    WaitForEndOf(actor);
  }
  for (const listener_actor& actor : wiring_->listeners) caf::anon_send_exit(actor, reason);
  caf::anon_send_exit(wiring_->link, reason);
  caf::anon_send_exit(wiring_->supervisor, reason);
  caf::anon_send_exit(wiring_->warmer, reason);
  system_->await_all_actors_done();
  for (auto& unit : units_) unit->Stop();
}

}  // namespace twincached
