#include "tests/history/history_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace twincached::history {
namespace {

using ::testing::HasSubstr;
using Sort = HistoryLine::Sort;

std::string RoundTrip(const std::string& text) {
  const absl::StatusOr<HistoryLine> line = ParseHistoryLine(text);
  if (!line.ok()) return std::string(line.status().message());
  EXPECT_EQ(line->sort, Sort::kOperation);
  EXPECT_EQ(line->begin_us, line->operation.invoked_us);
  return FormatHistoryLine(line->operation);
}

TEST(HistoryFile, EveryOperationIsWrittenAsItIsRead) {
  for (const char* text : {
           "0 10 1 get k ok value=a",
           "0 10 1 get k not",
           "0 10 1 gets k ok value=a id=18446744073709551615",
           "0 10 1 set k value=a ok",
           "0 10 1 set k value= ttl=-1 unknown",
           "0 10 1 add k value=a ttl=60000000 not",
           "0 10 1 replace k value=a failed",
           "0 10 1 cas k value=a id=7 ttl=5 exists",
           "0 10 1 delete k ok",
           "0 10 1 incr k delta=1 ok number=5",
           "0 10 1 decr k delta=18446744073709551615 not",
           "0 10 1 touch k ttl=5 ok",
           "0 10 1 flush ok",
           "0 10 1 flush ttl=5 unknown",
           "0 10 -7 set %00%20%25%7f%ff value=%0d%0a ok",
       }) {
    EXPECT_EQ(RoundTrip(text), std::string(text) + "\n");
  }
}

TEST(HistoryFile, BytesAreEscaped) {
  const absl::StatusOr<HistoryLine> line = ParseHistoryLine("0 10 1 set %4B%6b value=a%20=b ok");
  ASSERT_TRUE(line.ok());
  EXPECT_EQ(line->operation.key, "Kk");
  EXPECT_EQ(line->operation.value, "a =b");
}

TEST(HistoryFile, AllowancesAreRead) {
  absl::StatusOr<HistoryLine> line = ParseHistoryLine("wipe 5 9");
  ASSERT_TRUE(line.ok());
  EXPECT_EQ(line->sort, Sort::kWipe);
  EXPECT_EQ(line->begin_us, 5);
  EXPECT_EQ(line->end_us, 9);
  line = ParseHistoryLine("fork 5 9");
  ASSERT_TRUE(line.ok());
  EXPECT_EQ(line->sort, Sort::kFork);
  line = ParseHistoryLine("settled 7");
  ASSERT_TRUE(line.ok());
  EXPECT_EQ(line->sort, Sort::kSettled);
  EXPECT_EQ(line->begin_us, 7);
  line = ParseHistoryLine("evictions");
  ASSERT_TRUE(line.ok());
  EXPECT_EQ(line->sort, Sort::kEvictions);
  for (const char* text : {"", "# fork 5"}) {
    line = ParseHistoryLine(text);
    ASSERT_TRUE(line.ok());
    EXPECT_EQ(line->sort, Sort::kNothing);
  }
}

TEST(HistoryFile, ErrorsSayWhatIsWrong) {
  struct {
    const char* text;
    const char* error;
  } const kCases[] = {
      {"x 10 1 get k not", "not a number in its range: \"x\""},
      {"0", "the line ends where a number belongs"},
      {"0 9223372036854775808 1 get k not", "not a number in its range"},
      {"0 9223372036854775807 1 get k not", "it never ends"},
      {"0 10 99999999999 get k not", "not a number in its range"},
      {"-1 10 1 get k not", "times begin at 0"},
      {"11 10 1 get k not", "it ends before it begins"},
      {"0 10 1 append k value=a ok", "no such command: \"append\""},
      {"0 10 1", "no such command: \"\""},
      {"0 10 1 get", "no key"},
      {"0 10 1 get  not", "no key"},
      {"0 10 1 get %4 not", "bad escape"},
      {"0 10 1 get %zz not", "bad escape"},
      {"0 10 1 get k\x01 not", "a byte that needs one"},
      {"0 10 1 set k ok", "value= is missing"},
      {"0 10 1 cas k value=a ok", "id= is missing"},
      {"0 10 1 incr k ok number=5", "delta= is missing"},
      {"0 10 1 incr k delta=0 ok number=5", "delta= is 0"},
      {"0 10 1 incr k delta=1 ok", "number= is missing"},
      {"0 10 1 get k ok", "value= is missing"},
      {"0 10 1 set k value=a ttl=x ok", "not a number in its range: \"x\""},
      {"0 10 1 set k value=a", "no such outcome, or field: \"\""},
      {"0 10 1 delete k ttl=5 ok", "no such outcome, or field: \"ttl=5\""},
      {"0 10 1 set k value=a stored", "no such outcome, or field: \"stored\""},
      {"0 10 1 set k value=a exists", "only a cas answers exists"},
      {"0 10 1 set k value=a ok extra", "this does not belong here: \"extra\""},
      {"0 10 1 set k value=a ok ", "this does not belong here: \"\""},
      {"wipe 5", "the line ends where a number belongs"},
      {"fork 5 4", "it ends before it begins"},
      {"settled", "the line ends where a number belongs"},
      {"evictions 5", "this does not belong here: \"5\""},
  };
  for (const auto& wrong : kCases) {
    const absl::StatusOr<HistoryLine> line = ParseHistoryLine(wrong.text);
    ASSERT_FALSE(line.ok()) << wrong.text;
    EXPECT_THAT(std::string(line.status().message()), HasSubstr(wrong.error)) << wrong.text;
  }
}

HistoryReader ReaderOf(const std::string& text) {
  return HistoryReader("test", std::make_unique<std::istringstream>(text));
}

TEST(HistoryReader, ReadsLineByLineAndNamesTheWrongOne) {
  HistoryReader reader = ReaderOf("# head\n\n0 10 1 get k not\nevictions\nfork 5 9\nbad\n");
  EXPECT_EQ(reader.Next()->sort, Sort::kOperation);
  EXPECT_EQ(reader.Next()->sort, Sort::kEvictions);
  EXPECT_EQ(reader.Next()->sort, Sort::kFork);
  const absl::StatusOr<HistoryLine> line = reader.Next();
  ASSERT_FALSE(line.ok());
  EXPECT_THAT(std::string(line.status().message()), HasSubstr("test:6: not a number"));
}

TEST(HistoryReader, EndsWithNothing) {
  HistoryReader reader = ReaderOf("0 10 1 get k not");
  EXPECT_EQ(reader.Next()->sort, Sort::kOperation);
  EXPECT_EQ(reader.Next()->sort, Sort::kNothing);
  EXPECT_EQ(reader.Next()->sort, Sort::kNothing);
}

TEST(HistoryReader, WantsLinesInOrder) {
  HistoryReader reader = ReaderOf("5 10 1 get k not\n5 6 2 get k not\n4 20 1 get k not\n");
  EXPECT_TRUE(reader.Next().ok());
  EXPECT_TRUE(reader.Next().ok());
  const absl::StatusOr<HistoryLine> line = reader.Next();
  ASSERT_FALSE(line.ok());
  EXPECT_THAT(std::string(line.status().message()),
              HasSubstr("test:3: out of order: it begins at 4, a line above at 5"));
}

TEST(HistoryReader, OpensFiles) {
  const std::string path = ::testing::TempDir() + "/history_file_test.txt";
  std::ofstream(path) << "0 10 1 get k not\n";
  const auto reader = HistoryReader::Open(path);
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ((*reader)->Next()->sort, Sort::kOperation);
  EXPECT_THAT(std::string(HistoryReader::Open(path + ".none").status().message()),
              HasSubstr("cannot be opened"));
}

}  // namespace
}  // namespace twincached::history
