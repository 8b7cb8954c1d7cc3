#include "proto/memcache/reply_writer.h"

#include <string>

#include "gtest/gtest.h"

namespace twincached {
namespace {

Request StoreRequest(Op op, ReplyForm form = ReplyForm::kTextStatus) {
  Request request;
  request.form = form;
  request.command.op = op;
  request.command.key = "key";
  return request;
}

Reply WithStatus(Status status) {
  Reply reply;
  reply.status = status;
  return reply;
}

Reply Hit(absl::string_view value) {
  Reply reply;
  reply.status = Status::kHit;
  reply.client_flags = 4294967295;
  reply.cas = 18446744073709551615u;
  reply.value = value;
  return reply;
}

std::string Composed(const Request& request, const Reply& reply) {
  std::string out;
  ComposeReply(request, reply, &out);
  return out;
}

std::string StatusOf(Op op, Status status) {
  return Composed(StoreRequest(op), WithStatus(status));
}

TEST(ReplyWriter, WritesAHitWithItsValueAndEnd) {
  EXPECT_EQ(Composed(StoreRequest(Op::kGet, ReplyForm::kTextValue), Hit("a\r\nb")),
            "VALUE key 4294967295 4\r\na\r\nb\r\nEND\r\n");
}

TEST(ReplyWriter, WritesAHitAroundItsValue) {
  Request request = StoreRequest(Op::kGet, ReplyForm::kTextValueWithCas);
  for (const bool last_key : {false, true}) {
    request.last_key = last_key;
    std::string out;
    ASSERT_TRUE(HasValue(request, Hit("value")));
    ComposeBeforeValue(request, Hit("value"), &out);
    out.append("value");
    ComposeBehindValue(request, &out);
    EXPECT_EQ(out, Composed(request, Hit("value")));
  }
  EXPECT_FALSE(HasValue(request, WithStatus(Status::kMiss)));
  EXPECT_FALSE(HasValue(StoreRequest(Op::kSet), Hit("value")));
  request.noreply = true;
  EXPECT_FALSE(HasValue(request, Hit("value")));
}

TEST(ReplyWriter, WritesTheCasOfAGets) {
  EXPECT_EQ(Composed(StoreRequest(Op::kGet, ReplyForm::kTextValueWithCas), Hit("")),
            "VALUE key 4294967295 0 18446744073709551615\r\n\r\nEND\r\n");
}

TEST(ReplyWriter, HoldsTheLongestKeyAndNumbers) {
  Request request = StoreRequest(Op::kGet, ReplyForm::kTextValueWithCas);
  const std::string key(250, 'k');
  request.command.key = key;
  const std::string value(100000, 'v');
  EXPECT_EQ(Composed(request, Hit(value)),
            "VALUE " + key + " 4294967295 100000 18446744073709551615\r\n" + value + "\r\nEND\r\n");
}

TEST(ReplyWriter, EndsAMultiGetOnlyAtTheLastKey) {
  Request request = StoreRequest(Op::kGet, ReplyForm::kTextValue);
  request.last_key = false;
  EXPECT_EQ(Composed(request, Hit("v")), "VALUE key 4294967295 1\r\nv\r\n");
  EXPECT_EQ(Composed(request, WithStatus(Status::kMiss)), "");
  request.last_key = true;
  EXPECT_EQ(Composed(request, WithStatus(Status::kMiss)), "END\r\n");
}

TEST(ReplyWriter, AnswersAFailedGatInPlaceOfEnd) {
  Request request = StoreRequest(Op::kGat, ReplyForm::kTextValue);
  request.last_key = false;
  EXPECT_EQ(Composed(request, WithStatus(Status::kNoReplica)), "");
  request.last_key = true;
  EXPECT_EQ(Composed(request, WithStatus(Status::kNoReplica)), "SERVER_ERROR no replica\r\n");
}

TEST(ReplyWriter, WritesEachStatusAsMemcachedDoes) {
  EXPECT_EQ(StatusOf(Op::kSet, Status::kStored), "STORED\r\n");
  EXPECT_EQ(StatusOf(Op::kAdd, Status::kNotStored), "NOT_STORED\r\n");
  EXPECT_EQ(StatusOf(Op::kCas, Status::kExists), "EXISTS\r\n");
  EXPECT_EQ(StatusOf(Op::kCas, Status::kNotFound), "NOT_FOUND\r\n");
  EXPECT_EQ(StatusOf(Op::kDelete, Status::kDeleted), "DELETED\r\n");
  EXPECT_EQ(StatusOf(Op::kTouch, Status::kTouched), "TOUCHED\r\n");
  EXPECT_EQ(StatusOf(Op::kFlush, Status::kFlushed), "OK\r\n");
  EXPECT_EQ(StatusOf(Op::kIncr, Status::kNonNumeric),
            "CLIENT_ERROR cannot increment or decrement non-numeric value\r\n");
}

TEST(ReplyWriter, WritesTheNumberOfAnIncrement) {
  Reply reply = WithStatus(Status::kNumber);
  reply.number = 18446744073709551615u;
  EXPECT_EQ(Composed(StoreRequest(Op::kIncr), reply), "18446744073709551615\r\n");
}

TEST(ReplyWriter, AValueGrownTooLargeIsNotStored) {
  EXPECT_EQ(StatusOf(Op::kSet, Status::kTooLarge), "SERVER_ERROR object too large for cache\r\n");
  EXPECT_EQ(StatusOf(Op::kAppend, Status::kTooLarge), "NOT_STORED\r\n");
  EXPECT_EQ(StatusOf(Op::kPrepend, Status::kTooLarge), "NOT_STORED\r\n");
}

TEST(ReplyWriter, SaysWhatThereIsNoMemoryFor) {
  EXPECT_EQ(StatusOf(Op::kSet, Status::kOutOfMemory),
            "SERVER_ERROR out of memory storing object\r\n");
  EXPECT_EQ(StatusOf(Op::kIncr, Status::kOutOfMemory), "SERVER_ERROR out of memory\r\n");
}

TEST(ReplyWriter, WritesAFixedReplyWhateverTheStoreAnswers) {
  Request request = StoreRequest(Op::kDelete, ReplyForm::kFixed);
  request.text = "SERVER_ERROR object too large for cache\r\n";
  EXPECT_EQ(Composed(request, WithStatus(Status::kDeleted)), request.text);
  EXPECT_EQ(Composed(request, WithStatus(Status::kNotFound)), request.text);
}

TEST(ReplyWriter, WritesNothingForNoreply) {
  Request request = StoreRequest(Op::kSet);
  request.noreply = true;
  EXPECT_EQ(Composed(request, WithStatus(Status::kStored)), "");
  request.form = ReplyForm::kFixed;
  request.text = "OK\r\n";
  EXPECT_EQ(Composed(request, {}), "");
}

TEST(ReplyWriter, AppendsToWhatIsThere) {
  std::string out = "END\r\n";
  ComposeReply(StoreRequest(Op::kSet), WithStatus(Status::kStored), &out);
  EXPECT_EQ(out, "END\r\nSTORED\r\n");
}

}  // namespace
}  // namespace twincached
