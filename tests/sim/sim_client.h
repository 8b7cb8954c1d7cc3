// A client of a simulated pair: one connection at a time, requests in memcached's text protocol,
// every operation told to the history.
//
// What it is: what a web server's memcached client does: it asks, waits, gives up after a second,
// and turns to the other node. What it is not: part of the program under test. Bounds: one batch of
// at most kPipelineMax requests under way.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "tests/history/checker.h"
#include "tests/sim/network.h"
#include "tests/sim/random.h"
#include "tests/sim/timeline.h"

namespace twincached::sim {

inline constexpr size_t kPipelineMax = 4;

struct ClientPlan {
  uint32_t id = 0;
  uint64_t seed = 0;
  Ip ip = 0;
  std::vector<SocketName> nodes;
  bool roams = true;  // tries the other node when one fails; else only the first
  int64_t think_us_max = 20000;
  int64_t patience_us = 1000000;
  uint32_t register_keys = 8, counter_keys = 2, lock_keys = 2;
  int64_t ttl_s = 0;  // of some of its writes; 0: none
  size_t value_bytes_max = 40;
  bool flushes = true, delayed_flushes = false;
  bool expects_answers = false;  // within its patience, unless the connection ends
};

class SimClient {
 public:
  SimClient(Timeline* timeline, Network* network, ClientPlan plan,
            history::HistoryChecker* history);
  ~SimClient();

  void Start();
  // What is under way is given up; no new operation begins.
  void Stop();
  // Reads every key once on every node, then stops.
  void ReadAll();
  // Called with every operation that ended.
  void set_on_operation(std::function<void(const history::Operation&)> hook) {
    on_operation_ = std::move(hook);
  }
  bool idle() const { return stopped_ && pending_.empty() && to_read_.empty(); }

  uint64_t operations() const { return operations_; }
  // What no client may ever see: an error line, a reply to nothing.
  const std::string& complaint() const { return complaint_; }

 private:
  // One request that waits for its reply.
  struct Pending {
    history::Operation operation;
    uint64_t handle = 0;
  };

  void ThinkThenAct(int64_t most_us);
  void Act();
  void Dial();
  void OnChange();
  void OnLost();
  void OnImpatient();
  void SendBatch();
  void AddRequest(std::string* text);
  void AddRead(const std::string& key, bool with_cas, std::string* text);
  void ReadReplies();
  // Bytes of the first reply in `text`; 0: not whole yet.
  size_t TakeReply(absl::string_view text, Pending* pending);
  void GiveUp();
  void Finish(Pending* pending, history::Outcome outcome);

  Timeline& timeline_;
  Network& network_;
  Random random_;
  const ClientPlan plan_;
  history::HistoryChecker& history_;

  TcpEndPtr connection_;
  size_t node_ = 0;  // of plan_.nodes, that it talks to
  bool connected_ = false;
  std::string input_;
  std::deque<Pending> pending_;
  std::deque<std::pair<std::string, size_t>> to_read_;  // key, node
  bool reading_all_ = false;
  bool stopped_ = true;
  uint64_t turn_ = 0;  // an alarm of an earlier one means nothing
  uint64_t writes_ = 0;
  uint64_t operations_ = 0;
  std::map<std::string, uint64_t> cas_ids_;  // newest seen, by key
  std::string complaint_;
  std::function<void(const history::Operation&)> on_operation_;
};

}  // namespace twincached::sim
