#include "tests/bench/reply_scan.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/string_view.h"

namespace twincached::bench {
namespace {

constexpr absl::string_view kKey = "k00000000007";

ReplyScan Get(absl::string_view input) { return ScanReply(RequestKind::kGet, kKey, input); }
ReplyScan Set(absl::string_view input) { return ScanReply(RequestKind::kSet, kKey, input); }

std::string Hit(absl::string_view data) {
  return "VALUE " + std::string(kKey) + " 0 " + std::to_string(data.size()) + "\r\n" +
         std::string(data) + "\r\nEND\r\n";
}

// Every proper prefix asks for more; the whole is judged, also with the next reply behind it.
void ExpectUnderEverySplit(RequestKind kind, const std::string& reply, ReplyOutcome outcome) {
  for (size_t bytes = 0; bytes < reply.size(); ++bytes) {
    const ReplyScan scan = ScanReply(kind, kKey, absl::string_view(reply).substr(0, bytes));
    EXPECT_EQ(scan.outcome, ReplyOutcome::kIncomplete) << bytes << " bytes of " << reply;
    EXPECT_EQ(scan.bytes, 0u);
  }
  for (const std::string& behind : {std::string(), std::string("S"), std::string("END\r\n")}) {
    const ReplyScan scan = ScanReply(kind, kKey, reply + behind);
    EXPECT_EQ(scan.outcome, outcome) << reply;
    EXPECT_EQ(scan.bytes, reply.size());
  }
}

TEST(ReplyScan, StoredUnderEverySplit) {
  ExpectUnderEverySplit(RequestKind::kSet, "STORED\r\n", ReplyOutcome::kStored);
}

TEST(ReplyScan, MissUnderEverySplit) {
  ExpectUnderEverySplit(RequestKind::kGet, "END\r\n", ReplyOutcome::kMiss);
}

TEST(ReplyScan, HitUnderEverySplit) {
  ExpectUnderEverySplit(RequestKind::kGet, Hit("some value"), ReplyOutcome::kHit);
  ExpectUnderEverySplit(RequestKind::kGet, Hit(""), ReplyOutcome::kHit);
}

TEST(ReplyScan, DataThatLooksLikeTheEndIsData) {
  ExpectUnderEverySplit(RequestKind::kGet, Hit("a\r\nEND\r\nb"), ReplyOutcome::kHit);
  ExpectUnderEverySplit(RequestKind::kGet, Hit("\r\nEND\r\n"), ReplyOutcome::kHit);
}

TEST(ReplyScan, ErrorLinesUnderEverySplitForBothKinds) {
  for (const RequestKind kind : {RequestKind::kGet, RequestKind::kSet}) {
    for (const char* line : {"ERROR\r\n", "SERVER_ERROR out of memory storing object\r\n",
                             "CLIENT_ERROR bad data chunk\r\n", "NOT_STORED\r\n"}) {
      ExpectUnderEverySplit(kind, line, ReplyOutcome::kErrorLine);
    }
  }
}

TEST(ReplyScan, AnswerToTheOtherKindIsBroken) {
  EXPECT_EQ(Get("STORED\r\n").outcome, ReplyOutcome::kBroken);
  EXPECT_EQ(Set("END\r\n").outcome, ReplyOutcome::kBroken);
  EXPECT_EQ(Set(Hit("x")).outcome, ReplyOutcome::kBroken);
}

TEST(ReplyScan, ValueOfAnotherKeyIsBroken) {
  EXPECT_EQ(Get("VALUE k00000000008 0 1\r\nx\r\nEND\r\n").outcome, ReplyOutcome::kBroken);
  EXPECT_EQ(Get("VALUE k000000000070 0 1\r\nx\r\nEND\r\n").outcome, ReplyOutcome::kBroken);
  EXPECT_EQ(Get("VALUE k0000000000 0 1\r\nx\r\nEND\r\n").outcome, ReplyOutcome::kBroken);
}

TEST(ReplyScan, WrongLengthIsBroken) {
  const std::string head = "VALUE " + std::string(kKey) + " 0 ";
  EXPECT_EQ(Get(head + "2\r\nabc\r\nEND\r\n").outcome, ReplyOutcome::kBroken);
  EXPECT_EQ(Get(head + "4\r\nabc\r\nEND\r\n").outcome, ReplyOutcome::kBroken);
  EXPECT_EQ(Get(head + "3\r\nabc\r\nSTORED\r\n").outcome, ReplyOutcome::kBroken);
}

TEST(ReplyScan, MalformedValueLineIsBroken) {
  const std::string head = "VALUE " + std::string(kKey);
  for (const char* rest : {"\r\n", " \r\n", " 0\r\n", " 0 \r\n", " 0 x\r\n", " 0 -1\r\n",
                           " x 1\r\n", " 0 1 5\r\n", " 0 1\n", " 0 99999999999999999999\r\n"}) {
    EXPECT_EQ(Get(head + rest + "a\r\nEND\r\n").outcome, ReplyOutcome::kBroken) << rest;
  }
}

TEST(ReplyScan, GarbageIsBrokenAtItsLineEnd) {
  EXPECT_EQ(Set("STORE").outcome, ReplyOutcome::kIncomplete);
  EXPECT_EQ(Set("STOREX\r\n").outcome, ReplyOutcome::kBroken);
  EXPECT_EQ(Set("\n").outcome, ReplyOutcome::kBroken);
  EXPECT_EQ(Get("HTTP/1.1 400 Bad Request\r\n").outcome, ReplyOutcome::kBroken);
}

TEST(ReplyScan, LineWithoutEndIsBrokenAtItsBound) {
  const std::string endless(kReplyLineBytesMax, 'x');
  EXPECT_EQ(Get(endless.substr(1)).outcome, ReplyOutcome::kIncomplete);
  EXPECT_EQ(Get(endless).outcome, ReplyOutcome::kBroken);
  EXPECT_EQ(Get(endless).bytes, kReplyLineBytesMax);
}

}  // namespace
}  // namespace twincached::bench
