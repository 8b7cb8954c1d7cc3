// No forward is lost, none is executed twice, and the book has an end.
#include "actors/forward_book.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "proto/limits.h"

namespace twincached {
namespace {

ForwardRequest Request(absl::string_view key, absl::string_view value = "") {
  ForwardRequest request;
  request.client = {1, 2};
  request.owned = absl::StrCat(key, value);
  request.command.op = Op::kSet;
  request.command.key = absl::string_view(request.owned).substr(0, key.size());
  request.command.value = absl::string_view(request.owned).substr(key.size());
  return request;
}

TEST(ForwardBook, NumbersAreDense) {
  ForwardBook book;
  const uint64_t first = book.Add(Request("a"));
  EXPECT_EQ(book.first(), first);
  EXPECT_EQ(book.Add(Request("b")), first + 1);
  EXPECT_EQ(book.Add(Request("c")), first + 2);
  EXPECT_EQ(book.end(), first + 3);
  EXPECT_EQ(book.in_flight(), 3u);
}

TEST(ForwardBook, NumbersGoOnWhenTheBookIsEmptyAgainOrCleared) {
  ForwardBook book;
  const uint64_t first = book.Add(Request("a"));
  ASSERT_NE(book.Answer(first, 1), nullptr);
  book.Forget();
  EXPECT_EQ(book.Add(Request("b")), first + 1);
  book.Clear();
  EXPECT_EQ(book.in_flight(), 0u);
  EXPECT_EQ(book.first(), book.end());
  EXPECT_EQ(book.Add(Request("c")), first + 2);
}

TEST(ForwardBook, KeyAndValueStayWhereTheRequestWent) {
  ForwardBook book;
  std::vector<std::pair<std::string, std::string>> kept;
  // Short ones live inside the string object, long ones outside.
  for (size_t bytes : {1, 7, 15, 16, 100, 250}) {
    kept.emplace_back(std::string(bytes, 'k'), std::string(bytes * 3, 'v'));
  }
  kept.emplace_back("only-a-key", "");
  kept.emplace_back("", "");  // a flush
  std::vector<uint64_t> numbers;
  for (const auto& each : kept) numbers.push_back(book.Add(Request(each.first, each.second)));
  for (int i = 0; i < 1000; ++i) book.Add(Request("x"));
  for (size_t i = 0; i < kept.size(); ++i) {
    const ForwardBook::Entry* entry = book.Find(numbers[i]);
    ASSERT_NE(entry, nullptr);
    EXPECT_EQ(entry->request.command.key, kept[i].first);
    EXPECT_EQ(entry->request.command.value, kept[i].second);
    EXPECT_EQ(entry->request.client.client, 2u);
  }
}

TEST(ForwardBook, AnAnswerIsTakenOnce) {
  ForwardBook book;
  const uint64_t number = book.Add(Request("a"));
  const ForwardBook::Entry* entry = book.Answer(number, 1);
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(entry->request.command.key, "a");
  EXPECT_EQ(book.in_flight(), 0u);
  EXPECT_EQ(book.Answer(number, 1), nullptr);
  EXPECT_EQ(book.Find(number), nullptr);
  EXPECT_EQ(book.in_flight(), 0u);
  book.Forget();
  EXPECT_EQ(book.Answer(number, 1), nullptr);
}

TEST(ForwardBook, NumbersThatWereNeverGivenHaveNoAnswer) {
  ForwardBook book;
  EXPECT_EQ(book.Answer(0, 1), nullptr);
  EXPECT_EQ(book.Answer(book.end(), 1), nullptr);
  const uint64_t number = book.Add(Request("a"));
  EXPECT_EQ(book.Answer(number + 1, 1), nullptr);
  EXPECT_EQ(book.Answer(UINT64_MAX, 1), nullptr);
  EXPECT_EQ(book.Find(number + 1), nullptr);
  EXPECT_EQ(book.in_flight(), 1u);
}

TEST(ForwardBook, AnAnswerInPartsIsCompleteWithTheLast) {
  ForwardBook book;
  const uint64_t number = book.Add(Request(""));
  EXPECT_EQ(book.Answer(number, 3), nullptr);
  EXPECT_EQ(book.Answer(number, 3), nullptr);
  EXPECT_NE(book.Find(number), nullptr) << "a cut link would have to send it again";
  EXPECT_EQ(book.in_flight(), 1u);
  EXPECT_NE(book.Answer(number, 3), nullptr);
  EXPECT_EQ(book.in_flight(), 0u);
  EXPECT_EQ(book.Answer(number, 3), nullptr);
}

TEST(ForwardBook, AnAnswerInNoPartsAtAllIsAnAnswer) {
  ForwardBook book;
  const uint64_t number = book.Add(Request("a"));
  EXPECT_NE(book.Answer(number, 0), nullptr) << "the peer's number; a client waits here";
  EXPECT_EQ(book.in_flight(), 0u);
}

TEST(ForwardBook, PartsOfBeforeARestartCountNoMore) {
  ForwardBook book;
  const uint64_t number = book.Add(Request(""));
  EXPECT_EQ(book.Answer(number, 3), nullptr);
  EXPECT_EQ(book.Answer(number, 3), nullptr);
  book.Restart(number);  // its master is gone: executed here, on as many shards as there are here
  EXPECT_EQ(book.Answer(number, 2), nullptr);
  EXPECT_NE(book.Answer(number, 2), nullptr);
  book.Restart(number);
  EXPECT_EQ(book.Answer(number, 2), nullptr) << "an answer is taken once";
}

TEST(ForwardBook, TheAnswerWaitsForWhatEveryPartReveals) {
  ForwardBook book;
  const uint64_t number = book.Add(Request(""));
  const uint64_t other = book.Add(Request("a"));
  book.Reveal(number, {0, 4});
  EXPECT_EQ(book.Answer(number, 2), nullptr);
  book.Reveal(number, {1, 9});
  const ForwardBook::Entry* entry = book.Answer(number, 2);
  ASSERT_NE(entry, nullptr);
  ASSERT_EQ(entry->revealed.size(), 2u);
  EXPECT_EQ(entry->revealed[0].shard, 0u);
  EXPECT_EQ(entry->revealed[0].seq, 4u);
  EXPECT_EQ(entry->revealed[1].shard, 1u);
  EXPECT_EQ(entry->revealed[1].seq, 9u);
  book.Reveal(number, {0, 10});     // answered already
  book.Reveal(other + 1, {0, 10});  // never asked for
  EXPECT_EQ(entry->revealed.size(), 2u);
  EXPECT_TRUE(book.Answer(other, 1)->revealed.empty());
}

TEST(ForwardBook, ForgetsFromTheFrontOnly) {
  ForwardBook book;
  const uint64_t first = book.Add(Request("a"));
  book.Add(Request("b"));
  book.Add(Request("c"));
  ASSERT_NE(book.Answer(first + 1, 1), nullptr);
  book.Forget();
  EXPECT_EQ(book.first(), first) << "the oldest is unanswered";
  EXPECT_EQ(book.Find(first)->request.command.key, "a");
  EXPECT_EQ(book.Find(first + 1), nullptr);
  EXPECT_EQ(book.Find(first + 2)->request.command.key, "c");
  ASSERT_NE(book.Answer(first, 1), nullptr);
  book.Forget();
  EXPECT_EQ(book.first(), first + 2);
  EXPECT_EQ(book.Find(first + 2)->request.command.key, "c");
}

TEST(ForwardBook, AnAnsweredEntryCanBeReadUntilForgotten) {
  ForwardBook book;
  const uint64_t first = book.Add(Request("a", "1"));
  const uint64_t second = book.Add(Request("b", "2"));
  const ForwardBook::Entry* entry = book.Answer(second, 1);
  ASSERT_NE(book.Answer(first, 1), nullptr);
  for (int i = 0; i < 100; ++i) book.Add(Request("more"));
  EXPECT_EQ(entry->request.command.key, "b");
  EXPECT_EQ(entry->request.command.value, "2");
}

TEST(ForwardBook, IsFullAtSoManyForwards) {
  ForwardBook book;
  for (size_t i = 0; i + 1 < kForwardsInFlightMax; ++i) book.Add(Request("k"));
  EXPECT_FALSE(book.full());
  const uint64_t last = book.Add(Request("k"));
  EXPECT_TRUE(book.full());
  book.Answer(last, 1);
  EXPECT_FALSE(book.full());
}

TEST(ForwardBook, IsFullAtSoManyBytes) {
  ForwardBook book;
  const std::string value(kForwardBytesInFlightMax / 4, 'v');
  std::vector<uint64_t> numbers;
  while (!book.full()) {
    ASSERT_LT(numbers.size(), 4u);
    numbers.push_back(book.Add(Request("k", value)));
  }
  book.Answer(numbers[1], 1);
  EXPECT_FALSE(book.full()) << "answered bytes do not count, wherever they are";
  for (uint64_t number : numbers) book.Answer(number, 1);
  book.Forget();
  EXPECT_EQ(book.in_flight(), 0u);
  book.Add(Request("k", std::string(kForwardBytesInFlightMax - 2, 'v')));
  EXPECT_FALSE(book.full());
  book.Clear();
  EXPECT_FALSE(book.full());
}

}  // namespace
}  // namespace twincached
