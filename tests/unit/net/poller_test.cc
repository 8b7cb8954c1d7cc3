#include "net/poller.h"

#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <vector>

#include "gtest/gtest.h"
#include "tests/unit/net/loop_fixture.h"

namespace twincached::net {
namespace {

struct Target : PollTarget {
  void OnReady(uint32_t events) override {
    seen.push_back(events);
    if (then) then();
  }
  std::vector<uint32_t> seen;
  std::function<void()> then;
};

class PollerTest : public PollerTestBase {
 protected:
  PollerTest() {
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, first_), 0);
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, second_), 0);
  }
  ~PollerTest() override {
    for (const int fd : {first_[0], first_[1], second_[0], second_[1]}) {
      if (fd >= 0) close(fd);
    }
  }
  static void Write(int fd) { ASSERT_EQ(write(fd, "x", 1), 1); }

  std::unique_ptr<Poller> poller_ = MakePoller(GetParam());
  int first_[2];
  int second_[2];
};

TEST_P(PollerTest, SaysItsName) {
  EXPECT_STREQ(poller_->name(), GetParam() == PollerKind::kUring ? "io_uring" : "epoll");
}

TEST_P(PollerTest, ReportsWhatWasAskedForAsLongAsItHolds) {
  Target target;
  poller_->Add(first_[0], kReadable, &target);
  EXPECT_EQ(poller_->Wait(0), 0u);
  Write(first_[1]);
  EXPECT_EQ(poller_->Wait(-1), 1u);
  EXPECT_EQ(poller_->Wait(0), 1u);  // level-triggered
  poller_->Change(first_[0], kWritable, &target);
  EXPECT_EQ(poller_->Wait(0), 1u);
  poller_->Change(first_[0], kReadable | kWritable, &target);
  EXPECT_EQ(poller_->Wait(0), 1u);
  poller_->Change(first_[0], 0, &target);
  EXPECT_EQ(poller_->Wait(0), 0u);
  EXPECT_EQ(target.seen,
            (std::vector<uint32_t>{kReadable, kReadable, kWritable, kReadable | kWritable}));
}

TEST_P(PollerTest, AHangUpIsEverythingAskedFor) {
  Target target;
  poller_->Add(first_[0], kReadable | kWritable, &target);
  close(first_[1]);
  first_[1] = -1;
  poller_->Wait(0);
  poller_->Change(first_[0], 0, &target);
  poller_->Wait(0);
  EXPECT_EQ(target.seen, (std::vector<uint32_t>{kReadable | kWritable, 0}));
}

TEST_P(PollerTest, RemovedInTheSameWaitIsNotReported) {
  Target first, second;
  first.then = [&] { poller_->Remove(second_[0], &second); };
  second.then = [&] { poller_->Remove(first_[0], &first); };
  poller_->Add(first_[0], kReadable, &first);
  poller_->Add(second_[0], kReadable, &second);
  Write(first_[1]);
  Write(second_[1]);
  EXPECT_EQ(poller_->Wait(0), 1u);
  EXPECT_EQ(first.seen.size() + second.seen.size(), 1u);
}

TEST_P(PollerTest, AnEventOfTheFormerRegistrationIsNotReportedToTheNext) {
  Target first, second, next;
  const auto replace = [&](int fd, Target* target) {
    poller_->Remove(fd, target);
    poller_->Add(fd, kReadable | kWritable, &next);
  };
  first.then = [&] { replace(second_[0], &second); };
  second.then = [&] { replace(first_[0], &first); };
  poller_->Add(first_[0], kReadable, &first);
  poller_->Add(second_[0], kReadable, &second);
  Write(first_[1]);
  Write(second_[1]);
  EXPECT_EQ(poller_->Wait(0), 1u);
  EXPECT_EQ(next.seen.size(), 0u);
}

TEST_P(PollerTest, InterestDroppedInTheSameWaitIsNotReported) {
  Target first, second;
  first.then = [&] { poller_->Change(second_[0], 0, &second); };
  second.then = [&] { poller_->Change(first_[0], 0, &first); };
  poller_->Add(first_[0], kReadable, &first);
  poller_->Add(second_[0], kReadable, &second);
  Write(first_[1]);
  Write(second_[1]);
  EXPECT_EQ(poller_->Wait(0), 1u);
}

INSTANTIATE_TEST_SUITE_P(With, PollerTest, EveryPoller(), NameOfPoller);

}  // namespace
}  // namespace twincached::net
