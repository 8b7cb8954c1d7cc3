// The LINK between stand-ins, and the other node's end of its connections in the test's hands.
//
// The test is the SUPERVISOR: Order() gives what the role machine would, Told<Event>() is what it
// would have been told. It is also the peer: FarEnd speaks frames over a real socket.
#pragma once

#include <sys/socket.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "actors/link.h"
#include "net/socket.h"
#include "proto/limits.h"
#include "proto/replication/decide.h"
#include "proto/replication/frame.h"
#include "tests/unit/actors/actor_fixture.h"
#include "tests/unit/net/loop_fixture.h"

namespace twincached {

// The peer's end of one connection.
class FarEnd {
 public:
  explicit FarEnd(int fd) : socket_(fd) {}

  void Send(const replication::Frame& frame) {
    std::string bytes;
    replication::AppendFrame(frame, &bytes);
    SendBytes(bytes);
  }
  void SendBytes(const std::string& bytes) { socket_.Send(bytes); }
  // Every frame that came since the last call, but batches, chunks and heartbeats.
  std::vector<replication::Frame> Frames() {
    bytes_ += socket_.Received();
    std::vector<replication::Frame> frames;
    for (;;) {
      const auto step = replication::NextFrame(bytes_, kFrameBytesMax);
      if (step.outcome != replication::FrameOutcome::kFrame) return frames;
      replication::Frame frame;
      EXPECT_TRUE(frame.ParseFromArray(step.payload.data(), static_cast<int>(step.payload.size())));
      const bool skipped = frame.has_batch() || frame.has_chunk() || frame.has_heartbeat();
      if (!skipped) frames.push_back(std::move(frame));
      bytes_.erase(0, step.consumed);
    }
  }
  void Close() { socket_.Close(); }
  bool reset_seen() {
    bytes_ += socket_.Received();
    return socket_.reset_seen();
  }

 private:
  net::Peer socket_;
  std::string bytes_;
};

class LinkTest : public ActorTest {
 protected:
  static constexpr uint32_t kShards = 2;
  static constexpr uint64_t kOurs = 11, kTheirs = 22;  // incarnations
  static constexpr uint64_t kMemoryMb = 64;            // of both nodes

  LinkTest() : port_(*net::ListenTcp(net::Loopback(), {})) {
    LinkOptions options;
    options.addresses = {net::Loopback()};
    options.peer = {"127.0.0.1", net::LocalAddress(port_.fd()).port()};
    options.shard_count = kShards;
    options.incarnation_low = kOurs;
    options.memory_bytes_max = kMemoryMb << 20;
    options.memory_bytes_min = 16 << 20;
    link_ = Spawn<LinkActor>(std::move(options));
    for (auto& store : stores_) store = MakeStandIn<store_actor>();
    Wire({{listener_.actor}, {stores_[0].actor, stores_[1].actor}, link_, supervisor_.actor});
  }

  // The machine's effects, in order.
  template <class... Effects>
  void Order(Effects... effects) {
    auto orders = std::make_shared<RoleOrders>();
    orders->hello.set_protocol_max(replication::kProtocolMax);
    orders->effects = {replication::Effect(std::move(effects))...};
    Send(link_, RoleOrdersPtr(std::move(orders)));
    Settle();
  }
  template <class Event>
  std::vector<Event> Told() {
    std::vector<Event> told;
    for (const RoleEventPtr& event : supervisor_.Heard<RoleEventPtr>()) {
      if (const auto* found = absl::get_if<Event>(event.get())) told.push_back(*found);
    }
    return told;
  }
  // Every order of one kind that the STORE was given.
  std::vector<uint64_t> OrdersTo(int shard, StoreOrder::Kind kind) {
    std::vector<uint64_t> values;
    for (const StoreOrder& order : stores_[shard].Heard<StoreOrder>()) {
      if (order.kind == kind) values.push_back(order.value);
    }
    return values;
  }
  // The STOREs are through with everything: what waits for a barrier goes on.
  void ReachBarriers() {
    for (int shard = 0; shard < static_cast<int>(kShards); ++shard) {
      for (const uint64_t token : OrdersTo(shard, StoreOrder::kBarrier)) {
        Send(link_, BarrierReached{static_cast<uint32_t>(shard), token});
      }
    }
    Settle();
  }

  // The LINK dials; a connection with both Hellos said.
  std::unique_ptr<FarEnd> Meet() {
    const size_t before = Told<replication::ConnectionOpened>().size();
    Order(replication::Dial{0});
    EXPECT_TRUE(RunUntil([&] { return Told<replication::ConnectionOpened>().size() > before; }));
    auto far = std::make_unique<FarEnd>(accept(port_.fd(), nullptr, nullptr));
    connection_ = Told<replication::ConnectionOpened>().back().connection;
    Order(replication::SendHello{connection_});
    ReachBarriers();
    replication::Frame hello;
    hello.mutable_hello()->mutable_incarnation()->set_low(kTheirs);
    hello.mutable_hello()->mutable_forwards_from()->set_low(kOurs);
    hello.mutable_hello()->set_protocol_max(replication::kProtocolMax);
    hello.mutable_hello()->set_memory_bytes_max(kMemoryMb << 20);
    far->Send(hello);
    EXPECT_TRUE(RunUntil([&] {
      const auto hellos = Told<replication::HelloReceived>();
      return !hellos.empty() && hellos.back().connection == connection_;
    }));
    return far;
  }
  // The newest connection becomes the link.
  void Attach(bool as_source, replication::Copy copy, uint64_t position = 0) {
    replication::Verdict verdict;
    verdict.set_copy(copy);
    verdict.set_resume_position(position);
    Order(replication::AttachLink{connection_, verdict, as_source});
  }

  replication::Decide DecideIn(uint64_t epoch, bool rerun_forwards) {
    replication::Decide decide{{}, 0, rerun_forwards};
    decide.epoch.set_number(epoch);
    return decide;
  }

  net::Peer port_;  // the other node's
  StandIn<listener_actor> listener_ = MakeStandIn<listener_actor>();
  StandIn<supervisor_actor> supervisor_ = MakeStandIn<supervisor_actor>();
  StandIn<store_actor> stores_[kShards];
  link_actor link_;
  replication::ConnectionId connection_ = 0;
};

}  // namespace twincached
