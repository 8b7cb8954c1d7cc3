// The world's stand-in for the LINK: effects carried out, messages delivered.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/types/variant.h"
#include "tests/unit/replication/role_machine_world.h"

namespace twincached::replication {

void World::Give(int node, const Event& event) {
  Node& n = nodes_[node];
  if (n.machine == nullptr) return;
  const RoleStatus before = n.machine->status();
  const std::vector<Effect> effects = n.machine->Step(event);
  const RoleStatus after = n.machine->status();
  if (before.state != after.state) {
    Trace(node, absl::StrCat(State_Name(before.state), " -> ", State_Name(after.state), ": ",
                             after.last_reason));
  }
  const uint64_t life = n.life;
  for (const Effect& effect : effects) {
    if (n.machine == nullptr || n.life != life) return;
    const bool promotes = absl::holds_alternative<RunBarrier>(effect);
    if (promotes && (before.decides || (before.state != SLAVE && before.state != HOLD))) {
      Fail(absl::StrCat("promotion from ", State_Name(before.state)));
    }
    absl::visit([this, node](const auto& what) { Do(node, what); }, effect);
  }
}

// ---------------------------------------------------------------- effects

void World::Do(int node, const Dial& dial) {
  Node& n = nodes_[node];
  const uint64_t attempt = ++n.dial_attempt;
  const uint64_t life = n.life;
  At(dial.after_ms, [this, node, life, attempt] {
    ForNode(node, life, [this, node, attempt] {
      if (nodes_[node].dial_attempt == attempt) Connect(node);
    });
  });
}

void World::Connect(int node) {
  Node& n = nodes_[node];
  const uint64_t attempt = n.dial_attempt, life = n.life;
  const auto failed = [this, node, attempt, life](int64_t after_ms, DialFailed::Why why) {
    At(after_ms, [=] {
      ForNode(node, life, [=] {
        if (nodes_[node].dial_attempt == attempt) Give(node, DialFailed{why});
      });
    });
  };
  int other = 1 - node;
  if (options_.one_host && n.holds_port) other = node;
  if (other != node && (cut_[node] || cut_[other])) return failed(1000, DialFailed::kSilent);
  if (!alive(other) || !nodes_[other].holds_port) return failed(1, DialFailed::kRefused);
  const ConnectionId id = next_connection_;
  next_connection_ += 2;
  ends_[id].node = node;
  ends_[id].life = life;
  ends_[id ^ 1].node = other;
  ends_[id ^ 1].life = nodes_[other].life;
  At(1, [this, id] {
    for (const ConnectionId side : {id, id ^ 1}) {
      const End& end = ends_[side];
      const int owner = end.node;
      ForNode(owner, end.life, [this, owner, side, id] {
        if (ends_.count(side) != 0) Give(owner, ConnectionOpened{side, side == id});
      });
    }
  });
}

void World::Do(int node, const SendHello& send) {
  Node& n = nodes_[node];
  Message message;
  message.kind = Message::kHello;
  Hello& hello = message.hello;
  n.machine->FillHello(&hello);
  hello.set_position(n.history.size());
  const bool as_source = n.attached && n.as_source;
  hello.set_acknowledged_position(as_source ? std::min<uint64_t>(n.acked_position, n.history.size())
                                            : n.history.size());
  hello.set_log_begin_position(options_.log_is_short ? n.history.size() : 0);
  hello.set_client_mutations_acknowledged(n.alone_writes);
  if (ends_.count(send.connection) == 0) return;
  ends_[send.connection].ours = hello;
  Send(send.connection, message);
}

void World::Do(int, const SendNotReady& not_ready) {
  Message message;
  message.kind = Message::kNotReady;
  Send(not_ready.connection, message);
}

void World::Do(int, const SendVerdict& verdict) {
  Message message;
  message.kind = Message::kVerdict;
  message.verdict = verdict.verdict;
  Send(verdict.connection, message);
}

void World::Do(int, const CloseConnection& close) { CloseEnd(close.connection, close.reset); }

void World::Do(int node, const AttachLink& attach) {
  Node& n = nodes_[node];
  if (n.attached) Fail("attached twice");
  n.link = attach.connection;
  n.attached = true;
  n.as_source = attach.as_source;
  n.told_caught_up = n.draining = n.peer_loaded = n.got_ack = false;
  n.newest_echo_ms = n.unacked_since_ms = -1;
  n.acked_position = attach.verdict.resume_position();
  n.not_applied.clear();
  if (ends_.count(n.link) == 0) return;
  End& end = ends_[n.link];
  if (ends_.count(n.link ^ 1) != 0) n.peer_life = ends_[n.link ^ 1].life;
  const bool ours_empty = IsEmpty(end.ours.generation()) || end.ours.state() == JOIN;
  const bool theirs_empty = IsEmpty(end.theirs.generation()) || end.theirs.state() == JOIN;
  if (attach.as_source && ours_empty && !theirs_empty) Fail("an empty source");
  const bool resumes = attach.verdict.copy() == COPY_RESUME;
  if (resumes && n.history.size() < attach.verdict.resume_position()) Fail("resume beyond the end");
  end.paused = false;
  for (; end.arrived_unread > 0; --end.arrived_unread) {
    At(0, [this, id = n.link] { Arrive(id); });
  }
  if (attach.as_source) return BeginSource(node, attach.verdict);
  if (resumes) SendAck(node);
}

void World::BeginSource(int node, const Verdict& verdict) {
  Node& n = nodes_[node];
  const ConnectionId link = n.link;
  if (verdict.copy() == COPY_RESUME) {
    n.peer_loaded = true;
    for (uint64_t i = verdict.resume_position(); i < n.history.size(); ++i) {
      Message message;
      message.kind = Message::kWrite;
      message.position = i + 1;
      message.write = n.history[i];
      Send(link, message);
    }
    return;
  }
  At(options_.snapshot_ms, [this, node, link, life = n.life] {
    ForNode(node, life, [this, node, link] {
      Node& me = nodes_[node];
      if (!me.attached || me.link != link) return;
      me.peer_loaded = true;
      Message message;
      message.kind = Message::kSnapshot;
      message.writes = me.history;
      Send(link, message);
    });
  });
}

void World::Do(int node, const DetachLink& detach) {
  Node& n = nodes_[node];
  if (!n.attached) Fail("detached twice");
  n.attached = false;
  n.unacked_since_ms = -1;
  CloseEnd(n.link, detach.reset);
}

void World::Do(int node, const Probe&) {
  const bool silent = cut_[0] || cut_[1];
  Node& n = nodes_[node];
  At(silent ? 40 : 2, [this, node, silent, life = n.life, peer = n.peer_life] {
    ForNode(node, life, [this, node, silent, peer] {
      const bool lives = alive(1 - node) && nodes_[1 - node].life == peer;
      Give(node, ProbeDone{silent  ? ProbeDone::kSilent
                           : lives ? ProbeDone::kAccepted
                                   : ProbeDone::kRefused});
    });
  });
}

void World::Do(int node, const SetServing& serving) {
  At(1, [this, node, serving, life = nodes_[node].life] {
    ForNode(node, life, [this, node, serving] {
      Node& n = nodes_[node];
      n.serving = serving.mode;
      const bool closed = serving.mode == ServingMode::kClosed;
      if (closed || serving.drop_held) n.held.clear();
      Release(node);
      Give(node, ServingConfirmed{serving.token});
    });
  });
}

void World::Do(int node, const RunBarrier& barrier) {
  At(1, [this, node, token = barrier.token, life = nodes_[node].life] {
    ForNode(node, life, [this, node, token] { Give(node, BarrierDone{token}); });
  });
}

void World::Do(int node, const Decide& decide) {
  Node& n = nodes_[node];
  n.epoch = decide.epoch;
  n.decides = true;
  n.told_first = false;
  n.alone_writes = 0;
}

void World::Do(int node, const DropData&) {
  nodes_[node].history.clear();
  nodes_[node].held.clear();
}

void World::Do(int node, const SendInSync&) {
  Message message;
  message.kind = Message::kInSync;
  Send(nodes_[node].link, message);
}

void World::Do(int node, const SendOutdated&) {
  Message message;
  message.kind = Message::kOutdated;
  Send(nodes_[node].link, message);
}

void World::Do(int node, const SendOutdatedAck&) {
  Message message;
  message.kind = Message::kOutdatedAck;
  Send(nodes_[node].link, message);
}

void World::Do(int node, const SendGoodbye& goodbye) {
  Message message;
  message.kind = Message::kGoodbye;
  message.goodbye.set_position(nodes_[node].history.size());
  message.goodbye.set_exiting(goodbye.exiting);
  message.goodbye.set_was_master(goodbye.was_master);
  Send(nodes_[node].link, message);
}

void World::Do(int node, const SendSwitchover& switchover) {
  Message message;
  message.kind = Message::kSwitchover;
  message.refusal = switchover.refusal;
  Send(nodes_[node].link, message);
}

void World::Do(int node, const TurnLink& turn) {
  Node& n = nodes_[node];
  if (!n.attached || n.as_source == turn.as_source) Fail("turned the wrong way");
  if (n.history.size() != turn.verdict.resume_position()) Fail("turned at another position");
  n.as_source = turn.as_source;
  n.told_caught_up = n.peer_loaded = true;
  n.draining = false;
  n.unacked_since_ms = -1;
  n.acked_position = turn.verdict.resume_position();
  const auto end = ends_.find(n.link);
  if (end == ends_.end()) return;
  end->second.paused = false;
  for (; end->second.arrived_unread > 0; --end->second.arrived_unread) {
    At(0, [this, id = n.link] { Arrive(id); });
  }
}

void World::Do(int node, const DrainLink&) {
  nodes_[node].draining = true;
  CheckProgress(node);
}

void World::Do(int node, const Exit& exit) {
  nodes_[node].exit_code = exit.code;
  Trace(node, absl::StrCat("exit ", exit.code));
  EndProcess(node);
}

}  // namespace twincached::replication
