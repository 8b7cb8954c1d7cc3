#include "proto/memcache/text_commands.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "proto/memcache/replication_command.h"
#include "proto/version.h"

namespace twincached {
namespace {

constexpr TextContext kContext = {{/*stream_ms=*/50'000, /*unix_ms=*/1'700'000'000'000}, 1 << 20};

const std::string kLongKey(251, 'k');
const std::string kLongestKey(250, 'k');

struct Parsed {
  LineResult result;
  Request request;
};

// `line` must outlive the result, whose views point into it.
Parsed Parse(const std::string& line) {
  Parsed parsed;
  parsed.result = ParseTextLine(line, kContext, &parsed.request);
  return parsed;
}

// The reply that needs no store; or what else the line came to.
std::string AnswerTo(const std::string& line) {
  const Parsed parsed = Parse(line);
  switch (parsed.result.outcome) {
    case LineOutcome::kSilent:
      return "silence";
    case LineOutcome::kClose:
      return "close";
    case LineOutcome::kValue:
      return "value";
    case LineOutcome::kKeys:
      return "keys";
    case LineOutcome::kRequest:
      break;
  }
  if (parsed.request.kind != RequestKind::kImmediate) return "request";
  EXPECT_EQ(parsed.request.form, ReplyForm::kFixed);
  EXPECT_FALSE(parsed.request.noreply);
  return std::string(parsed.request.text.data(), parsed.request.text.size());
}

void ExpectAnswer(const std::string& answer, const std::vector<std::string>& lines) {
  for (const std::string& line : lines) EXPECT_EQ(AnswerTo(line), answer) << line;
}

constexpr char kError[] = "ERROR\r\n";
constexpr char kBadFormat[] = "CLIENT_ERROR bad command line format\r\n";

TEST(TextCommands, ReadsEveryFieldOfASet) {
  const std::string line = "set key 4294967295 100 5 noreply";
  const Parsed parsed = Parse(line);
  EXPECT_EQ(parsed.result.outcome, LineOutcome::kValue);
  EXPECT_EQ(parsed.result.data_bytes, 7u);
  EXPECT_EQ(parsed.request.kind, RequestKind::kStore);
  EXPECT_EQ(parsed.request.form, ReplyForm::kTextStatus);
  EXPECT_TRUE(parsed.request.noreply);
  EXPECT_EQ(parsed.request.command.op, Op::kSet);
  EXPECT_EQ(parsed.request.command.key, "key");
  EXPECT_EQ(parsed.request.command.client_flags, 4294967295u);
  EXPECT_EQ(parsed.request.command.expiry_ms, 150'000);
}

TEST(TextCommands, ReadsTheVersionOfACas) {
  const std::string line = "cas key 1 0 5 18446744073709551615";
  const Parsed parsed = Parse(line);
  EXPECT_EQ(parsed.result.outcome, LineOutcome::kValue);
  EXPECT_FALSE(parsed.request.noreply);
  EXPECT_EQ(parsed.request.command.op, Op::kCas);
  EXPECT_EQ(parsed.request.command.cas, 18446744073709551615u);
}

TEST(TextCommands, KnowsEveryStorageCommand) {
  const std::pair<const char*, Op> kOps[] = {{"add", Op::kAdd},
                                             {"replace", Op::kReplace},
                                             {"append", Op::kAppend},
                                             {"prepend", Op::kPrepend}};
  for (const auto& [name, op] : kOps) {
    const std::string line = std::string(name) + " k 0 0 1";
    EXPECT_EQ(AnswerTo(line), "value") << name;
    EXPECT_EQ(Parse(line).request.command.op, op) << name;
  }
}

TEST(TextCommands, RefusesAStorageLineWithABadNumber) {
  ExpectAnswer(kBadFormat, {"set k x 0 1", "set k -1 0 1", "set k 0 x 1", "set k 0 0x10 1",
                            "set k 0 0 x", "set k 0 0 -1", "set k 0 0 2147483646",
                            "set k 0 0 99999999999999999999999", "cas k 0 0 1 x", "cas k 0 0 1 -1",
                            "cas k 0 0 1 18446744073709551616", "cas k 0 0 -1 1", "add k 0 0 1.0"});
}

TEST(TextCommands, RefusesAStorageLineWithTheWrongNumberOfWords) {
  ExpectAnswer(kError, {"set", "set k", "set k 0 0", "set k 0 0 1 noreply x", "append k 0 0",
                        "cas k 0 0 1", "cas k 0 0 1 1 noreply x"});
}

TEST(TextCommands, TakesAnyLastWordButNoreplyAsNothing) {
  EXPECT_EQ(AnswerTo("set k 0 0 1 x"), "value");
  EXPECT_FALSE(Parse("set k 0 0 1 x").request.noreply);
  EXPECT_EQ(AnswerTo("cas k 0 0 1 1 x"), "value");
  EXPECT_EQ(AnswerTo("incr k 1 x"), "request");
}

TEST(TextCommands, RefusesAKeyOver250Bytes) {
  ExpectAnswer(kBadFormat, {"get " + kLongKey, "gets a " + kLongKey + " b", "gat 0 " + kLongKey,
                            "set " + kLongKey + " 0 0 1", "delete " + kLongKey,
                            "incr " + kLongKey + " 1", "touch " + kLongKey + " 0"});
  ExpectAnswer("keys", {"get " + kLongestKey, "gat 0 " + kLongestKey});
  ExpectAnswer("value", {"set " + kLongestKey + " 0 0 1"});
  ExpectAnswer("request", {"delete " + kLongestKey, "incr " + kLongestKey + " 1"});
}

TEST(TextCommands, AMistakeInANoreplyCommandIsSilent) {
  ExpectAnswer("silence",
               {"set k x 0 1 noreply", "set k 0 0 noreply", "set " + kLongKey + " 0 0 1 noreply",
                "cas k 0 0 1 noreply", "delete k 1 noreply", "delete k noreply noreply",
                "delete " + kLongKey + " noreply", "incr k noreply", "incr k x noreply",
                "touch k noreply", "flush_all x noreply", "verbosity noreply"});
}

TEST(TextCommands, AWrongNumberOfWordsIsAnsweredInSpiteOfNoreply) {
  ExpectAnswer(kError, {"set k 0 noreply", "incr noreply", "touch noreply", "get", "foo noreply",
                        "flush_all 0 0 noreply"});
}

TEST(TextCommands, RefusesAValueOverTheItemSize) {
  const Parsed parsed = Parse("add k 0 0 1048517");
  EXPECT_EQ(parsed.request.text, "SERVER_ERROR object too large for cache\r\n");
  EXPECT_EQ(parsed.result.data_bytes, 1048519u);
  EXPECT_EQ(AnswerTo("add k 0 0 1048516"), "value");
  EXPECT_EQ(AnswerTo("add k 1 0 1048516"), "SERVER_ERROR object too large for cache\r\n");
  const Parsed silent = Parse("append k 0 0 2147483645 noreply");
  EXPECT_EQ(silent.result.outcome, LineOutcome::kSilent);
  EXPECT_EQ(silent.result.data_bytes, 2147483647u);
}

TEST(TextCommands, ASetOverTheItemSizeDeletesTheOldItem) {
  const std::string line = "set k 7 100 1048517";
  const Parsed parsed = Parse(line);
  EXPECT_EQ(parsed.result.outcome, LineOutcome::kRequest);
  EXPECT_EQ(parsed.result.data_bytes, 1048519u);
  EXPECT_EQ(parsed.request.kind, RequestKind::kStore);
  EXPECT_EQ(parsed.request.command.op, Op::kDiscard);
  EXPECT_EQ(parsed.request.command.key, "k");
  EXPECT_EQ(parsed.request.form, ReplyForm::kFixed);
  EXPECT_EQ(parsed.request.text, "SERVER_ERROR object too large for cache\r\n");
  EXPECT_TRUE(Parse("set k 7 100 1048517 noreply").request.noreply);
}

TEST(TextCommands, RetrievalsNameTheirKeys) {
  const std::string line = "gets  a b  c ";
  const Parsed parsed = Parse(line);
  EXPECT_EQ(parsed.result.outcome, LineOutcome::kKeys);
  EXPECT_EQ(parsed.result.keys, "a b  c ");
  EXPECT_EQ(parsed.request.command.op, Op::kGet);
  EXPECT_EQ(parsed.request.form, ReplyForm::kTextValueWithCas);
  EXPECT_EQ(Parse("get a").request.form, ReplyForm::kTextValue);
  EXPECT_EQ(Parse("bget a").request.form, ReplyForm::kTextValue);
}

TEST(TextCommands, AGatSetsAnExpiry) {
  const std::string line = "gats 10 a";
  const Parsed parsed = Parse(line);
  EXPECT_EQ(parsed.result.keys, "a");
  EXPECT_EQ(parsed.request.command.op, Op::kGat);
  EXPECT_EQ(parsed.request.form, ReplyForm::kTextValueWithCas);
  EXPECT_EQ(parsed.request.command.expiry_ms, 60'000);
  EXPECT_EQ(Parse("gat -1 a").request.command.expiry_ms, kExpired);
}

TEST(TextCommands, RefusesARetrievalWithoutKeys) {
  ExpectAnswer(kError, {"get", "get ", "gets", "gat", "gats  "});
  ExpectAnswer("END\r\n", {"gat 0", "gats 0 "});
  ExpectAnswer("CLIENT_ERROR invalid exptime argument\r\n", {"gat a", "gat a b", "gats 1x b"});
}

TEST(TextCommands, KeysMayHoldControlCharacters) {
  const std::string line = "delete a\tb\x01\x7f\xff";
  EXPECT_EQ(Parse(line).request.command.key, "a\tb\x01\x7f\xff");
}

TEST(TextCommands, DeleteTakesOnlyZeroAsATime) {
  ExpectAnswer("request", {"delete k", "delete k 0", "delete k noreply", "delete k 0 noreply"});
  EXPECT_TRUE(Parse("delete k 0 noreply").request.noreply);
  EXPECT_FALSE(Parse("delete k 0").request.noreply);
  ExpectAnswer("CLIENT_ERROR bad command line format.  Usage: delete <key> [noreply]\r\n",
               {"delete k 1", "delete k 00", "delete k 0 0", "delete k noreply 0"});
  ExpectAnswer(kError, {"delete", "delete k 0 noreply x"});
}

TEST(TextCommands, AKeyMayBeCalledNoreply) {
  const std::string line = "delete noreply";
  EXPECT_EQ(Parse(line).request.command.key, "noreply");
  EXPECT_FALSE(Parse(line).request.noreply);
}

TEST(TextCommands, ReadsDeltas) {
  const Parsed parsed = Parse("incr k 18446744073709551615");
  EXPECT_EQ(parsed.request.command.op, Op::kIncr);
  EXPECT_EQ(parsed.request.command.delta, 18446744073709551615u);
  EXPECT_EQ(Parse("decr k 5").request.command.op, Op::kDecr);
  ExpectAnswer("CLIENT_ERROR invalid numeric delta argument\r\n",
               {"incr k x", "incr k -1", "decr k 1.5", "incr k 18446744073709551616"});
  ExpectAnswer(kError, {"incr", "incr k", "decr k 1 noreply x"});
}

TEST(TextCommands, ReadsTouch) {
  const Parsed parsed = Parse("touch k 10 noreply");
  EXPECT_EQ(parsed.request.command.op, Op::kTouch);
  EXPECT_EQ(parsed.request.command.expiry_ms, 60'000);
  EXPECT_TRUE(parsed.request.noreply);
  ExpectAnswer("CLIENT_ERROR invalid exptime argument\r\n", {"touch k x"});
  ExpectAnswer(kError, {"touch", "touch k", "touch k 0 noreply x"});
}

TEST(TextCommands, ReadsFlushAll) {
  for (const char* line : {"flush_all", "flush_all 0", "flush_all -1", "flush_all 0 x"}) {
    const Parsed parsed = Parse(line);
    EXPECT_EQ(parsed.request.kind, RequestKind::kFlush) << line;
    EXPECT_EQ(parsed.request.command.op, Op::kFlush) << line;
    EXPECT_EQ(parsed.request.command.expiry_ms, kNever) << line;
    EXPECT_FALSE(parsed.request.noreply) << line;
  }
  EXPECT_EQ(Parse("flush_all 10").request.command.expiry_ms, 60'000);
  ExpectAnswer("request", {"flush_all noreply", "flush_all 10 noreply"});
  EXPECT_TRUE(Parse("flush_all noreply").request.noreply);
  EXPECT_TRUE(Parse("flush_all 10 noreply").request.noreply);
  EXPECT_EQ(Parse("flush_all 10 noreply").request.command.expiry_ms, 60'000);
  ExpectAnswer("CLIENT_ERROR invalid exptime argument\r\n", {"flush_all x", "flush_all noreply 5"});
  ExpectAnswer(kError, {"flush_all 0 0 0"});
}

TEST(TextCommands, ReadsVerbosity) {
  const Parsed parsed = Parse("verbosity 1");
  EXPECT_EQ(parsed.request.kind, RequestKind::kVerbosity);
  EXPECT_EQ(parsed.request.command.delta, 1u);
  EXPECT_EQ(parsed.request.text, "OK\r\n");
  EXPECT_EQ(Parse("verbosity 99").request.command.delta, 2u);
  EXPECT_TRUE(Parse("verbosity 1 noreply").request.noreply);
  ExpectAnswer(kBadFormat, {"verbosity x", "verbosity -1"});
  ExpectAnswer(kError, {"verbosity", "verbosity 0 1 2"});
}

TEST(TextCommands, ReadsAMemoryLimit) {
  const Parsed parsed = Parse("cache_memlimit 100");
  EXPECT_EQ(parsed.request.kind, RequestKind::kMemoryLimit);
  EXPECT_EQ(parsed.request.command.delta, 100u);
  EXPECT_FALSE(parsed.request.noreply);
  EXPECT_EQ(Parse("cache_memlimit 4294967297").request.command.delta, 1u) << "cut, as memcached's";
  EXPECT_TRUE(Parse("cache_memlimit 100 noreply").request.noreply);
  EXPECT_FALSE(Parse("cache_memlimit 100 anything").request.noreply);
  ExpectAnswer(kError, {"cache_memlimit", "cache_memlimit x", "cache_memlimit -1",
                        "cache_memlimit 64.5", "cache_memlimit 1 2 3"});
  ExpectAnswer("silence", {"cache_memlimit x noreply", "cache_memlimit noreply"});
}

TEST(TextCommands, PassesTheArgumentOfStats) {
  EXPECT_EQ(Parse("stats").request.kind, RequestKind::kStats);
  EXPECT_EQ(Parse("stats").request.text, "");
  const std::string line = "stats  settings x";
  EXPECT_EQ(Parse(line).request.text, "settings");
}

TEST(TextCommands, FindsTheWordsOfReplication) {
  for (const ReplicationWord& row : kReplicationWords) {
    const std::string word(row.word.data(), row.word.size());
    const Parsed parsed = Parse("replication  " + word + " ");
    EXPECT_EQ(parsed.request.kind, RequestKind::kReplication) << word;
    EXPECT_EQ(parsed.request.replication, row.command) << word;
    EXPECT_NE(kReplicationUsage.find(row.word), absl::string_view::npos) << word;
  }
}

TEST(TextCommands, AnswersTheUsageOfReplicationToAnythingElse) {
  ExpectAnswer(std::string(kReplicationUsage.data(), kReplicationUsage.size()),
               {"replication", "replication ", "replication x", "replication Switchover",
                "replication switchover now", "replication switchover noreply"});
  ExpectAnswer(kError, {"Replication switchover", "replications switchover"});
}

TEST(TextCommands, AnswersVersionAndQuitWithAnyArguments) {
  const std::string version = std::string("VERSION ") + kVersion + "\r\n";
  ExpectAnswer(version, {"version", "version x", "version noreply", "version HTTP/1.1"});
  EXPECT_EQ(Parse("quit").request.kind, RequestKind::kQuit);
  EXPECT_EQ(Parse("quit x").request.kind, RequestKind::kQuit);
}

TEST(TextCommands, RefusesWhatItDoesNotKnow) {
  ExpectAnswer(kError, {"", " ", "\r", "x", "foo", "GET a", "getx a", "set2 k 0 0 1", "versionx",
                        "quitx", "statsx", "mn", "mg k v", "lru_crawler metadump all"});
}

TEST(TextCommands, ClosesOnAWebClientsRequestLine) {
  ExpectAnswer("close", {"GET / HTTP/1.0", "POST / HTTP/1.1", "HTTP/1.1", "foo HTTP/",
                         "foo HTTP/1 ", "replacex / HTTP/1.1"});
  // memcached looks at no more than 23 words.
  std::string line = "foo";
  for (int i = 0; i < 21; ++i) line += " a";
  ExpectAnswer("close", {line + " HTTP/1.1", line + " HTTP/1.1 b c"});
  ExpectAnswer(kError, {line + " a HTTP/1.1"});
}

TEST(TextCommands, NoWordWithTheFirstLetterOfACommandIsAWebClient) {
  for (const char* name : {"addx", "casx", "deletex", "getx", "incrx", "setx", "touchx"}) {
    EXPECT_EQ(AnswerTo(std::string(name) + " / HTTP/1.1"), kError) << name;
  }
}

TEST(TextCommands, DoesNotTakeAKnownCommandForAWebClient) {
  ExpectAnswer("keys", {"get / HTTP/1.1"});
  ExpectAnswer(kError, {"foo HTTP/1.1 x", "replace / HTTP/1.1", "search / HTTP/1.1",
                        "add / HTTP/1.1", "mq / HTTP/1.1", "x / HTTP/1.1"});
  ExpectAnswer("CLIENT_ERROR invalid numeric delta argument\r\n", {"incr / HTTP/1.1"});
}

}  // namespace
}  // namespace twincached
