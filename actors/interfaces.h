// Every actor of a node and every message it takes. Read this first.
//
//   clients -> LISTENER --CommandBatch--> STORE --MutationBatch--> LINK --frames--> peer's LINK
//                  ^-------CommandBatch----'  ^-----ApplyBatch------'  ^
//                  '-- Serving -- SUPERVISOR <---- events, effects ----'
//
// Beside them the WARMER, which has the kernel back memory before a STORE needs it.
// A handler never answers with a value: answers are messages of their own, so that nothing waits.
#pragma once

#include <memory>
#include <vector>

#include <caf/typed_actor.hpp>

#include "actors/messages.h"
#include "storage/mapped_memory.h"

namespace twincached {

struct Wiring;
using WiringPtr = std::shared_ptr<const Wiring>;

// Memory that a STORE comes to soon.
struct ColdMemory {
  MemoryRange range;
};
// What a STORE tells itself, about a timer it set.
struct MaintenanceDue {
  uint64_t round = 0;
};
// A client socket for a LISTENER to serve.
struct AdoptClient {
  int fd = -1;
};
// SIGINT, SIGTERM.
struct StopSignal {
  int number = 0;
};

}  // namespace twincached

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(twincached::WiringPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(twincached::ColdMemory)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(twincached::MaintenanceDue)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(twincached::AdoptClient)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(twincached::StopSignal)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(twincached::CommandBatchPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(twincached::MutationBatchPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(twincached::SnapshotChunkPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(twincached::PlacedFramePtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(twincached::ApplyBatchPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(twincached::StoreOrder)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(twincached::AppliedPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(twincached::BarrierReached)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(twincached::AcknowledgedPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(twincached::Lease)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(twincached::StreamClockOffset)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(twincached::WindowFull)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(twincached::ServingPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(twincached::ForwardRequestsPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(twincached::ForwardRepliesPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(twincached::RoleEventPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(twincached::RoleOrdersPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(twincached::AdminRequest)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(twincached::AdminAnswerPtr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(twincached::MemoryLimitRequest)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(twincached::StatsRequest)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(twincached::StatsPartPtr)

namespace twincached {

// Owns client sockets and their sessions. One per core.
using listener_actor =
    caf::typed_actor<caf::reacts_to<WiringPtr>,          // once, first
                     caf::reacts_to<AdoptClient>,        // from core 0, which accepts for all
                     caf::reacts_to<CommandBatchPtr>,    // a STORE's answer to one of our batches
                     caf::reacts_to<ForwardRepliesPtr>,  // answers to forwards
                     caf::reacts_to<AcknowledgedPtr>,    // held replies up to there may leave
                     caf::reacts_to<Lease>,              // replies may leave until then
                     caf::reacts_to<StreamClockOffset>,
                     caf::reacts_to<WindowFull>,      // stop reading clients, or go on
                     caf::reacts_to<ServingPtr>,      // do so from now on, then confirm to the
                                                      // SUPERVISOR
                     caf::reacts_to<AdminAnswerPtr>,  // to a client's `replication WORD` or
                                                      // `cache_memlimit`
                     caf::reacts_to<StatsRequest>,
                     caf::reacts_to<StatsPartPtr>>;  // an answer to our own StatsRequest

// Owns one shard of the key space. One per core, run by any.
using store_actor =
    caf::typed_actor<caf::reacts_to<WiringPtr>,
                     caf::reacts_to<CommandBatchPtr>,  // execute and answer
                     caf::reacts_to<ApplyBatchPtr>,    // from the peer: apply and tell the LINK
                     caf::reacts_to<StoreOrder>,  // from the LINK only, so that orders and batches
                                                  // keep their order
                     caf::reacts_to<AcknowledgedPtr>, caf::reacts_to<StreamClockOffset>,
                     caf::reacts_to<MaintenanceDue>,  // from its own timer
                     caf::reacts_to<StatsRequest>>;

// Owns the replication port, the peer connection and the mutation log. On core 0.
using link_actor =
    caf::typed_actor<caf::reacts_to<WiringPtr>,
                     caf::reacts_to<MutationBatchPtr>,  // give it a position and send it
                     caf::reacts_to<SnapshotChunkPtr>,  // send it at this place in the stream
                     caf::reacts_to<PlacedFramePtr>,    // this too
                     caf::reacts_to<AppliedPtr>,        // a STORE applied a batch of the peer
                     caf::reacts_to<BarrierReached>,
                     caf::reacts_to<CommandBatchPtr>,     // a STORE's answer to stranded forwards
                     caf::reacts_to<ForwardRequestsPtr>,  // send these to the master, or execute
                                                          // them when that is us
                     caf::reacts_to<RoleOrdersPtr>,  // the SUPERVISOR's: carry them out in order
                     caf::reacts_to<AdminRequest>,   // `replication verify`
                     caf::reacts_to<MemoryLimitRequest>, caf::reacts_to<StatsRequest>>;

// Owns the role machine; watches the other actors. On core 0.
using supervisor_actor = caf::typed_actor<caf::reacts_to<WiringPtr>,
                                          caf::reacts_to<RoleEventPtr>,  // from the LINK
                                          caf::reacts_to<ServingPtr>,    // a LISTENER acts so now
                                          caf::reacts_to<AdminRequest>,  // of an operator
                                          caf::reacts_to<StopSignal>, caf::reacts_to<StatsRequest>>;

// Touches memory for the STOREs, on a thread of its own.
using warmer_actor = caf::typed_actor<caf::reacts_to<ColdMemory>>;

// Who is who. Sent to every actor when all are there.
struct Wiring {
  std::vector<listener_actor> listeners;  // by core
  std::vector<store_actor> stores;        // by shard, which is by core
  link_actor link;
  supervisor_actor supervisor;
  warmer_actor warmer{};  // none: every STORE touches its memory itself
};

}  // namespace twincached
