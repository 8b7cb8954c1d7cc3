#include "tests/sim/sim_client.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace twincached::sim {

using history::Answer;
using history::Kind;
using history::Outcome;

namespace {

constexpr int64_t kRedialUsMax = 30000;

// What a line answers to an operation that is not a get. False: it is no answer to it.
bool AnswerOf(absl::string_view line, Answer* answer) {
  if (line == "STORED" || line == "DELETED" || line == "TOUCHED" || line == "OK") {
    answer->outcome = Outcome::kOk;
  } else if (line == "NOT_STORED" || line == "NOT_FOUND") {
    answer->outcome = Outcome::kNot;
  } else if (line == "EXISTS") {
    answer->outcome = Outcome::kExists;
  } else if (line == "SERVER_ERROR no replica") {
    answer->outcome = Outcome::kFailed;
  } else if (absl::SimpleAtoi(line, &answer->number)) {
    answer->outcome = Outcome::kOk;
  } else {
    return false;
  }
  return true;
}

}  // namespace

SimClient::SimClient(Timeline* timeline, Network* network, ClientPlan plan,
                     history::HistoryChecker* history)
    : timeline_(*timeline),
      network_(*network),
      random_(plan.seed),
      plan_(std::move(plan)),
      history_(*history),
      node_(plan_.id % plan_.nodes.size()) {}

SimClient::~SimClient() {
  if (connection_ != nullptr) connection_->Close(true);
}

void SimClient::Start() {
  stopped_ = false;
  ThinkThenAct(plan_.think_us_max);
}

void SimClient::Stop() {
  stopped_ = true;
  GiveUp();
}

void SimClient::ReadAll() {
  GiveUp();
  reading_all_ = true;
  stopped_ = false;
  for (size_t node = 0; node < plan_.nodes.size(); ++node) {
    for (uint32_t i = 0; i < plan_.register_keys; ++i)
      to_read_.push_back({absl::StrCat("r", i), node});
    for (uint32_t i = 0; i < plan_.counter_keys; ++i)
      to_read_.push_back({absl::StrCat("n", i), node});
    for (uint32_t i = 0; i < plan_.lock_keys; ++i) to_read_.push_back({absl::StrCat("l", i), node});
  }
  Act();
}

// ---------------------------------------------------------------- turns

void SimClient::ThinkThenAct(int64_t most_us) {
  const uint64_t turn = ++turn_;
  timeline_.After(random_.Between(1, most_us), [this, turn] {
    if (turn == turn_) Act();
  });
}

void SimClient::Act() {
  if (stopped_) return;
  if (reading_all_) {
    if (to_read_.empty()) {
      stopped_ = true;
      return GiveUp();
    }
    if (to_read_.front().second != node_) {
      GiveUp();
      node_ = to_read_.front().second;
    }
  }
  if (connection_ == nullptr) return Dial();
  if (connected_ && pending_.empty()) SendBatch();
}

void SimClient::Dial() {
  connected_ = false;
  input_.clear();
  connection_ = network_.Connect(plan_.ip, plan_.nodes[node_], [this] { OnChange(); });
  const uint64_t turn = ++turn_;
  timeline_.After(plan_.patience_us, [this, turn] {
    if (turn == turn_) OnImpatient();
  });
}

void SimClient::OnChange() {
  if (connection_->Broken()) {
    ReadReplies();
    return OnLost();
  }
  if (!connected_) {
    if (!connection_->connected()) return;
    connected_ = true;
    if (!stopped_) SendBatch();
    return;
  }
  ReadReplies();
}

void SimClient::OnImpatient() {
  if (plan_.expects_answers && !pending_.empty()) {
    complaint_ = absl::StrCat("no answer in ", plan_.patience_us / 1000,
                              " ms: ", history::Describe(pending_.front().operation));
  }
  OnLost();
}

// The other node perhaps; soon.
void SimClient::OnLost() {
  GiveUp();
  if (plan_.roams && !reading_all_) node_ = random_.Below(plan_.nodes.size());
  if (!stopped_) ThinkThenAct(kRedialUsMax);
}

// What was sent and not answered may have happened.
void SimClient::GiveUp() {
  ++turn_;
  for (Pending& pending : pending_) Finish(&pending, Outcome::kUnknown);
  pending_.clear();
  if (connection_ == nullptr) return;
  connection_->Close(random_.Chance(0.5));
  connection_ = nullptr;
  connected_ = false;
}

void SimClient::Finish(Pending* pending, Outcome outcome) {
  pending->operation.answer.outcome = outcome;
  pending->operation.completed_us = timeline_.now_us();
  history_.End(pending->handle, timeline_.now_us(), pending->operation.answer);
  if (on_operation_) on_operation_(pending->operation);
  ++operations_;
}

// ---------------------------------------------------------------- requests

void SimClient::SendBatch() {
  std::string text;
  const uint64_t requests =
      reading_all_ || !random_.Chance(0.2) ? 1 : random_.Between(2, kPipelineMax);
  for (uint64_t i = 0; i < requests; ++i) AddRequest(&text);
  connection_->Send(text.data(), text.size());
  const uint64_t turn = ++turn_;
  timeline_.After(plan_.patience_us, [this, turn] {
    if (turn == turn_) OnImpatient();
  });
}

void SimClient::AddRead(const std::string& key, bool with_cas, std::string* text) {
  history::Operation& operation = pending_.back().operation;
  operation.kind = with_cas ? Kind::kGets : Kind::kGet;
  operation.key = key;
  absl::StrAppend(text, with_cas ? "gets " : "get ", key, "\r\n");
}

void SimClient::AddRequest(std::string* text) {
  pending_.emplace_back();
  history::Operation& operation = pending_.back().operation;
  operation.client = static_cast<int32_t>(plan_.id);
  operation.invoked_us = timeline_.now_us();
  const uint64_t dice = random_.Below(1000);
  const std::string key = absl::StrCat("r", random_.Below(plan_.register_keys));
  const std::string counter = absl::StrCat("n", random_.Below(plan_.counter_keys));
  const std::string lock = absl::StrCat("l", random_.Below(plan_.lock_keys));
  const auto write = [&](Kind kind, absl::string_view verb, const std::string& name) {
    operation.kind = kind;
    operation.key = name;
    operation.value = absl::StrCat("c", plan_.id, ".", ++writes_, ".");
    operation.value.append(random_.Below(plan_.value_bytes_max), 'x');
    const int64_t ttl_s = plan_.ttl_s > 0 && random_.Chance(0.2) ? plan_.ttl_s : 0;
    operation.ttl_us = ttl_s * 1000000;
    const std::string cas = kind == Kind::kCas ? absl::StrCat(" ", operation.cas) : "";
    absl::StrAppend(text, verb, " ", name, " 0 ", ttl_s, " ", operation.value.size(), cas, "\r\n",
                    operation.value, "\r\n");
  };
  if (reading_all_) {
    AddRead(to_read_.front().first, true, text);
    to_read_.pop_front();
  } else if (dice < 300) {
    AddRead(key, random_.Chance(0.5), text);
  } else if (dice < 550) {
    write(Kind::kSet, "set", key);
  } else if (dice < 600) {
    write(Kind::kReplace, "replace", key);
  } else if (dice < 680 && cas_ids_.count(key) != 0) {
    operation.cas = cas_ids_[key];
    write(Kind::kCas, "cas", key);
  } else if (dice < 760) {
    operation.kind = Kind::kDelete;
    operation.key = random_.Chance(0.5) ? lock : key;
    absl::StrAppend(text, "delete ", operation.key, "\r\n");
  } else if (dice < 820) {
    write(Kind::kAdd, "add", lock);
  } else if (dice < 835) {  // incr makes no counter
    operation.kind = Kind::kAdd;
    operation.key = counter;
    operation.value = "0";
    absl::StrAppend(text, "add ", counter, " 0 0 1\r\n0\r\n");
  } else if (dice < 950) {
    operation.kind = Kind::kIncr;
    operation.key = counter;
    operation.delta = 1;
    absl::StrAppend(text, "incr ", counter, " 1\r\n");
  } else if (dice < 970) {
    AddRead(counter, false, text);
  } else if (!plan_.flushes || dice < (plan_.delayed_flushes ? 993 : 998)) {
    operation.kind = Kind::kTouch;
    operation.key = key;
    operation.ttl_us = plan_.ttl_s * 1000000;
    absl::StrAppend(text, "touch ", key, " ", plan_.ttl_s, "\r\n");
  } else {
    const int64_t delay_s =
        plan_.delayed_flushes && random_.Chance(0.9) ? random_.Between(1, 2) : 0;
    operation.kind = Kind::kFlush;
    operation.ttl_us = delay_s * 1000000;
    absl::StrAppend(text, "flush_all ", delay_s, "\r\n");
  }
  pending_.back().handle = history_.Begin(operation);
}

// ---------------------------------------------------------------- replies

void SimClient::ReadReplies() {
  char piece[4096];
  for (;;) {
    const int64_t bytes = connection_->Receive(piece, sizeof(piece));
    if (bytes > 0) {
      input_.append(piece, static_cast<size_t>(bytes));
      continue;
    }
    size_t consumed = 0;
    while (!pending_.empty()) {
      const size_t reply = TakeReply(absl::string_view(input_).substr(consumed), &pending_.front());
      if (reply == 0) break;
      consumed += reply;
      Finish(&pending_.front(), pending_.front().operation.answer.outcome);
      pending_.pop_front();
    }
    input_.erase(0, consumed);
    if (bytes == 0) return OnLost();
    break;
  }
  if (!complaint_.empty()) return;
  if (pending_.empty() && !input_.empty())
    complaint_ = absl::StrCat("a reply to nothing: ", input_);
  if (pending_.empty() && connected_) ThinkThenAct(reading_all_ ? 1 : plan_.think_us_max);
}

size_t SimClient::TakeReply(absl::string_view text, Pending* pending) {
  const size_t line_end = text.find("\r\n");
  if (line_end == absl::string_view::npos) return 0;
  const absl::string_view line = text.substr(0, line_end);
  Answer* answer = &pending->operation.answer;
  if (!history::IsRead(pending->operation.kind)) {
    if (!AnswerOf(line, answer)) complaint_ = absl::StrCat("answered: ", line);
    return line_end + 2;
  }
  if (line == "END") {
    answer->outcome = Outcome::kNot;
    return line_end + 2;
  }
  const std::vector<absl::string_view> words = absl::StrSplit(line, ' ');
  size_t bytes = 0;
  if (words.size() < 4 || words[0] != "VALUE" || words[1] != pending->operation.key ||
      !absl::SimpleAtoi(words[3], &bytes)) {
    complaint_ = absl::StrCat("answered to a get of ", pending->operation.key, ": ", line);
    return line_end + 2;
  }
  const size_t whole = line_end + 2 + bytes + 7;  // the value, "\r\nEND\r\n"
  if (text.size() < whole) return 0;
  answer->outcome = Outcome::kOk;
  answer->value = std::string(text.substr(line_end + 2, bytes));
  if (words.size() > 4 && absl::SimpleAtoi(words[4], &answer->cas)) {
    cas_ids_[pending->operation.key] = answer->cas;
  }
  return whole;
}

}  // namespace twincached::sim
