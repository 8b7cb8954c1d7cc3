// The LINK's part of `cache_memlimit`: it has the node's limit, tells it to STOREs and peer, and
// keeps a slave's from falling below its master's.
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "actors/link.h"
#include "actors/log.h"
#include "net/clock.h"
#include "proto/replication/decide.h"

namespace twincached {

using replication::ConnectionId;
using Side = MemoryLimit::Side;

namespace {

// The connections on which the peer, or a stranger, was told our Hello.
std::vector<ConnectionId> HellosSent(
    const absl::btree_map<ConnectionId, std::unique_ptr<LinkPeer>>& peers) {
  std::vector<ConnectionId> ids;
  for (const auto& peer : peers) {
    if (peer.second->hello_sent()) ids.push_back(peer.first);
  }
  return ids;
}

}  // namespace

void LinkActor::OnMemoryLimit(const MemoryLimitRequest& request) {
  Side side = receiver_ != nullptr ? Side::kSlave : Side::kMaster;
  if (link() == nullptr) {
    side = role_hello_.state() == replication::HOLD ? Side::kUnclear : Side::kAlone;
  }
  const size_t bytes_before = memory_limit_.bytes();
  const std::string refusal =
      memory_limit_.Set(request.megabytes, side, peer_hello_.memory_bytes_max());
  if (memory_limit_.bytes() != bytes_before) {
    LogInfo(
        absl::StrCat("cache_memlimit: ", bytes_before, " to ", memory_limit_.bytes(), " bytes"));
    OrderStores(StoreOrder::kSetMemory, memory_limit_.bytes() / options_.shard_count);
    SendHeartbeat();
    CompareMemory();
    // What an older Hello says is not true any more: it leads to no Verdict.
    for (const ConnectionId id : HellosSent(peers_)) {
      if (id == link_id_) continue;
      Drop(id, false);
      Tell(replication::ConnectionClosed{id, true, net::BoottimeMs()});
    }
  }
  auto answer = std::make_shared<AdminAnswer>();
  answer->client = request.client.client;
  if (!request.noreply) answer->text = absl::StrCat(refusal.empty() ? "OK" : refusal, "\r\n");
  send(wiring_->listeners[request.client.listener], AdminAnswerPtr(std::move(answer)));
}

void LinkActor::OnPeerMemory(uint64_t bytes) {
  if (bytes == 0 || bytes == peer_hello_.memory_bytes_max()) return;
  peer_hello_.set_memory_bytes_max(bytes);
  CompareMemory();
}

// Whether the two may swap their roles depends on it.
void LinkActor::CompareMemory() {
  if (link() == nullptr) return;
  replication::Hello ours = link()->ours;
  ours.set_memory_bytes_max(memory_limit_.bytes());
  Tell(replication::LimitsChanged{replication::RefusalOfTurn(ours, peer_hello_)});
  const Side side = receiver_ != nullptr ? Side::kSlave : Side::kMaster;
  const std::string warning = memory_limit_.Unequal(side, peer_hello_.memory_bytes_max());
  if (!warning.empty()) LogWarning(warning);
}

}  // namespace twincached
