#include "proto/memcache/text_parser.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "proto/limits.h"
#include "tests/unit/memcache/conversation.h"

namespace twincached {
namespace {

using Heard = std::vector<std::string>;

std::string Text(absl::string_view text) { return std::string(text.data(), text.size()); }

TEST(TextParser, TakesBothLineEnds) {
  EXPECT_EQ(HearWhole("get a\r\nget b\n"), (Heard{"get a END", "get b END"}));
  EXPECT_EQ(HearWhole("get a\r\r\n"), (Heard{"get a\r END"}));
}

TEST(TextParser, AnEmptyLineIsAnError) {
  EXPECT_EQ(HearWhole("\r\n\n"), (Heard{"reply ERROR", "reply ERROR"}));
}

TEST(TextParser, ABinaryZeroEndsTheLineBeforeItsEnd) {
  const std::string zero(1, '\0');
  EXPECT_EQ(HearWhole("get a" + zero + "b c\r\nget d\r\n"), (Heard{"get a END", "get d END"}));
  EXPECT_EQ(HearWhole(zero + "\r\n"), (Heard{"reply ERROR"}));
}

TEST(TextParser, WaitsForTheEndOfTheLine) {
  Conversation conversation;
  conversation.Say("get a\r");
  EXPECT_EQ(conversation.heard(), Heard());
  conversation.Say("\n");
  EXPECT_EQ(conversation.heard(), (Heard{"get a END"}));
  EXPECT_EQ(conversation.unconsumed(), 0u);
}

TEST(TextParser, WaitsForTheWholeValueAndSaysHowMuch) {
  TextParser parser(kItemBytesDefault);
  Request request;
  const std::string input = "set k 0 0 10\r\nabc";
  const ParseStep step = parser.Next(input, kTestClock, &request);
  EXPECT_EQ(step.outcome, ParseOutcome::kNeedMore);
  EXPECT_EQ(step.consumed, 0u);
  EXPECT_EQ(step.wanted, 14u + 12u);
}

TEST(TextParser, TakesAValueWithLineEndsAndZeros) {
  const std::string value("a\r\nget b\r\n\0c", 12);
  EXPECT_EQ(HearWhole("set k 5 1 12\r\n" + value + "\r\nquit\r\n"),
            (Heard{"set k flags=5 expiry=51000 [" + value + "]", "quit"}));
}

TEST(TextParser, TakesAnEmptyValue) {
  EXPECT_EQ(HearWhole("set k 0 0 0\r\n\r\nget k\r\n"), (Heard{"set k []", "get k END"}));
}

TEST(TextParser, ViewsPointIntoTheInput) {
  const std::string input = "set key 0 0 3\r\nabc\r\n";
  TextParser parser(kItemBytesDefault);
  Request request;
  EXPECT_EQ(parser.Next(input, kTestClock, &request).consumed, input.size());
  EXPECT_EQ(request.command.key.data(), input.data() + 4);
  EXPECT_EQ(request.command.value.data(), input.data() + 15);
}

TEST(TextParser, GoesOnTwoBytesBehindABadDataChunk) {
  EXPECT_EQ(HearWhole("set k 0 0 3\r\nabcdef\r\nget a\r\n"),
            (Heard{"reply CLIENT_ERROR bad data chunk", "reply ERROR", "get a END"}));
  EXPECT_EQ(HearWhole("set k 0 0 3\r\nab\r\nversion\r\n"),
            (Heard{"reply CLIENT_ERROR bad data chunk", "reply ERROR"}));
  EXPECT_EQ(HearWhole("set k 0 0 3\r\nabc\n\nget a\r\n"),
            (Heard{"reply CLIENT_ERROR bad data chunk", "get a END"}));
}

TEST(TextParser, ABadDataChunkOfANoreplyCommandIsSilent) {
  EXPECT_EQ(HearWhole("set k 0 0 3 noreply\r\nabcdef\r\nget a\r\n"),
            (Heard{"reply ERROR", "get a END"}));
}

TEST(TextParser, ValueOfARefusedLineIsALine) {
  EXPECT_EQ(HearWhole("set k x 0 3\r\nabc\r\n"),
            (Heard{"reply CLIENT_ERROR bad command line format", "reply ERROR"}));
}

TEST(TextParser, SwallowsAValueThatIsTooLargeAsItArrives) {
  Conversation conversation(/*item_size_max=*/1024);
  conversation.Say("add k 0 0 100000\r\nget a\r\n");
  EXPECT_EQ(conversation.heard(), (Heard{"reply SERVER_ERROR object too large for cache"}));
  EXPECT_EQ(conversation.unconsumed(), 0u);
  conversation.Say(std::string(99993, '\n'));
  EXPECT_EQ(conversation.unconsumed(), 0u);
  conversation.Say("\r");
  conversation.Say("\nget b\r\n");
  EXPECT_EQ(conversation.heard(),
            (Heard{"reply SERVER_ERROR object too large for cache", "get b END"}));
}

TEST(TextParser, ASetThatIsTooLargeBecomesADiscard) {
  Conversation conversation(/*item_size_max=*/100);
  conversation.Say("set k 0 0 50\r\n" + std::string(50, 'x') + "\r\n");
  conversation.Say("set k 0 0 50 noreply\r\n" + std::string(50, 'x') + "\r\nget k\r\n");
  EXPECT_EQ(
      conversation.heard(),
      (Heard{"discard k reply SERVER_ERROR object too large for cache",
             "discard k reply SERVER_ERROR object too large for cache noreply", "get k END"}));
}

TEST(TextParser, AMultiGetIsOneRequestPerKey) {
  EXPECT_EQ(HearWhole("get a bb  ccc \r\ngats 0 d e\r\n"),
            (Heard{"get a", "get bb", "get ccc END", "gats d", "gats e END"}));
}

TEST(TextParser, AMultiGetWithOneLongKeyLooksUpNone) {
  EXPECT_EQ(HearWhole("get a " + std::string(251, 'k') + " b\r\nget c\r\n"),
            (Heard{"reply CLIENT_ERROR bad command line format", "get c END"}));
}

TEST(TextParser, AMultiGetCanBePausedAfterEachKey) {
  TextParser parser(kItemBytesDefault);
  std::string input = "get a b c\r\nversion\r\n";
  for (const char* key : {"a", "b", "c"}) {
    Request request;
    const ParseStep step = parser.Next(input, kTestClock, &request);
    ASSERT_EQ(step.outcome, ParseOutcome::kRequest);
    EXPECT_EQ(Text(request.command.key), key);
    input.erase(0, step.consumed);
  }
  EXPECT_EQ(input, "version\r\n");
}

TEST(TextParser, AMultiGetMayBeVeryLong) {
  std::string line = "get";
  Heard expected;
  for (int i = 0; i < 20000; ++i) {
    line += " key" + std::to_string(i);
    expected.push_back("get key" + std::to_string(i));
  }
  expected.back() += " END";
  EXPECT_EQ(HearWhole(line + "\r\n"), expected);
  EXPECT_EQ(HearInPieces(line + "\r\n", 4096), expected);
}

TEST(TextParser, AMultiGetHasABound) {
  const std::string keys(kGetLineBytesMax, 'k');
  EXPECT_EQ(HearWhole("get " + keys), (Heard{"close"}));
  EXPECT_EQ(HearWhole("get " + keys + "\r\n"), (Heard{"close"}));
  EXPECT_EQ(HearInPieces("gets " + keys + "\r\n", 65536), (Heard{"close"}));
}

TEST(TextParser, ClosesOnALongLineWithoutEnd) {
  EXPECT_EQ(HearWhole(std::string(kLineBytesMax, 'x')), Heard());
  EXPECT_EQ(HearWhole(std::string(kLineBytesMax + 1, 'x')), (Heard{"close"}));
  EXPECT_EQ(HearWhole("gat 0 " + std::string(kLineBytesMax, 'x')), (Heard{"close"}));
  EXPECT_EQ(HearWhole(std::string(101, ' ') + "get " + std::string(kLineBytesMax, 'x')),
            (Heard{"close"}));
  EXPECT_EQ(HearWhole(std::string(100, ' ') + "get " + std::string(kLineBytesMax, 'x')), Heard());
}

TEST(TextParser, TakesALongLineThatArrivesWhole) {
  const std::string longest(kWholeLineBytesMax - 2, 'x');
  EXPECT_EQ(HearWhole(longest + "\r\nget a\r\n"), (Heard{"reply ERROR", "get a END"}));
  EXPECT_EQ(HearWhole(longest + "x\r\nget a\r\n"), (Heard{"close"}));
}

TEST(TextParser, LengthOfTheLineBeforeDoesNotCount) {
  const std::string line = std::string(2000, 'x') + "\r\n";
  EXPECT_EQ(HearInPieces(line + line + "get a\r\n", 1500),
            (Heard{"reply ERROR", "reply ERROR", "get a END"}));
}

TEST(TextParser, StaysClosedAfterQuitAndClose) {
  for (const std::string input : {"quit\r\nget a\r\n", "GET / HTTP/1.1\r\nget a\r\n"}) {
    TextParser parser(kItemBytesDefault);
    Request request;
    const ParseStep first = parser.Next(input, kTestClock, &request);
    const std::string rest = input.substr(first.consumed);
    EXPECT_EQ(rest, "get a\r\n");
    for (int i = 0; i < 2; ++i) {
      const ParseStep next = parser.Next(rest, kTestClock, &request);
      EXPECT_EQ(next.outcome, ParseOutcome::kClose);
      EXPECT_EQ(next.consumed, 0u);
      EXPECT_TRUE(request.text.empty());
    }
  }
}

TEST(TextParser, NothingIsNothing) {
  TextParser parser(kItemBytesDefault);
  Request request;
  const ParseStep step = parser.Next({}, kTestClock, &request);
  EXPECT_EQ(step.outcome, ParseOutcome::kNeedMore);
  EXPECT_EQ(step.consumed, 0u);
  EXPECT_EQ(step.wanted, 1u);
}

}  // namespace
}  // namespace twincached
