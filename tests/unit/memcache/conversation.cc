#include "tests/unit/memcache/conversation.h"

#include <algorithm>
#include <memory>

#include "absl/strings/string_view.h"
#include "proto/check.h"
#include "proto/memcache/replication_command.h"

namespace twincached {
namespace {

const char* OpName(Op op) {
  static constexpr const char* kNames[] = {"get",    "gat",     "set",   "add",      "replace",
                                           "append", "prepend", "cas",   "delete",   "discard",
                                           "incr",   "decr",    "touch", "flush_all"};
  return kNames[static_cast<size_t>(op)];
}

std::string Text(absl::string_view text) { return std::string(text.data(), text.size()); }

// Without the line end, which every fixed reply has.
std::string Line(absl::string_view text) {
  CHECK(text.size() >= 2 && text.substr(text.size() - 2) == "\r\n");
  return Text(text.substr(0, text.size() - 2));
}

void AddNumber(const char* name, int64_t value, std::string* out) {
  if (value != 0) *out += std::string(" ") + name + "=" + std::to_string(value);
}

bool HasValue(Op op) {
  return op == Op::kSet || op == Op::kAdd || op == Op::kReplace || op == Op::kAppend ||
         op == Op::kPrepend || op == Op::kCas;
}

std::string DescribeStore(const Request& request) {
  const Command& command = request.command;
  std::string out = OpName(command.op);
  if (request.form == ReplyForm::kTextValueWithCas) out += "s";
  out += " " + Text(command.key);
  AddNumber("flags", command.client_flags, &out);
  AddNumber("expiry", command.expiry_ms, &out);
  if (command.cas != 0) out += " cas=" + std::to_string(command.cas);
  if (command.delta != 0) out += " delta=" + std::to_string(command.delta);
  if (HasValue(command.op)) out += " [" + Text(command.value) + "]";
  if (request.form == ReplyForm::kFixed) out += " reply " + Line(request.text);
  if (request.noreply) out += " noreply";
  const bool is_retrieval = command.op == Op::kGet || command.op == Op::kGat;
  if (is_retrieval && request.last_key) out += " END";
  return out;
}

std::string Describe(const Request& request) {
  const std::string noreply = request.noreply ? " noreply" : "";
  switch (request.kind) {
    case RequestKind::kStore:
      return DescribeStore(request);
    case RequestKind::kFlush: {
      std::string out = "flush_all";
      AddNumber("at", request.command.expiry_ms, &out);
      return out + noreply;
    }
    case RequestKind::kImmediate:
      return "reply " + Line(request.text);
    case RequestKind::kStats:
      return "stats" + (request.text.empty() ? "" : " " + Text(request.text));
    case RequestKind::kReplication:
      for (const ReplicationWord& row : kReplicationWords) {
        if (row.command == request.replication) return "replication " + Text(row.word);
      }
      break;
    case RequestKind::kVerbosity:
      return "verbosity " + std::to_string(request.command.delta) + noreply;
    case RequestKind::kMemoryLimit:
      return "cache_memlimit " + std::to_string(request.command.delta) + noreply;
    case RequestKind::kQuit:
      return "quit";
  }
  CHECK(false);
  return {};
}

}  // namespace

void Conversation::Say(const std::string& bytes) {
  if (closed_) return;
  input_ += bytes;
  if (patience_ == Patience::kUntilWanted && input_.size() < wanted_) return;
  const std::unique_ptr<char[]> exact(new char[input_.size()]);
  std::copy(input_.begin(), input_.end(), exact.get());
  absl::string_view rest(exact.get(), input_.size());
  while (!closed_ && Listen(&rest)) {
  }
  if (closed_) rest = {};
  input_.erase(0, input_.size() - rest.size());
}

bool Conversation::Listen(absl::string_view* rest) {
  Request request;
  const ParseStep step = session_.Next(*rest, kTestClock, &request);
  CHECK_LE(step.consumed, rest->size());
  rest->remove_prefix(step.consumed);
  switch (step.outcome) {
    case ParseOutcome::kRequest:
      heard_.push_back(Describe(request));
      closed_ = request.kind == RequestKind::kQuit;
      return true;
    case ParseOutcome::kClose:
      CHECK(request.kind == RequestKind::kImmediate && request.text.empty());
      heard_.push_back("close");
      closed_ = true;
      return true;
    case ParseOutcome::kNeedMore:
      CHECK_GT(step.wanted, rest->size());
      wanted_ = step.wanted;
      return false;
  }
  CHECK(false);
  return false;
}

std::vector<std::string> HearWhole(const std::string& bytes) {
  Conversation conversation;
  conversation.Say(bytes);
  return conversation.heard();
}

std::vector<std::string> HearInPieces(const std::string& bytes, size_t piece_bytes,
                                      Patience patience) {
  Conversation conversation(1 << 20, patience);
  for (size_t at = 0; at < bytes.size(); at += piece_bytes) {
    conversation.Say(bytes.substr(at, piece_bytes));
  }
  return conversation.heard();
}

}  // namespace twincached
