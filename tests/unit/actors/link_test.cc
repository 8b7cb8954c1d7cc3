// The LINK: what it tells LISTENERs and STOREs, and what it does with forwards and strangers.
#include "actors/link.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "proto/key_hash.h"
#include "tests/unit/actors/link_fixture.h"

namespace twincached {
namespace {

using replication::ServingMode;

// ---------------------------------------------------------------- acknowledgements

TEST_F(LinkTest, ServingAloneAcknowledgesWhatWasOpenBeforeItSaysSo) {
  Order(DecideIn(1, false), replication::SetServing{ServingMode::kPaired, 1, false});
  auto batch = std::make_shared<MutationBatch>();
  batch->shard = 1;
  batch->seq = 4;
  batch->changes = 1;
  Send(link_, MutationBatchPtr(batch));
  Settle();
  EXPECT_TRUE(listener_.Heard<AcknowledgedPtr>().empty());
  Order(replication::SetServing{ServingMode::kAlone, 2, false});
  ASSERT_EQ(listener_.Heard<AcknowledgedPtr>().size(), 1u);
  EXPECT_EQ(*listener_.Heard<AcknowledgedPtr>()[0], (Acknowledged{0, 4}));
  for (auto& store : stores_) {
    ASSERT_EQ(store.Heard<AcknowledgedPtr>().size(), 1u);
    EXPECT_EQ(*store.Heard<AcknowledgedPtr>()[0], (Acknowledged{0, 4}));
  }
}

TEST_F(LinkTest, WhatIsAnsweredAloneIsAcknowledgedWithTheNextNews) {
  Order(DecideIn(1, false), replication::SetServing{ServingMode::kAlone, 1, false});
  auto batch = std::make_shared<MutationBatch>();
  batch->seq = 9;
  batch->changes = 1;
  Send(link_, MutationBatchPtr(batch));
  Settle();
  Order(replication::SetServing{ServingMode::kAlone, 2, false});
  ASSERT_FALSE(listener_.Heard<AcknowledgedPtr>().empty());
  EXPECT_EQ(*listener_.Heard<AcknowledgedPtr>().back(), (Acknowledged{9, 0}));
}

// ---------------------------------------------------------------- epochs

TEST_F(LinkTest, TellsOncePerEpochThatItsVersionsRunOut) {
  Order(DecideIn(5, false), replication::SetServing{ServingMode::kAlone, 1, false});
  for (const uint64_t used_up : {0, 5, 5, 0, 7, 5, 7}) {
    auto batch = std::make_shared<MutationBatch>();
    batch->changes = 1;
    batch->used_up_epoch = used_up;
    Send(link_, MutationBatchPtr(batch));
  }
  Settle();
  std::vector<uint64_t> told;
  for (const auto& event : Told<replication::EpochUsedUp>()) told.push_back(event.number);
  EXPECT_EQ(told, (std::vector<uint64_t>{5, 7}));
  replication::NextEpoch next;
  next.epoch.set_number(9);
  Order(next);
  EXPECT_EQ(OrdersTo(0, StoreOrder::kDecide), (std::vector<uint64_t>{5, 9}));
  EXPECT_EQ(OrdersTo(1, StoreOrder::kDecide), (std::vector<uint64_t>{5, 9}));
}

// ---------------------------------------------------------------- forwards of our clients

ForwardRequestsPtr Request(Op op, const std::string& key) {
  auto requests = std::make_shared<ForwardRequests>(1);
  ForwardRequest& request = requests->front();
  request.client = {0, 77};
  request.index = 3;
  request.owned = key;
  request.command.op = op;
  request.command.key = request.owned;
  return requests;
}

class StrandedForwardTest : public LinkTest {
 protected:
  // The batch that the STORE was given, answered with this hold.
  void Answer(int shard, uint64_t hold_seq) {
    auto& heard = stores_[shard].Heard<CommandBatchPtr>();
    ASSERT_EQ(heard.size(), 1u);
    const CommandBatchPtr batch = heard[0];
    EXPECT_EQ(batch->origin, CommandOrigin::kStrandedForward);
    Reply reply;
    reply.status = Status::kStored;
    batch->replies = {{reply, hold_seq, 0}};
    Send(link_, CommandBatchPtr(batch));
    Settle();
  }
};

TEST_F(StrandedForwardTest, AreExecutedHereOnPromotionAndSayWhatTheyReveal) {
  Order(replication::Follow{});
  Send(link_, Request(Op::kDelete, "a"));
  Settle();
  const int shard = static_cast<int>(ShardOfSlot(SlotOf(HashKey("a", 0)), kShards));
  EXPECT_TRUE(stores_[shard].Heard<CommandBatchPtr>().empty());
  Order(DecideIn(2, true));
  Answer(shard, 6);
  ASSERT_EQ(listener_.Heard<ForwardRepliesPtr>().size(), 1u);
  const ForwardReply& reply = listener_.Heard<ForwardRepliesPtr>()[0]->at(0);
  EXPECT_EQ(reply.client, 77u);
  EXPECT_EQ(reply.index, 3u);
  ASSERT_EQ(reply.revealed.size(), 1u);
  EXPECT_EQ(reply.revealed[0].shard, static_cast<uint32_t>(shard));
  EXPECT_EQ(reply.revealed[0].seq, 6u);
}

TEST_F(StrandedForwardTest, WithoutAnythingToRevealLeaveAtOnce) {
  Order(DecideIn(2, false));
  Send(link_, Request(Op::kDelete, "a"));
  Settle();
  Answer(static_cast<int>(ShardOfSlot(SlotOf(HashKey("a", 0)), kShards)), 0);
  EXPECT_TRUE(listener_.Heard<ForwardRepliesPtr>().at(0)->at(0).revealed.empty());
}

TEST_F(StrandedForwardTest, OfAFlushAreAnsweredWhenEveryShardHas) {
  Order(DecideIn(2, false));
  Send(link_, Request(Op::kFlush, ""));
  Settle();
  Answer(0, 6);
  EXPECT_TRUE(listener_.Heard<ForwardRepliesPtr>().empty());
  Answer(1, 8);
  ASSERT_EQ(listener_.Heard<ForwardRepliesPtr>().size(), 1u);
  EXPECT_EQ(listener_.Heard<ForwardRepliesPtr>()[0]->at(0).revealed.size(), 2u);
}

// ---------------------------------------------------------------- forwards of the peer's clients

replication::Frame ForwardFrame(uint64_t number) {
  replication::Frame frame;
  frame.mutable_forwards()->set_incarnation_low(22);
  replication::Forward* forward = frame.mutable_forwards()->add_forwards();
  forward->set_number(number);
  forward->set_op(static_cast<uint32_t>(Op::kFlush));
  return frame;
}

TEST_F(LinkTest, ALoadedMasterTakesNothingMoreOnceItDrains) {
  Order(DecideIn(1, false));
  const auto far = Meet();
  Attach(true, replication::COPY_RESUME);
  far->Send(ForwardFrame(1));
  ASSERT_TRUE(RunUntil([&] { return !stores_[0].Heard<CommandBatchPtr>().empty(); }));
  EXPECT_EQ(stores_[0].Heard<CommandBatchPtr>()[0]->origin, CommandOrigin::kPeerForward);

  Order(replication::DrainLink{});
  EXPECT_EQ(Told<replication::Drained>().size(), 1u);
  far->Send(ForwardFrame(2));
  replication::Frame ack;
  ack.mutable_ack()->set_loaded(true);
  far->Send(ack);  // whatever comes
  for (int i = 0; i < 5; ++i) Settle();
  EXPECT_EQ(stores_[0].Heard<CommandBatchPtr>().size(), 1u) << "the peer executes it itself";
  Order(replication::DrainLink{});
  EXPECT_EQ(Told<replication::Drained>().size(), 2u);
}

class LinkWindowTest : public LinkTest {
 protected:
  void SetUp() override {
    Order(DecideIn(1, false));
    far_ = Meet();
    Attach(true, replication::COPY_RESUME);
    Order(replication::SetServing{ServingMode::kAlone, 1, false});
  }
  void Overfill() {
    auto batch = std::make_shared<MutationBatch>();
    batch->seq = 1;
    batch->records = std::string(replication::kBatchRoomBytes + kWindowBytesMax, 'r');
    Send(link_, MutationBatchPtr(std::move(batch)));
    Settle();
  }
  std::vector<bool> WindowsTold() {
    std::vector<bool> full;
    for (const WindowFull& told : listener_.Heard<WindowFull>()) full.push_back(told.full);
    return full;
  }

  std::unique_ptr<FarEnd> far_;
};

TEST_F(LinkWindowTest, WhoNeedsNoAcknowledgementDoesNotWaitForAJoiner) {
  Overfill();
  EXPECT_EQ(WindowsTold(), std::vector<bool>());
  Order(replication::SetServing{ServingMode::kPaired, 2, false});
  EXPECT_EQ(WindowsTold(), std::vector<bool>{true});
}

TEST_F(LinkWindowTest, EverybodyWaitsForASlave) {
  Order(replication::SendInSync{});
  bool in_sync = false;
  ASSERT_TRUE(RunUntil([&] {
    for (const replication::Frame& frame : far_->Frames()) in_sync |= frame.has_in_sync();
    return in_sync;
  }));
  replication::Frame ack;
  ack.mutable_ack()->set_loaded(true);
  ack.mutable_ack()->set_in_sync(true);
  far_->Send(ack);
  ASSERT_TRUE(RunUntil([&] { return !Told<replication::InSyncAcked>().empty(); }));
  Overfill();
  EXPECT_EQ(WindowsTold(), std::vector<bool>{true});
  Order(replication::DetachLink{false, true});
  EXPECT_EQ(WindowsTold(), (std::vector<bool>{true, false}));
}

TEST_F(LinkTest, AForwardIsExecutedOnce) {
  Order(DecideIn(1, false));
  const auto far = Meet();
  Attach(true, replication::COPY_RESUME);
  for (const uint64_t number : {1, 2, 2, 1, 3}) far->Send(ForwardFrame(number));
  ASSERT_TRUE(RunUntil([&] { return !stores_[1].Heard<CommandBatchPtr>().empty(); }));
  for (int i = 0; i < 5; ++i) Settle();
  std::vector<uint64_t> numbers;
  for (const CommandBatchPtr& batch : stores_[1].Heard<CommandBatchPtr>()) {
    for (const ForwardTag& tag : batch->tags) numbers.push_back(tag.number);
  }
  EXPECT_EQ(numbers, (std::vector<uint64_t>{1, 2, 3}));
}

// ---------------------------------------------------------------- the stream

TEST_F(LinkTest, WhatOneInputBringsForAStoreIsOneMessage) {
  const auto far = Meet();
  EXPECT_TRUE(far->Frames().back().has_hello());
  Attach(false, replication::COPY_RESUME, 5);
  std::string input;
  for (uint32_t i = 0; i < 6; ++i) {
    const std::string record = "\172\001" + std::string(1, static_cast<char>('a' + i));
    replication::AppendBatchFrame({6 + i, i % kShards, kShards}, record, &input);
  }
  replication::Frame in_sync;
  in_sync.mutable_in_sync()->set_position(11);
  AppendFrame(in_sync, &input);
  replication::AppendBatchFrame({12, 0, kShards}, "\172\001g", &input);
  far->SendBytes(input);
  ASSERT_TRUE(RunUntil([&] { return stores_[0].Heard<ApplyBatchPtr>().size() == 2; }));
  const auto first = stores_[0].Heard<ApplyBatchPtr>();
  const auto second = stores_[1].Heard<ApplyBatchPtr>();
  EXPECT_EQ(first[0]->records, "\172\001a\172\001c\172\001e");
  EXPECT_EQ(first[1]->records, "\172\001g");
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(second[0]->records, "\172\001b\172\001d\172\001f");
  for (const ApplyBatchPtr& batch : {first[0], second[0]}) {
    auto applied = std::make_shared<Applied>();
    applied->ticket = batch->ticket;
    Send(link_, AppliedPtr(std::move(applied)));
  }
  Settle();
  const auto frames = far->Frames();
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(frames[0].ack().position(), 11u);
  EXPECT_TRUE(frames[0].ack().in_sync());
}

TEST_F(LinkTest, WhatIsLargeIsNotJoined) {
  const auto far = Meet();
  Attach(false, replication::COPY_RESUME, 5);
  std::string input;
  for (const uint64_t position : {6, 7}) {
    replication::AppendBatchFrame({position, 0, kShards}, std::string(20'000, 'z'), &input);
  }
  far->SendBytes(input);
  ASSERT_TRUE(RunUntil([&] { return stores_[0].Heard<ApplyBatchPtr>().size() == 2; }));
  EXPECT_EQ(stores_[0].Heard<ApplyBatchPtr>()[1]->records.size(), 20'000u);
}

// ---------------------------------------------------------------- no room at the slave

TEST_F(LinkTest, WhatASlaveGaveUpIsToldAgainOnTheNextLink) {
  for (int links = 1; links <= 3; ++links) {
    const auto far = Meet();
    EXPECT_TRUE(far->Frames().back().has_hello());
    Attach(false, replication::COPY_RESUME, 5);
    for (int shard : {0, 1}) {
      EXPECT_EQ(OrdersTo(shard, StoreOrder::kTellShed).size(), static_cast<size_t>(links));
    }
    auto shed = std::make_shared<Applied>();
    shed->shed_keys = {"big", "bigger"};
    Send(link_, AppliedPtr(std::move(shed)));
    Settle();
    const auto frames = far->Frames();
    ASSERT_EQ(frames.size(), 1u) << "at once, though nothing else is to be acknowledged";
    ASSERT_TRUE(frames[0].has_ack());
    EXPECT_EQ(frames[0].ack().position(), 5u);
    ASSERT_EQ(frames[0].ack().shed_keys_size(), 2);
    EXPECT_EQ(frames[0].ack().shed_keys(1), "bigger");
    Order(replication::DetachLink{true, true});
  }
}

TEST_F(LinkTest, AMasterRemovesWhatTheSlaveGaveUp) {
  Order(DecideIn(1, false));
  const auto far = Meet();
  Attach(true, replication::COPY_RESUME);
  replication::Frame frame;
  frame.mutable_ack()->set_loaded(true);
  frame.mutable_ack()->add_shed_keys("big");
  far->Send(frame);
  const int shard = static_cast<int>(ShardOfSlot(SlotOf(HashKey("big", 0)), kShards));
  ASSERT_TRUE(RunUntil([&] { return !stores_[shard].Heard<CommandBatchPtr>().empty(); }));
  const CommandBatch& batch = *stores_[shard].Heard<CommandBatchPtr>()[0];
  EXPECT_EQ(batch.commands[0].op, Op::kDelete);
  EXPECT_EQ(batch.commands[0].key, "big");
  EXPECT_EQ(batch.tags[0].number, 0u) << "nobody waits for an answer";
}

// ---------------------------------------------------------------- connections

TEST_F(LinkTest, ADialWhenThereAreTooManyConnectionsFails) {
  size_t opened = 0;
  std::vector<std::unique_ptr<FarEnd>> ends;
  while (Told<replication::DialFailed>().empty() && ends.size() < 20) {
    Order(replication::Dial{0});
    ASSERT_TRUE(RunUntil([&] {
      return Told<replication::ConnectionOpened>().size() > opened ||
             !Told<replication::DialFailed>().empty();
    }));
    opened = Told<replication::ConnectionOpened>().size();
    ends.push_back(std::make_unique<FarEnd>(accept(port_.fd(), nullptr, nullptr)));
  }
  EXPECT_EQ(opened, 9u);
  ASSERT_EQ(Told<replication::DialFailed>().size(), 1u);
  EXPECT_EQ(Told<replication::DialFailed>()[0].why, replication::DialFailed::kSilent);
  ends.front()->Close();
  ASSERT_TRUE(RunUntil([&] { return !Told<replication::ConnectionClosed>().empty(); }));
  Order(replication::Dial{0});
  EXPECT_TRUE(RunUntil([&] { return Told<replication::ConnectionOpened>().size() > opened; }));
}

TEST_F(LinkTest, AHelloWaitsForWhatALinkClosedByItselfBrought) {
  const auto first = Meet();
  Attach(false, replication::COPY_RESUME, 5);
  const auto barriers = OrdersTo(0, StoreOrder::kBarrier).size();
  Order(replication::CloseConnection{connection_, true});
  EXPECT_EQ(OrdersTo(0, StoreOrder::kBarrier).size(), barriers + 1);
  Order(replication::Dial{0});
  ASSERT_TRUE(RunUntil([&] { return Told<replication::ConnectionOpened>().size() == 2; }));
  FarEnd second(accept(port_.fd(), nullptr, nullptr));
  Order(replication::SendHello{Told<replication::ConnectionOpened>().back().connection});
  std::vector<replication::Frame> frames = second.Frames();
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_TRUE(frames.front().has_not_ready());
  ReachBarriers();
  frames = second.Frames();
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_TRUE(frames.front().has_hello());
}

TEST_F(LinkTest, TellsThatThePeerIsNotReadyBeforeItsHello) {
  Order(replication::Dial{0});
  ASSERT_TRUE(RunUntil([&] { return !Told<replication::ConnectionOpened>().empty(); }));
  FarEnd far(accept(port_.fd(), nullptr, nullptr));
  const replication::ConnectionId id = Told<replication::ConnectionOpened>().back().connection;
  Order(replication::SendHello{id});
  ReachBarriers();
  replication::Frame not_ready;
  not_ready.mutable_not_ready();
  far.Send(not_ready);
  ASSERT_TRUE(RunUntil([&] { return !Told<replication::NotReadyReceived>().empty(); }));
  EXPECT_EQ(Told<replication::NotReadyReceived>().back().connection, id);
}

}  // namespace
}  // namespace twincached
