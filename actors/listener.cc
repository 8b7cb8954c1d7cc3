#include "actors/listener.h"

#include <algorithm>
#include <utility>

#include "actors/log.h"
#include "net/clock.h"
#include "proto/canary.h"
#include "proto/check.h"
#include "proto/key_hash.h"
#include "proto/limits.h"

namespace twincached {

using replication::ServingMode;

ListenerActor::ListenerActor(caf::actor_config& config, CoreUnit* core, ListenerOptions options)
    : pinned(config, core),
      options_(std::move(options)),
      open_round_(new Round),
      clock_offset_ms_(options_.clock_offset_ms),
      acknowledged_(std::make_shared<Acknowledged>(options_.shard_count, 0)) {
  core->AddAfterPoll(WhileRunning([this] { SendRound(); }));
  core->AddBeforeSleep(WhileRunning([this] {
    SendRound();  // what had to wait for this iteration's replies
    SendForwards();
  }));
}

ListenerActor::behavior_type ListenerActor::make_behavior() {
  return {
      [this](const WiringPtr& wiring) { wiring_ = wiring; },
      [this](const AdoptClient& client) { Adopt(client.fd); },
      [this](const CommandBatchPtr& batch) { OnAnswered(batch); },
      [this](const ForwardRepliesPtr& replies) { OnForwardReplies(replies.get()); },
      [this](const AcknowledgedPtr& acknowledged) { OnAcknowledged(acknowledged); },
      [this](const Lease& lease) {
        lease_until_boot_ms_ = lease.until_boot_ms;
        ReleaseHeld();
      },
      [this](const StreamClockOffset& offset) { clock_offset_ms_ = offset.offset_ms; },
      [this](const WindowFull& window) {
        window_full_ = window.full;
        for (auto& client : clients_) SetReading(client.second.get());
      },
      [this](const ServingPtr& serving) { OnServing(serving); },
      [this](const AdminAnswerPtr& answer) { OnAdminAnswer(*answer); },
      [this](const StatsRequest& request) { OnStatsRequest(request); },
      [this](const StatsPartPtr& part) { OnStatsPart(*part); },
  };
}

void ListenerActor::on_exit() {
  pinned::on_exit();
  acceptors_.clear();
  rounds_.clear();
  open_round_ = std::make_unique<Round>();
  held_.clear();
  clients_.clear();
  wiring_.reset();
}

// ---------------------------------------------------------------- parsing

void ListenerActor::OnInput(net::Connection& connection) {
  Client* client = static_cast<Client*>(connection.owner_data);
  if (client->in_round || client->gathering || client->IsStuck()) return;
  Parse(client);
  if (!client->in_round) Resume(client);
}

void ListenerActor::Parse(Client* client) {
  const SessionClock clock{loop().now_ms() + clock_offset_ms_, net::UnixMs()};
  const absl::string_view input = client->connection->input();
  client->wanted_bytes = 0;
  for (uint32_t left = client->requests_per_round; left > 0 && !client->closing; --left) {
    Request request;
    const ParseStep step =
        client->session.Next(input.substr(client->parsed_bytes), clock, &request);
    client->parsed_bytes += step.consumed;
    if (step.outcome == ParseOutcome::kNeedMore) {
      client->wanted_bytes = step.wanted;
      return;
    }
    if (step.outcome == ParseOutcome::kClose) {
      client->closing = true;
      if (request.text.empty()) return;
      request.kind = RequestKind::kImmediate;
      request.form = ReplyForm::kFixed;
    }
    if (!Take(client, request)) {
      client->deferred = request;
      return;
    }
  }
}

// Puts the request where it belongs. False when something before it must be through first.
bool ListenerActor::Take(Client* client, Request& request) {
  switch (request.kind) {
    case RequestKind::kQuit:
      client->closing = true;
      return true;
    case RequestKind::kStats:
    case RequestKind::kReplication:
    case RequestKind::kMemoryLimit:
      return false;
    case RequestKind::kVerbosity:
      SetVerbosity(static_cast<int>(request.command.delta));
      break;
    case RequestKind::kStore:
    case RequestKind::kFlush: {
      const bool forward =
          client->HasForwards() || (mode_ == ServingMode::kFollower && IsWrite(request.command.op));
      if (!forward && request.kind == RequestKind::kStore) break;
      if (client->in_round) return false;
      if (!forward) {
        SendRound();  // a flush begins a round: it is executed by all shards, or by none
        break;
      }
      Forward(client, request);
      return true;
    }
    case RequestKind::kImmediate:
      break;
  }
  if (client->HasForwards()) {
    Forward(client, request);
  } else {
    AddEntry(client, request);
  }
  return true;
}

// ---------------------------------------------------------------- rounds

void ListenerActor::AddEntry(Client* client, const Request& request) {
  Round& round = *open_round_;
  if (!std::exchange(client->in_round, true)) {
    if (!std::exchange(client->input_pinned, true)) client->connection->PinInput();
    client->output_before_round = client->connection->appended();
    round.clients.push_back(client);
  }
  round.entries.emplace_back();
  Entry* entry = &round.entries.back();
  entry->client = client;
  entry->request = request;
  if (request.kind == RequestKind::kStore) {
    Command& command = entry->request.command;
    command.hash = HashKey(command.key, slot_seed_);
    AddToBatch(ShardOfSlot(SlotOf(command.hash), options_.shard_count), command, entry);
  } else if (request.kind == RequestKind::kFlush) {
    ++stats_.cmd_flush;
    for (uint32_t shard = options_.shard_count; shard-- > 0;) {
      AddToBatch(shard, entry->request.command, entry);
    }
  }
}

void ListenerActor::AddToBatch(uint32_t shard, const Command& command, Entry* entry) {
  Round& round = *open_round_;
  round.batches.resize(options_.shard_count);
  CommandBatchPtr& batch = round.batches[shard];
  if (batch == nullptr) {
    batch = std::make_shared<CommandBatch>();
    batch->shard = shard;
    batch->listener = options_.index;
  }
  if (batch->commands.empty()) ++round.unanswered;
  entry->stored = true;
  entry->shard = shard;
  entry->index = static_cast<uint32_t>(batch->commands.size());
  batch->commands.push_back(command);
}

void ListenerActor::SendRound() {
  if (open_round_->entries.empty()) return;
  std::unique_ptr<Round> round = std::move(open_round_);
  if (spare_rounds_.empty()) {
    open_round_ = std::make_unique<Round>();
  } else {
    open_round_ = std::move(spare_rounds_.back());
    spare_rounds_.pop_back();
  }
  round->id = next_round_++;
  if (round->unanswered == 0) return FinishRound(std::move(round));
  for (const CommandBatchPtr& batch : round->batches) {
    if (batch == nullptr || batch->commands.empty()) continue;
    batch->round = round->id;
    send(wiring_->stores[batch->shard], batch);
  }
  rounds_.emplace(round->id, std::move(round));
}

void ListenerActor::OnAnswered(const CommandBatchPtr& batch) {
  auto found = rounds_.find(batch->round);
  DCHECK(found != rounds_.end());
  if (--found->second->unanswered > 0) return;
  std::unique_ptr<Round> round = std::move(found->second);
  rounds_.erase(found);
  FinishRound(std::move(round));
}

void ListenerActor::FinishRound(std::unique_ptr<Round> round) {
  for (const Entry& entry : round->entries) ComposeEntry(*round, entry);
  for (const CommandBatchPtr& batch : round->batches) {
    if (batch == nullptr) continue;
    batch->commands.clear();
    batch->pins.clear();
    if (batch->arena.capacity() > kClientOutputBytesMax) batch->arena = std::string();
  }
  for (Client* client : round->clients) {
    client->in_round = false;
    client->left_over = 0;
    AdaptRoundSize(client, client->connection->appended() - client->output_before_round);
    Resume(client);
  }
  round->entries.clear();
  round->clients.clear();
  spare_rounds_.push_back(std::move(round));
}

void ListenerActor::ComposeEntry(const Round& round, const Entry& entry) {
  Client* client = entry.client;
  if (entry.stored && round.batches[entry.shard]->refused) client->gone = true;
  if (client->gone) return;
  if (client->left_over > 0 || !IsExecuted(round, entry)) return LeaveOver(round, entry);
  if (IsUndecided(round, entry)) return Forward(client, entry.request);
  if (client->HasForwards()) return WaitBehindForward(round, entry);
  if (!entry.stored) return ComposeReply(entry.request, {}, client->connection->output());
  const CommandBatch& batch = *round.batches[entry.shard];
  const StoredReply& stored = batch.replies[entry.index];
  Reply reply = stored.reply;
  if (!entry.request.noreply && mode_ != ServingMode::kAlone) {
    Hold(client, entry.shard, stored.hold_seq);
    if (entry.request.kind == RequestKind::kFlush) {
      for (const CommandBatchPtr& each : round.batches)
        Hold(client, each->shard, each->changed_seq);
    }
  }
  if (entry.request.kind == RequestKind::kFlush) {
    // One shard that did not is one too many.
    for (const CommandBatchPtr& each : round.batches) {
      if (each->no_replica) reply.status = Status::kNoReplica;
    }
  }
  if (stored.pin != StoredReply::kCopied && HasValue(entry.request, reply)) {
    return ComposePinned(entry.request, reply, batch.pins[stored.pin], client->connection.get());
  }
  ComposeReply(entry.request, reply, client->connection->output());
}

void ListenerActor::ComposePinned(const Request& request, const Reply& reply, const Pin& pin,
                                  net::Connection* connection) {
  ComposeBeforeValue(request, reply, connection->output());
  connection->Borrow(reply.value, pin);
  ComposeBehindValue(request, connection->output());
}

// What is appended from here on waits for batch `seq` of `shard`.
void ListenerActor::Hold(Client* client, uint32_t shard, uint64_t seq) {
  if (seq <= (*acknowledged_)[shard] || BrokenOnPurpose(Canary::kAckBeforeSlave)) return;
  client->holds.Add(client->connection->appended(), shard, seq);
}

// ---------------------------------------------------------------- after a round

// What had to wait goes on, the input is given back, replies leave. REQUIRES: not in a round.
void ListenerActor::Resume(Client* client) {
  if (client->gone) return ResetClient(client);
  TakeBacklog(client);
  if (client->deferred && !client->in_round && !client->HasBacklog()) HandleDeferred(client);
  net::Connection& connection = *client->connection;
  if (client->IsStuck()) {
    if (!std::exchange(client->input_pinned, true)) connection.PinInput();
  } else if (!client->in_round) {
    stats_.bytes_read += client->parsed_bytes;
    connection.Consume(std::exchange(client->parsed_bytes, 0));
    // Nobody will parse what comes behind a quit.
    if (client->closing) connection.Consume(connection.input().size());
    if (client->wanted_bytes > 0) connection.SetInputWanted(client->wanted_bytes);
    if (std::exchange(client->input_pinned, false)) connection.UnpinInput();
    // What was left because of a bound is asked for again; half a command waits for its other half.
    const size_t usable_bytes = std::max<size_t>(client->wanted_bytes, 1);
    if (!client->reading_paused && connection.input().size() >= usable_bytes) {
      connection.ResumeReading();
    }
  }
  Release(client);
}

void ListenerActor::HandleDeferred(Client* client) {
  Request request = *client->deferred;
  client->deferred.reset();
  if (Take(client, request)) return;
  const bool ask = !client->in_round && !client->HasForwards();
  if (ask && request.kind == RequestKind::kStats) return Gather(client, request.text);
  if (ask && request.kind == RequestKind::kReplication) return AskPair(client, request.replication);
  if (ask && request.kind == RequestKind::kMemoryLimit) return SetMemoryLimit(client, request);
  client->deferred = request;
}

// The more a client's requests bring back, the fewer of them are taken at once.
void ListenerActor::AdaptRoundSize(Client* client, uint64_t output_bytes) {
  uint32_t& requests = client->requests_per_round;
  if (output_bytes > kClientOutputBytesMax / 4) {
    requests = std::max<uint32_t>(requests / 4, 1);
  } else if (requests < kRequestsPerIteration) {
    requests = std::min<uint32_t>(requests * 2, kRequestsPerIteration);
  }
}

}  // namespace twincached
