#include "proto/memcache/session.h"

#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/unit/memcache/conversation.h"

namespace twincached {
namespace {

using Heard = std::vector<std::string>;

// Every kind of line, value and mistake, one after the other.
const char kEverything[] =
    "set a 1 0 5\r\nhello\r\n"
    "add b 0 100 3 noreply\r\nx\r\n\r\n"
    "cas c 0 -1 2 18446744073709551615\r\nyy\r\n"
    "append d 0 0 0\r\n\r\n"
    "get a\r\nget a b  c \r\ngets a b\r\ngat 10 a b\r\n"
    "set e 0 0 3\r\nabcdef\r\n"
    "set f 0 0 3\r\nab\r\nget a\r\n"
    "set g x 0 2\r\nhi\r\n"
    "delete a\r\ndelete a 0 noreply\r\ndelete a 1\r\n"
    "incr n 5\r\ndecr n x\r\nincr n x noreply\r\n"
    "touch a 10\r\nflush_all 10 noreply\r\nflush_all\r\n"
    "stats\r\nstats settings\r\nversion\r\nverbosity 1\r\n"
    "replication switchover\r\nreplication\r\n"
    "\r\n\nfoo\r\nget\r\n"
    "quit\r\nget a\r\n";

// The same with values that are too large for `-I 100`.
const char kTooLarge[] =
    "set a 0 0 60\r\n012345678901234567890123456789012345678901234567890123456789\r\n"
    "add a 0 0 60\r\nget a\r\n78901234567890123456789012345678901234567890123456789\r\nget b\r\n"
    "replace a 0 0 60 noreply\r\n012345678901234567890123456789012345678901234567890123456789\r\n"
    "get c\r\n";

TEST(Session, UnderstandsAWholeConversation) {
  const Heard heard = HearWhole(kEverything);
  ASSERT_GE(heard.size(), 5u);
  EXPECT_EQ(heard[0], "set a flags=1 [hello]");
  EXPECT_EQ(heard[1], "add b expiry=150000 [x\r\n] noreply");
  EXPECT_EQ(heard[2], "cas c expiry=-1 cas=18446744073709551615 [yy]");
  EXPECT_EQ(heard[3], "append d []");
  EXPECT_EQ(heard.back(), "quit");
}

TEST(Session, HearsTheSameInPiecesOfAnySize) {
  const std::string input = kEverything;
  const Heard whole = HearWhole(input);
  for (size_t piece_bytes = 1; piece_bytes < input.size(); ++piece_bytes) {
    ASSERT_EQ(HearInPieces(input, piece_bytes), whole) << piece_bytes;
    ASSERT_EQ(HearInPieces(input, piece_bytes, Patience::kUntilWanted), whole) << piece_bytes;
  }
}

TEST(Session, HearsTheSameCutAtAnyByte) {
  const std::string input = kEverything;
  const Heard whole = HearWhole(input);
  for (size_t cut = 0; cut <= input.size(); ++cut) {
    Conversation conversation;
    conversation.Say(input.substr(0, cut));
    conversation.Say(input.substr(cut));
    ASSERT_EQ(conversation.heard(), whole) << cut;
  }
}

TEST(Session, SwallowsTheSameCutAtAnyByte) {
  const std::string input = kTooLarge;
  Conversation whole(/*item_size_max=*/100);
  whole.Say(input);
  EXPECT_EQ(whole.heard(),
            (Heard{"discard a reply SERVER_ERROR object too large for cache",
                   "reply SERVER_ERROR object too large for cache", "get b END", "get c END"}));
  for (size_t cut = 0; cut <= input.size(); ++cut) {
    Conversation conversation(/*item_size_max=*/100);
    conversation.Say(input.substr(0, cut));
    conversation.Say(input.substr(cut));
    ASSERT_EQ(conversation.heard(), whole.heard()) << cut;
  }
}

// A line of up to eight words that often make sense together.
std::string RandomLine(std::mt19937* random) {
  static const char* const kWords[] = {"get",    "gets", "gat",    "set",     "add", "cas",
                                       "delete", "incr", "k",      "key2",    "0",   "1",
                                       "2",      "-1",   "5",      "noreply", "",    "touch",
                                       "append", "\t",   "999999", "HTTP/1.1"};
  std::string line;
  for (size_t words = 1 + (*random)() % 8; words > 0; --words) {
    line += kWords[(*random)() % std::size(kWords)];
    if (words > 1) line += ' ';
  }
  static const char* const kEnds[] = {"\r\n", "\r\n", "\r\n", "\n", "\r", ""};
  return line + kEnds[(*random)() % std::size(kEnds)];
}

TEST(Session, HearsTheSameOfRandomLinesInRandomPieces) {
  for (uint32_t seed = 1; seed <= 2000; ++seed) {
    std::mt19937 random(seed);
    std::string input;
    for (int lines = 0; lines < 12; ++lines) input += RandomLine(&random);
    Conversation pieces(/*item_size_max=*/100);
    for (size_t at = 0; at < input.size();) {
      const size_t bytes = 1 + random() % 20;
      pieces.Say(input.substr(at, bytes));
      at += bytes;
    }
    Conversation whole(/*item_size_max=*/100);
    whole.Say(input);
    ASSERT_EQ(pieces.heard(), whole.heard()) << "seed " << seed << "\n" << input;
  }
}

TEST(Session, HoldsNothingOfWhatItConsumed) {
  Conversation conversation;
  for (int i = 0; i < 100; ++i) conversation.Say("set k 0 0 3\r\nabc\r\nget k a b\r\n");
  EXPECT_EQ(conversation.unconsumed(), 0u);
  EXPECT_EQ(conversation.heard().size(), 400u);
  EXPECT_LE(sizeof(ClientSession), 256u);
}

}  // namespace
}  // namespace twincached
