#include "net/poller_choice.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace twincached::net {
namespace {

// This process may do everything but make an io_uring.
void ForbidUring() {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter = {sizeof(program) / sizeof(program[0]), program};
  ASSERT_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
  ASSERT_EQ(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter), 0);
}

// What `say` says in a process that may make no io_uring.
std::string WithoutUring(const std::function<absl::Status()>& say) {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    ForbidUring();
    const std::string text(say().message());
    _exit(write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()) ? 0 : 1);
  }
  close(ends[1]);
  char text[512];
  const ssize_t bytes = read(ends[0], text, sizeof(text));
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  return std::string(text, bytes > 0 ? static_cast<size_t>(bytes) : 0);
}

TEST(PollerChoice, SaysWhyThereIsNoUring) {
  EXPECT_EQ(WithoutUring(ProbeUring), "no io_uring: io_uring_setup: Operation not permitted");
  EXPECT_EQ(WithoutUring([] { return NewPoller(PollerKind::kUring).status(); }),
            "no io_uring: io_uring_setup: Operation not permitted");
}

TEST(PollerChoice, EpollNeedsNoUring) {
  EXPECT_EQ(WithoutUring([] { return NewPoller(PollerKind::kEpoll).status(); }), "");
}

// A kernel that gives so many rings and no more.
class FewRings {
 public:
  explicit FewRings(size_t rings) : rings_(rings) {}

  absl::StatusOr<Pollers> Make(PollerKind asked, size_t count) {
    return NewPollers(asked, count, [this](PollerKind kind) {
      asked_ += PollerName(kind);
      asked_ += ' ';
      if (kind == PollerKind::kUring && rings_-- == 0) return Refusal();
      return NewPoller(PollerKind::kEpoll);
    });
  }
  const std::string& asked() const { return asked_; }

 private:
  static absl::StatusOr<std::unique_ptr<Poller>> Refusal() {
    return absl::UnavailableError("no io_uring: no memory");
  }

  size_t rings_;
  std::string asked_;
};

TEST(PollersOfANode, AreOfOneKind) {
  FewRings kernel(3);
  const auto made = kernel.Make(PollerKind::kAuto, 3);
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made->kind, PollerKind::kUring);
  EXPECT_EQ(made->pollers.size(), 3u);
  EXPECT_EQ(made->why_epoll, "");
  EXPECT_EQ(kernel.asked(), "io_uring io_uring io_uring ");
}

TEST(PollersOfANode, AreAllEpollWhenALaterOneGetsNoRing) {
  FewRings kernel(2);
  const auto made = kernel.Make(PollerKind::kAuto, 3);
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made->kind, PollerKind::kEpoll);
  EXPECT_EQ(made->pollers.size(), 3u);
  EXPECT_EQ(made->why_epoll, "no io_uring: no memory (loop 3 of 3)");
  EXPECT_EQ(kernel.asked(), "io_uring io_uring io_uring epoll epoll epoll ");
}

TEST(PollersOfANode, AreNotMadeWhenALaterOneGetsNoRingThatWasAskedFor) {
  const auto made = FewRings(1).Make(PollerKind::kUring, 2);
  EXPECT_EQ(made.status().message(), "no io_uring: no memory (loop 2 of 2)");
}

TEST(PollersOfANode, AskForNoRingWhenEpollWasAskedFor) {
  FewRings kernel(9);
  const auto made = kernel.Make(PollerKind::kEpoll, 2);
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made->why_epoll, "");
  EXPECT_EQ(kernel.asked(), "epoll epoll ");
}

TEST(PollersOfANode, FailWithTheReasonWhenNothingIsToBeHad) {
  for (const PollerKind asked : {PollerKind::kAuto, PollerKind::kEpoll}) {
    const auto made = NewPollers(asked, 2, [](PollerKind kind) {
      return absl::StatusOr<std::unique_ptr<Poller>>(absl::UnavailableError(PollerName(kind)));
    });
    EXPECT_EQ(made.status().message(), "epoll");
  }
}

TEST(PollerChoice, MakesWhatWasAskedFor) {
  EXPECT_STREQ((*NewPoller(PollerKind::kEpoll))->name(), PollerName(PollerKind::kEpoll));
  if (!ProbeUring().ok()) GTEST_SKIP() << ProbeUring().message();
  EXPECT_STREQ((*NewPoller(PollerKind::kUring))->name(), PollerName(PollerKind::kUring));
}

}  // namespace
}  // namespace twincached::net
