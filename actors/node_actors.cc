#include "actors/node_actors.h"

#include <atomic>
#include <utility>

#include <caf/actor_system.hpp>
#include <caf/send.hpp>

#include "absl/strings/str_cat.h"
#include "actors/link.h"
#include "actors/listener.h"
#include "actors/store.h"
#include "actors/supervisor.h"
#include "net/clock.h"
#include "proto/check.h"
#include "storage/shard.h"

namespace twincached {

namespace {

// What all shards have in common.
ShardOptions MakeShardOptions(const Config& config) {
  ShardOptions shard;
  shard.memory_bytes_max = config.memory_bytes_max / config.threads;
  shard.item_bytes_max = config.item_bytes_max;
  shard.shard_count = config.threads;
  shard.evict = config.evict;
  shard.huge_pages = config.huge_pages;
  return shard;
}

// Makes the actors of one setup; all of them start with the same clock.
class Spawner {
 public:
  Spawner(caf::actor_system* system, const NodeSetup& setup)
      : system_(*system),
        setup_(setup),
        clock_offset_ms_(net::UnixMs() - net::MonotonicUs() / 1000),
        connections_(std::make_shared<std::atomic<uint32_t>>(0)),
        tells_from_(std::make_shared<std::atomic<uint64_t>>(0)) {}

  store_actor Store(CoreUnit* unit) {
    const Config& config = setup_.config;
    StoreOptions options;
    options.clock_offset_ms = clock_offset_ms_;
    options.shard = MakeShardOptions(config);
    options.shard.shard_index = unit->core();
    options.shard.slot_seed = setup_.role.slot_seed;
    return SpawnOn<StoreActor>(system_, unit, options);
  }

  listener_actor Listener(CoreUnit* unit) {
    const Config& config = setup_.config;
    ListenerOptions options;
    options.index = unit->core();
    options.shard_count = config.threads;
    options.item_bytes_max = config.item_bytes_max;
    options.connections_max = config.connections_max;
    options.addresses = setup_.client_addresses;
    options.unix_socket_path = config.unix_socket;
    options.unix_socket_mode = config.unix_socket_mode;
    options.backlog = config.backlog;
    options.connections = connections_;
    options.tells_from = tells_from_;
    options.clock_offset_ms = clock_offset_ms_;
    options.on_open = setup_.on_open;
    options.compose_stats = setup_.compose_stats;
    return SpawnOn<ListenerActor>(system_, unit, std::move(options));
  }

  link_actor Link(CoreUnit* unit) {
    const Config& config = setup_.config;
    LinkOptions options;
    options.peer = setup_.peer;
    options.addresses = setup_.replication_addresses;
    options.shard_count = config.threads;
    options.slot_seed = setup_.role.slot_seed;
    options.incarnation_low = setup_.role.incarnation.low();
    options.memory_bytes_max = config.memory_bytes_max;
    options.memory_bytes_min = config.threads * Shard::MemoryBytesMinOf(MakeShardOptions(config));
    options.item_bytes_max = config.item_bytes_max;
    options.client_port = static_cast<uint32_t>(config.port);
    options.clock_offset_ms = clock_offset_ms_;
    options.timers = config.timers;
    return SpawnOn<LinkActor>(system_, unit, std::move(options));
  }

  supervisor_actor Supervisor(CoreUnit* unit) {
    SupervisorOptions options;
    options.role = setup_.role;
    options.peer_text = absl::StrCat(setup_.peer.host, ":", setup_.peer.port);
    options.on_exit = setup_.on_exit;
    options.tells_from = tells_from_;
    return SpawnOn<SupervisorActor>(system_, unit, std::move(options));
  }

 private:
  caf::actor_system& system_;
  const NodeSetup& setup_;
  const int64_t clock_offset_ms_;  // of the stream clock at start: the wall clock
  const std::shared_ptr<std::atomic<uint32_t>> connections_;
  const std::shared_ptr<std::atomic<uint64_t>> tells_from_;
};

}  // namespace

WiringPtr SpawnNodeActors(caf::actor_system* system,
                          const std::vector<std::unique_ptr<CoreUnit>>& units,
                          const NodeSetup& setup) {
  CHECK_EQ(units.size(), size_t{setup.config.threads});
  Spawner spawner(system, setup);
  auto wiring = std::make_shared<Wiring>();
  for (const auto& unit : units) {
    unit->set_system(system);
    wiring->stores.push_back(spawner.Store(unit.get()));
    wiring->listeners.push_back(spawner.Listener(unit.get()));
  }
  wiring->link = spawner.Link(units[0].get());
  wiring->supervisor = spawner.Supervisor(units[0].get());
  wiring->warmer = setup.warmer;
  const WiringPtr wired = wiring;
  for (const listener_actor& actor : wired->listeners) caf::anon_send(actor, wired);
  for (const store_actor& actor : wired->stores) caf::anon_send(actor, wired);
  caf::anon_send(wired->supervisor, wired);
  caf::anon_send(wired->link, wired);
  return wired;
}

}  // namespace twincached
